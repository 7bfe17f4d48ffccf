"""Every hot query finds its rows by an index, also when the log is long: no sort, no walk through the whole log."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from shared import parking
from shared.database import Connection, Database
from shared.log.read import COMMANDS, EVENTS, NEWER, PAGE_OF_ALL, PAGE_OF_TYPES, WINDOW
from shared.log.schema import ddl
from shared.log.verify import ROWS as VERIFY
from shared.parked import DROPPED
from shared.testing.infrastructure import Databases, install_log

LENGTH = 200_000
STREAMS = 5_000
PARKED_STREAMS = 50

# Own events and received ones take turns; one event in a thousand is of a rare type.
FILL = f"""
insert into event select n, 'id-' || n, case n % 2 when 0 then '' else 'gate' end, 'c', 's-' || n % {STREAMS},
    case n % 2 when 0 then n / {STREAMS} + 1 end, case when n % 1000 = 0 then 'Rare' else 'Common' || n % 9 end, 1,
    '{{"amount":1,"at":"2026-01-23T04:00:00Z"}}', '{{"actor":{{"id":"x","kind":"machine"}},"command_id":"c"}}',
    now(), now(), '\\x00' from generate_series(1, {LENGTH}) n;
insert into stream_head select 's-' || n, {LENGTH} / {STREAMS} from generate_series(0, {STREAMS} - 1, 2) n;
insert into stream_head select 'other-' || n, 1 from generate_series(1, {LENGTH}) n;
insert into command select 'c-' || n, '', '{{}}', n, now() from generate_series(1, {LENGTH}) n;
insert into snapshot select 's-' || n, 'code', 39, '' from generate_series(0, {STREAMS} - 1, 4) n;
insert into snapshot select 'other-' || n, 'code', 1, '' from generate_series(1, {LENGTH}) n;
insert into subscription (name, version, position) select 'policies', n, {LENGTH} from generate_series(1, 2) n;
insert into parked select 'policies', n % 2 + 1, n, 'id', '', 's-' || n % {PARKED_STREAMS}, 'T', '', now(), 0,
    case when n > {LENGTH} - 90 then 'replay' end from generate_series(1, {LENGTH}) n;
insert into event select {LENGTH} + n, 'drop-' || n, '', 'parked', 'parked-policies', n, 'ParkedDropped', 1,
    json_build_object('position', n), '{{}}', now(), now(), '\\x00' from generate_series(1, 20) n;
update log_head set position = {LENGTH};
analyze;"""


def install_long_log(url: str) -> None:
    install_log(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILL.encode())


@pytest.fixture(scope="module")
def long_log(databases: Databases) -> str:
    return databases.fresh("long", install_long_log)


@pytest_asyncio.fixture
async def connection(long_log: str) -> AsyncIterator[Connection]:
    connection = await Database(long_log, name="test").connect("plans")
    yield connection
    await connection.close()


TABLES = ("event", "command", "stream_head", "parked")


class Plan:
    """What PostgreSQL did to answer one statement."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.nodes = list(_nodes(tree))

    @property
    def kinds(self) -> set[str]:
        return {node["Node Type"] for node in self.nodes}

    @property
    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes if "Index Name" in node}

    @property
    def walked(self) -> set[str]:
        """Tables that were read from one end to the other."""
        return {node["Relation Name"] for node in self.nodes if node["Node Type"].endswith("Seq Scan")} - {"log_head"}

    @property
    def looked_at(self) -> int:
        """Rows of the long tables that were touched, whether wanted or not."""
        scans = [node for node in self.nodes if node.get("Relation Name") in TABLES]
        return sum(
            (n["Actual Rows"] + n.get("Rows Removed by Filter", 0) + n.get("Rows Removed by Index Recheck", 0))
            * n["Actual Loops"]
            for n in scans
        )


def _nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for child in tree.get("Plans", []):
        yield from _nodes(child)


async def plan(connection: Connection, statement: str, parameters: Any, cache: str) -> Plan:
    """As it is planned for these values, or for any (what a prepared statement comes to after some executions)."""
    await connection.execute(f"set plan_cache_mode = force_{cache}_plan")
    explained = f"explain (analyze, format json) {statement}"
    row = await (await connection.execute(explained.encode(), parameters, prepare=True)).fetchone()
    assert row is not None
    return Plan(row[0][0]["Plan"])


def select_in(function: str, words: str) -> str:
    """The query of the schema's function that holds these words, with the function's variables left in it."""
    body = ddl().partition(f"create function {function}(")[2].partition("end $$")[0]
    (found,) = [one for one in re.split(r";\n", body) if words in one]
    return re.sub(r"\binto [a-z, ]+(?=\n? *from)", "", found[found.index("select ") :])


