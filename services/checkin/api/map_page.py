"""The map as one page of HTML: points drawn as SVG, and a card for each, which its point leads to.

It needs no script and fetches nothing. States differ in shape as well as in colour, and every point has its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from math import cos, radians
from typing import Any, NamedTuple

from shared.clock import CHINA

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

WIDTH = 1000.0  # of the drawing, in its own units: it scales to whatever it is shown in
TALLEST, LOWEST = 1400.0, 300.0
MARGIN = 40.0
CLOSEST = 0.01  # degrees: a single station, or a few in one street, are not blown up without end


class Look(NamedTuple):
    """How a state is drawn. Colours have at least 4.5 : 1 against white, and are told apart by the colour-blind."""

    words: str
    colour: str
    shape: str  # around (0, 0)


LOOKS: Mapping[str, Look] = {
    "open": Look("open 开放", "#00695c", '<circle r="9"/>'),
    "full": Look("full 已满", "#b71c1c", '<path d="M0-11 10 8H-10Z"/>'),
    "closed": Look("closed 关闭", "#455a64", '<rect x="-8" y="-8" width="16" height="16"/>'),
    "unknown": Look("unknown 未知", "#6a1b9a", '<path d="M0-11 11 0 0 11-11 0Z"/>'),
    "out": Look("out of service 停用", "#8d4004", '<path d="M-9-5-5-9 0-4 5-9 9-5 4 0 9 5 5 9 0 4-5 9-9 5-4 0Z"/>'),
}

STYLE = """
:root{font:16px/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff}
body{margin:0 auto;max-width:72rem;padding:1rem}
svg.map{width:100%;height:auto;max-height:85vh;border:1px solid #90a4ae;background:#f5f7f8}
svg a:focus{outline:3px solid #0d47a1;outline-offset:2px}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:0;list-style:none}
.key svg{width:1.2em;height:1.2em;vertical-align:-.25em}
ol.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:1rem;padding:0;list-style:none}
article{border:1px solid #90a4ae;border-radius:.5rem;padding:.75rem 1rem;height:100%;box-sizing:border-box}
article:target{outline:3px solid #0d47a1}
h2{font-size:1.1rem;margin:0 0 .25rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem .75rem;margin:0}dt{color:#455a64}dd{margin:0}
"""


def page(cards: Sequence[Mapping[str, Any]], now: datetime, after: str | None) -> str:
    """Stations as they were at `now`; `after` says that there are more."""
    at = f"{now.astimezone(CHINA):%Y-%m-%d %H:%M}"
    more = f"<p>There are more: ask for the map after {escape(after)}.</p>" if after else ""
    shown = f"{_count(cards)} at {at}" if cards else f"No station was found at {at}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>Stations 驿站地图</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Stations 驿站</h1>\n<p>{shown} (UTC+8).</p>\n{_key()}\n{drawing(cards)}\n{more}"
        f'<ol class="cards">\n{"".join(map(_card, cards))}</ol>\n</main>\n</body>\n</html>\n'
    )


def drawing(cards: Sequence[Mapping[str, Any]]) -> str:
    """North is up. A degree of longitude is drawn as long as it is in the middle of what is shown."""
    if not cards:
        return ""
    lats, lons = [card["lat_e6"] / 1e6 for card in cards], [card["lon_e6"] / 1e6 for card in cards]
    middle, shrink = (min(lats) + max(lats)) / 2, cos(radians((min(lats) + max(lats)) / 2))
    wide = max((max(lons) - min(lons)) * shrink, CLOSEST)
    high = max(max(lats) - min(lats), CLOSEST)
    height = min(max(WIDTH * high / wide, LOWEST), TALLEST)
    scale = min((WIDTH - 2 * MARGIN) / wide, (height - 2 * MARGIN) / high)
    centre = (min(lons) + max(lons)) / 2
    points = "".join(
        _point(card, WIDTH / 2 + (lon - centre) * shrink * scale, height / 2 - (lat - middle) * scale)
        for card, lat, lon in zip(cards, lats, lons, strict=True)
    )
    return (
        f'<svg class="map" viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="group" '
        f'aria-label="Map of {_count(cards)}, north is up">\n{points}</svg>'
    )


def _count(cards: Sequence[Any]) -> str:
    return f"{len(cards)} station{'' if len(cards) == 1 else 's'}"


def look_of(card: Mapping[str, Any]) -> Look:
    state = "full" if card["state"] == "open" and card["full"] else card["state"]
    return LOOKS.get(state, LOOKS["out"])


def _point(card: Mapping[str, Any], x: float, y: float) -> str:
    look = look_of(card)
    about = escape(f"{_name(card)}: {_words(card)}")
    return (
        f'<a href="#{escape(card["station_id"])}" aria-label="{about}"><g transform="translate({x:.1f} {y:.1f})" '
        f'fill="{look.colour}" stroke="#fff" stroke-width="1.5"><title>{about}</title>{look.shape}</g></a>\n'
    )


def _key() -> str:
    rows = (
        f'<li><svg viewBox="-12 -12 24 24" aria-hidden="true" fill="{look.colour}">{look.shape}</svg> {look.words}</li>'
        for look in LOOKS.values()
    )
    return f'<ul class="key" aria-label="What the points mean">{"".join(rows)}</ul>'


def _name(card: Mapping[str, Any]) -> str:
    return str(card["name"] or card["station_id"])


def _words(card: Mapping[str, Any]) -> str:
    look = look_of(card)
    return f"{card['state']} 停用" if look is LOOKS["out"] else look.words


def _card(card: Mapping[str, Any]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in _rows(card))
    return (
        f'<li><article id="{escape(card["station_id"])}"><h2>{escape(_name(card))}</h2><dl>{rows}</dl></article></li>\n'
    )


def _rows(card: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Values are HTML."""
    yield "now", escape(_words(card))
    yield "inside", f"{card['occupancy']} of {card['capacity']}"
    if card["always_open"]:
        yield "hours", "always open"
    coming = ((card[name], words) for name, words in (("opens_at", "opens"), ("closes_at", "closes")) if card[name])
    for moment, words in sorted(coming):
        yield words, f"{moment.astimezone(CHINA):%a %Y-%m-%d %H:%M}"
    if card["stars"] is not None:
        yield "stars", f"{card['stars']} of 5"
    working = [facility for facility in card["facilities"] if facility not in card["out_of_service"]]
    if working:
        yield "facilities", escape(", ".join(working))
    if card["out_of_service"]:
        yield "out of service", escape(", ".join(card["out_of_service"]))
    if card["listings"]:
        yield "way there", ", ".join(_way(listing) for listing in card["listings"])


def _way(listing: Mapping[str, str]) -> str:
    return f'<a href="{escape(listing["navigation"])}" rel="noopener noreferrer">{escape(listing["provider"])}</a>'
