"""Plots stand alone: nothing is fetched, nothing runs, and what they show is said in words, too."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree

from shared.plots import bars

SPACE = "{http://www.w3.org/2000/svg}"
LABELS, SERIES = ["a<b", "c&d"], {"one": [1, 2], "two": [3, 0]}


def test_a_plot_has_a_title_and_a_description_for_who_cannot_see_it() -> None:
    root = ElementTree.fromstring(bars("Title <&>", "In words.", LABELS, SERIES))
    first, second = list(root)[:2]
    assert [(first.tag, first.text), (second.tag, second.text)] == [
        (f"{SPACE}title", "Title <&>"), (f"{SPACE}desc", "In words."),
    ]  # fmt: skip
    assert root.get("aria-labelledby") == f"{first.get('id')} {second.get('id')}"
    assert root.get("role") == "img"


def test_a_plot_runs_nothing_and_asks_nobody() -> None:
    text = bars("t", "d", LABELS, SERIES).decode()
    assert not re.search(r"<script|https?:|//[a-z]|url\(|@import|href|on[a-z]+=|<!--", text.replace(SPACE[1:-1], ""))


def test_every_label_and_bar_is_there() -> None:
    root = ElementTree.fromstring(bars("t", "d", LABELS, SERIES))
    assert {"a<b", "c&d", "one", "two"} <= {text.text for text in root.iter(f"{SPACE}text")}
    assert (
        len([rect for rect in root.iter(f"{SPACE}rect") if "reactive" in (rect.get("class") or "")]) == 4 + 2
    )  # legend


def test_the_same_numbers_are_the_same_bytes() -> None:
    assert bars("t", "d", LABELS, SERIES) == bars("t", "d", LABELS, SERIES)


def test_nothing_to_show_is_a_plot_too() -> None:
    assert ElementTree.fromstring(bars("t", "d", [], {"one": []})).tag == f"{SPACE}svg"


def test_the_librarys_own_finder_is_not_asked_at_every_import() -> None:
    assert [finder for finder in sys.meta_path if "pygal" in type(finder).__module__] == []
