"""Bar charts as SVG that stand alone: no script, no font or style from elsewhere, a text for who cannot see.

What a plot shows is also had as numbers, from the query beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import pygal
from pygal.style import Style

# It serves maps only, which we do not draw, and Python warns of it at every import that fails.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

MEDIA_TYPE = "image/svg+xml"
STYLE = Style(
    background="#ffffff", plot_background="#ffffff", font_family="sans-serif", colors=("#0b6e4f", "#c1666b", "#3d5a80")
)


def bars(title: str, description: str, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> bytes:
    """One group of bars for each label, one bar in it for each series."""
    chart = pygal.Bar(
        js=[], style=STYLE, title=title, show_legend=len(series) > 1, legend_at_bottom=True, x_label_rotation=45
    )
    chart.uuid = "plot"  # drawn by chance otherwise: the same numbers are the same bytes
    chart.x_labels = list(labels)
    for name, values in series.items():
        chart.add(name, list(values))
    chart.add_xml_filter(lambda root: _alone(root, title, description))
    rendered: bytes = chart.render()
    return rendered


def _alone(root: ElementTree.Element, title: str, description: str) -> ElementTree.Element:
    """Without the script and the comments that pygal leaves, and with what screen readers say (WAI-ARIA graphics)."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] == "script":
                parent.remove(child)
    for found in root.findall("{*}title"):
        root.remove(found)
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = root.makeelement(tag, {"id": f"plot-{tag}"})
        element.text = text
        root.insert(place, element)
    root.set("role", "img")
    root.set("aria-labelledby", "plot-title plot-desc")
    return root
