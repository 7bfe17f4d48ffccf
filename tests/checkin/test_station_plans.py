"""A province of 1,600 stations (C2): lists look at the stations they show, and the map is drawn at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import Select
from sqlalchemy.dialects import postgresql

from services.checkin.api import map_page
from services.checkin.domain.geometry import Place
from services.checkin.projections import coverage_map, station_card, station_live
from services.checkin.projections.finding import Search, find, select_all, select_page
from services.checkin.projections.hours_text import hours_text
from shared.database import Connection, Database
from shared.queries import View
from shared.testing.infrastructure import Databases
from shared.testing.waiting import quickly
from tests.checkin.read_models import ReadModels, tables_of
from tests.checkin.town import EVERY_DAY, at
from tests.kernel.test_query_plans import plan

STATIONS, COUNTIES, CITIES, STAYS, AREAS = 1_600, 86, 14, 200_000, 5_000
NOON = at("12:00")
PROJECTIONS = (station_live.STATION_LIVE, station_card.STATION_CARD, coverage_map.COVERAGE_MAP)

# 40 x 40 stations about 2 km apart, and a year of stays of which a few go on at noon.
FILL = f"""
insert into station_v1 select 'S-' || lpad(n::text, 4, '0'), null, 'booth', 'c' || n %% {CITIES},
    'n' || n %% {COUNTIES}, 36000000 + n / 40 * 20000, 103000000 + n %% 40 * 22000, 12, false, %(hours)s, 'in_service'
  from generate_series(0, {STATIONS - 1}) n;
insert into stay_v1 select 'v-' || n, 'S-' || lpad((n %% {STATIONS})::text, 4, '0'), start, start + interval '1 hour'
  from generate_series(0, {STAYS - 1}) n, lateral (select %(noon)s::timestamptz - n * interval '2 minutes') t(start);
insert into subsystem_v1 select station_id, code, 'ok', %(noon)s::timestamptz, 300, null
  from station_v1, unnest(array['energy', 'video', 'visitor_counting']) code;
insert into work_area_v1 select 'A-' || n, 'n' || n %% {COUNTIES}, 36000000 + n * 7919 %% 800000,
    103000000 + n * 104729 %% 880000, n %% 300 from generate_series(0, {AREAS - 1}) n;
analyze;"""


def fill(url: str) -> None:
    tables_of(*PROJECTIONS)(url)
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(FILL.encode(), {"hours": hours_text(EVERY_DAY, ()), "noon": NOON})


@pytest.fixture(scope="module")
def province(databases: Databases) -> str:
    return databases.fresh("province", fill)


@pytest_asyncio.fixture
async def connection(province: str) -> AsyncIterator[Connection]:
    connection = await Database(province, name="test").connect("plans")
    yield connection
    await connection.close()


@asynccontextmanager
async def viewing(province: str) -> AsyncIterator[View]:
    models = ReadModels(province)
    async with models.view() as view:
        yield view
    await models.database.close()


def written(statement: Select[Any]) -> str:
    options = {"literal_binds": True}
    return str(statement.compile(dialect=postgresql.dialect(), compile_kwargs=options))  # type: ignore[no-untyped-call]


HERE = Place(36_400_000, 103_440_000)
LOOKS: dict[str, tuple[Select[Any], str, int]] = {
    "a page": (select_page(Search(), 50, "S-0800"), "station_v1_pkey", 51),
    "a county": (select_page(Search(county="n7"), 50, None), "station_v1_county", 19),
    "a city": (select_page(Search(city="c3"), 50, "S-0800"), "station_v1_pkey", 800),
    "around a point": (select_all(Search(centre=HERE, within_m=3_000)), "station_v1_place", 200),
}


@pytest.mark.parametrize("look", LOOKS)
async def test_a_list_finds_its_stations_by_an_index(connection: Connection, look: str) -> None:
    statement, index, most = LOOKS[look]
    found = await plan(connection, written(statement), (), "custom")
    assert found.walked == set(), "every station was read"
    assert index in found.indexes
    assert sum(rows_of(found.nodes)) <= most


def rows_of(nodes: list[dict[str, Any]]) -> Iterator[int]:
    """Rows that scans have touched."""
    for node in nodes:
        if node["Node Type"] in ("Index Scan", "Bitmap Heap Scan"):
            yield node["Actual Rows"] + node.get("Rows Removed by Filter", 0)


async def test_who_is_inside_is_found_by_station_and_end(connection: Connection) -> None:
    ids = [f"S-{n:04}" for n in range(50)]
    found = await plan(connection, written(station_live.select_inside(ids, NOON)), (), "custom")
    assert found.walked == set()
    assert "stay_v1_station" in found.indexes
    assert sum(rows_of(found.nodes)) <= 100


async def test_a_map_of_a_thousand_stations_is_there_within_two_seconds(province: str) -> None:
    async def drawn() -> str:
        async with viewing(province) as view:
            page = await find(view, Search(), 1_000, None)
            cards = await station_card.cards(view, page.stations, NOON)
        return map_page.page(cards, NOON, page.next)

    text = await quickly(drawn, within=2)
    assert text.count("<article") == 1_000
    assert len(text) < 2_000_000


async def test_the_coverage_of_a_province_is_there_within_three_seconds(province: str) -> None:
    async def counted() -> list[dict[str, Any]]:
        async with viewing(province) as view:
            return await coverage_map.counties(view, 100, None)

    rows = await quickly(counted, within=3)
    assert len(rows) == COUNTIES
    assert sum(row["people"] for row in rows) == sum(n % 300 for n in range(AREAS))
    assert all(500 < row["share_permille"] < 1000 for row in rows), "circles of 1.2 km, 2 km apart, cover most of it"
