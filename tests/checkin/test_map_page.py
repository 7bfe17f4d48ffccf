"""The map page: whole in itself, safe to show, and readable without seeing colours or the drawing."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from services.checkin.api.map_page import LOOKS, POLICY, drawing, page
from tests.checkin.town import at

NOON = at("12:00")
SVG = {"xhtml": "http://www.w3.org/1999/xhtml"}


def card(station: str, lat_e6: int = 36_000_000, lon_e6: int = 103_000_000, **more: Any) -> dict[str, Any]:
    facts = {"station_id": station, "name": None, "lat_e6": lat_e6, "lon_e6": lon_e6, "state": "open", "full": False}
    live = {"occupancy": 1, "capacity": 9, "always_open": False, "opens_at": None, "closes_at": at("22:00")}
    extras: dict[str, Any] = {"stars": None, "facilities": [], "out_of_service": [], "listings": []}
    return {**facts, **live, **extras, **more}


def shown(*cards: dict[str, Any], now: datetime = NOON) -> ElementTree.Element:
    """As a parser sees it: one that forgives nothing."""
    text = page(cards, now, None).removeprefix("<!doctype html>\n")
    return ElementTree.fromstring(re.sub(r"<meta [^>]*>", "", text))


def points(root: ElementTree.Element) -> dict[str, tuple[float, float]]:
    """Where each station is drawn."""
    found = {}
    for link in root.iterfind(".//svg[@class='map']/a"):
        group = link.find("g")
        assert group is not None
        x, y = re.findall(r"[\d.-]+", group.attrib["transform"])
        found[link.attrib["href"].removeprefix("#")] = float(x), float(y)
    return found


def test_every_point_leads_to_its_card_and_has_a_name() -> None:
    root = shown(card("S1", name="西关驿站"), card("S2", 36_100_000))
    assert set(points(root)) == {article.attrib["id"] for article in root.iter("article")} == {"S1", "S2"}
    assert [link.attrib["aria-label"] for link in root.iterfind(".//svg[@class='map']/a")] == [
        "西关驿站: open 开放",
        "S2: open 开放",
    ]
    assert root.findtext(".//svg[@class='map']//title") == "西关驿站: open 开放"


def test_north_is_up_east_is_right_and_all_is_inside_the_frame() -> None:
    root = shown(card("S1"), card("N", 36_200_000), card("E", lon_e6=103_300_000))
    where = points(root)
    assert where["N"][1] < where["S1"][1]
    assert where["E"][0] > where["S1"][0]
    frame = root.find(".//svg[@class='map']")
    assert frame is not None
    _, _, width, height = map(float, frame.attrib["viewBox"].split())
    assert all(0 < x < width and 0 < y < height for x, y in where.values())


def test_a_kilometre_is_as_long_to_the_east_as_to_the_north() -> None:
    """At 60 degrees north a degree of longitude is half as long as one of latitude."""
    south, north_of_it = card("S", 59_900_000, 20_000_000), card("N", 60_100_000, 20_000_000)
    where = points(shown(south, north_of_it, card("E", 60_000_000, 20_400_000)))
    north = where["S"][1] - where["N"][1]
    east = where["E"][0] - where["S"][0]
    assert north == pytest.approx(east, rel=0.001)


@pytest.mark.parametrize("state", ["open", "closed", "unknown"])
def test_a_state_has_its_colour_and_its_shape(state: str) -> None:
    drawn = drawing([card("S1", state=state)])
    assert LOOKS[state].colour in drawn
    assert LOOKS[state].shape in drawn


@pytest.mark.parametrize("state", ["suspended", "draft", "retired"])
def test_what_is_not_in_service_looks_so_and_says_why(state: str) -> None:
    assert LOOKS["out"].colour in drawing([card("S1", state=state)])
    assert f"{state} 停用" in page([card("S1", state=state)], NOON, None)


def test_a_full_station_looks_full_only_while_it_is_open() -> None:
    assert LOOKS["full"].colour in drawing([card("S1", full=True)])
    assert LOOKS["closed"].colour in drawing([card("S1", full=True, state="closed")])


def test_looks_differ_in_colour_and_in_shape() -> None:
    assert len({look.colour for look in LOOKS.values()}) == len({look.shape for look in LOOKS.values()}) == len(LOOKS)


@pytest.mark.parametrize("look", LOOKS)
def test_colours_stand_out_against_white(look: str) -> None:
    """WCAG 2: contrast of 4.5 : 1 at least."""
    parts = [int(LOOKS[look].colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4.5


def test_a_card_tells_all_that_is_known() -> None:
    listing = {"provider": "amap", "ref": "B1", "navigation": "https://uri.amap.com/navigation?to=1,2&mode=walk"}
    told = card("S1", stars=4, facilities=["microwave", "toilet"], out_of_service=["toilet"], listings=[listing])
    root = shown({**told, "opens_at": at("05:30", 24)})
    article = root.find(".//article")
    assert article is not None
    names = [one.text for one in article.iter("dt")]
    assert names == ["now", "inside", "closes", "opens", "stars", "facilities", "out of service", "way there"]
    values = ["".join(one.itertext()) for one in article.iter("dd")]
    assert values == [
        "open 开放", "1 of 9", "Fri 2026-01-23 22:00", "Sat 2026-01-24 05:30", "4 of 5", "microwave", "toilet", "amap",
    ]  # fmt: skip
    link = article.find(".//dd/a")
    assert link is not None
    assert link.attrib["href"] == listing["navigation"]


def test_a_name_cannot_smuggle_anything_in() -> None:
    name = '<script>alert("1")</script>\'&'
    text = page([card("S1", name=name)], NOON, None)
    assert "<script" not in text
    assert shown(card("S1", name=name)).findtext(".//h2") == name


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    listing = {"provider": "amap", "ref": "B1", "navigation": "https://uri.amap.com/x"}
    text = page([card("S1", listings=[listing])], NOON, "S1")
    assert not re.search(r"\ssrc=|<link|<script|url\(|@import|\son\w+=", text)
    assert "default-src 'none'" in POLICY
    assert "script-src" not in POLICY


def test_it_says_when_it_was_made_and_whether_there_is_more() -> None:
    assert "1 station at 2026-01-23 12:00 (UTC+8)" in page([card("S1")], NOON, None)
    assert "There are more: ask for the map after S1." in page([card("S1")], NOON, "S1")


def test_a_map_without_stations_says_so() -> None:
    text = page([], NOON, None)
    assert "No station was found" in text
    assert 'class="map"' not in text