EITHER_PLAN = pytest.mark.parametrize("cache", ["custom", "generic"])
AFTER = [0, LENGTH // 2, LENGTH - 10]


@EITHER_PLAN
@pytest.mark.parametrize("after", AFTER)
async def test_a_page_reads_no_more_than_its_rows(connection: Connection, after: int, cache: str) -> None:
    wanted = {"after": after, "limit": 1_000, "types": []}
    found = await plan(connection, PAGE_OF_ALL.as_string(connection), wanted, cache)
    assert found.indexes == {"event_pkey"}
    assert found.walked == set()
    assert not any(kind.endswith("Sort") for kind in found.kinds - {"Sort"}), found.kinds
    assert found.looked_at <= 1_001


@EITHER_PLAN
@pytest.mark.parametrize("after", AFTER)
async def test_a_page_of_a_rare_type_looks_at_one_window(connection: Connection, after: int, cache: str) -> None:
    wanted = {"after": after, "limit": 1_000, "types": ["Rare", "Rarer"]}
    found = await plan(connection, PAGE_OF_TYPES.as_string(connection), wanted, cache)
    assert found.indexes == {"event_pkey"}
    assert found.walked == set()
    assert found.looked_at <= WINDOW + 1


STREAMS_READ = [f"s-{n}" for n in range(0, 600, 2)]
IDS = [f"id-{n}" for n in range(2, 600, 2)]
POLICIES = {"name": "policies", "version": 1}

LOOKUPS: dict[str, tuple[str, Any, set[str]]] = {
    "states that are newer": (NEWER, (STREAMS_READ, [38] * 300, "code"), {"event_version_once", "snapshot_pkey"}),
    "states that are new": (NEWER, (["s-2"], [0], "code"), {"event_version_once", "snapshot_pkey"}),
    "known commands": (COMMANDS, (["c-7", "c-900", "none"],), {"command_pkey"}),
    "events by id": (EVENTS, (IDS,), {"event_id_once"}),
    "verification": (VERIFY, (LENGTH // 2, 5_000), {"event_pkey"}),
    "parked streams": (parking.STREAMS, POLICIES, {"parked_stream"}),
    "a stream to replay": (parking.WANTED, POLICIES, {"parked_wanted"}),
    "whether anything is left of a stream": (parking.LEFT, {**POLICIES, "stream": "s-7"}, {"parked_stream"}),
    "what was dropped": (DROPPED, ("parked-policies",), {"event_version_once"}),
    "append: known commands": (
        select_in("append", "from command where").replace("c_id", "%(ids)s::text[]"),
        {"ids": [f"c-{n}" for n in range(1000)]},
        {"command_pkey"},
    ),
    "append: stale streams": (
        select_in("append", "from stream_head")
        .replace("s_name", "%(s)s::text[]")
        .replace("s_expected", "%(v)s::int[]"),
        {"s": STREAMS_READ, "v": [40] * 300},
        {"stream_head_pkey"},
    ),
    "ingest: records seen before": (
        re.sub(r"\be_(\w+)", r"%(\1)s", select_in("take_page", "left join event e"))
        .replace("%(place)s", "%(place)s::int[]")
        .replace("%(offset)s", "%(offset)s::bigint[]")
        .replace("reached", "(array[0])")
        .replace("%(id)s,", "%(id)s::text[],")
        .replace("%(origin)s", "%(origin)s::text[]")
        .replace("%(type)s", "%(type)s::text[]")
        .replace("%(data)s", "%(data)s::text[]"),
        {
            "place": [1] * 500,
            "offset": list(range(500)),
            "id": [f"id-{n}" for n in range(1, 1001, 2)],
            "origin": ["gate"] * 500,
        }
        | {"type": ["T"] * 500, "data": ["{}"] * 500},
        {"event_id_once"},
    ),
}


@EITHER_PLAN
@pytest.mark.parametrize("lookup", LOOKUPS)
async def test_a_lookup_goes_by_its_index(connection: Connection, lookup: str, cache: str) -> None:
    statement, parameters, indexes = LOOKUPS[lookup]
    found = await plan(connection, statement, parameters, cache)
    assert found.walked == set(), "the whole table was read"
    assert found.indexes == indexes
    assert found.looked_at <= 12_000


@EITHER_PLAN
async def test_what_waits_of_a_stream_is_read_in_order_and_no_more(connection: Connection, cache: str) -> None:
    found = await plan(connection, parking.ROWS, {**POLICIES, "stream": "s-10", "limit": 5}, cache)
    assert found.walked == set()
    assert "event_pkey" in found.indexes
    assert found.looked_at <= 100


async def test_a_start_looks_once_at_each_parked_stream_however_much_waits_there(connection: Connection) -> None:
    found = await plan(connection, parking.STREAMS, POLICIES, "generic")
    assert found.looked_at <= PARKED_STREAMS + 1
