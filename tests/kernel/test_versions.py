"""A new version of a read table is built beside the old one, which goes on, and takes over at an equal position."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url

from services.points.main import SERVICE as POINTS
from services.points.projections.balance import BALANCE
from shared import parked
from shared.database import Connection, Database
from shared.errors import NotFound
from shared.health import Health
from shared.log.read import Recorded, read_head
from shared.projecting import Projection, RowChange
from shared.queries import create_tables
from shared.rebuilding import ProjectionState, ask_rebuild, listed
from shared.testing.infrastructure import Databases
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from shared.verifying import verify_projection, verify_rows
from shared.versions import drop_old
from tests.kernel.counter import CODEC, COUNTS, Add, Added, counts_of
from tests.kernel.counting import Process
from tests.kernel.programs import program
from tests.kernel.reading import Reader
from tests.running import migrated

Two = tuple[Process, Process]


def release(url: str, *projections: Projection) -> None:
    """What the migration of a release does about read tables."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.begin() as connection:
        create_tables(connection, projections)
        drop_old(connection)
    engine.dispose()


async def state(connection: Connection) -> ProjectionState:
    (found,) = [each for each in await listed(connection) if each.name == COUNTS.name]
    return found


async def live(connection: Connection) -> int:
    return (await state(connection)).version


async def position(connection: Connection, version: int) -> int:
    query = "select position from subscription where name = %s and version = %s"
    row = await (await connection.execute(query, (COUNTS.name, version))).fetchone()
    return row[0] if row else 0


async def tables(connection: Connection) -> list[str]:
    query = "select relname from pg_class where relname ~ '^count_v[0-9]+$' order by oid"
    return [name for (name,) in await (await connection.execute(query)).fetchall()]


async def write(process: Process) -> None:
    """Until cancelled: a few commands at a time."""
    for number in itertools.count():
        await process.give_all(*[Add(f"c{(number + n) % 7}", n) for n in range(5)])


async def test_release_after_release_takes_over_under_load_and_no_look_sees_a_gap(
    url: str, two: Two, connection: Connection
) -> None:
    """Each is built from the beginning, while the one before is followed and read."""
    one, other = two
    await one.give_all(*[Add(f"c{n}") for n in range(7)])
    following = one.start(one.projecting(COUNTS).run())
    await eventually(lambda: position(connection, 1))
    reader = await Reader(other).start()
    other.start(write(other))
    for version in range(2, 22):
        projection = counts_of(version)
        release(url, projection)
        new = one.start(one.projecting(projection).run())
        await eventually(lambda: live(connection), until=version.__eq__)
        head = await read_head(connection)
        for each in (version - 1, version):
            await eventually(lambda each=each: position(connection, each), until=lambda at, head=head: at >= head)  # type: ignore[misc]
            assert await verify_projection(connection, counts_of(each), CODEC) == ([], [])
        following.cancel()
        following = new
    assert reader.faults == []
    assert {version for version, _ in reader.looks} >= set(range(2, 21)), "it has seen them all"
    assert await tables(connection) == ["count_v19", "count_v20", "count_v21"]


async def test_until_the_new_version_has_caught_up_the_old_one_is_live(
    url: str, two: Two, connection: Connection
) -> None:
    old, new = two
    await old.give_all(*[Add("a") for _ in range(10)])
    old.start(old.projecting(COUNTS).run())
    await eventually(lambda: position(connection, 1), until=lambda at: at == 10)
    release(url, counts_of(2))
    await connection.execute("insert into subscription (name, version, position) values ('counts', 2, 4)")
    found = await state(connection)
    assert tuple(found) == ("counts", 1, 10, 10, found.owner, "building", 4, None)
    await connection.execute("update subscription set position = 0 where version = 2")
    new.start(new.projecting(counts_of(2)).run())
    await eventually(lambda: state(connection), until=lambda now: (now.version, now.state) == (2, "live"))
    await new.give(Add("a"))
    for version in (1, 2):
        await eventually(lambda version=version: position(connection, version), until=lambda at: at == 11)  # type: ignore[misc]


async def test_a_new_version_overtakes_an_old_one_that_nobody_follows(
    url: str, process: Process, connection: Connection
) -> None:
    await process.give_all(*[Add("a") for _ in range(10)])
    release(url, counts_of(2))
    process.start(process.projecting(counts_of(2)).run())
    await eventually(lambda: live(connection), until=lambda version: version == 2)


async def test_a_projection_of_a_grown_log_is_live_when_it_is_up_to_date(
    url: str, process: Process, connection: Connection
) -> None:
    await process.give_all(*[Add("a") for _ in range(10)])
    await connection.execute("delete from projection where name = 'counts'")
    release(url, COUNTS)
    assert (await state(connection)).state == "building"
    process.start(process.projecting(COUNTS).run())
    await eventually(lambda: state(connection), until=lambda now: (now.state, now.position) == ("live", 10))


async def test_a_release_that_is_taken_back_goes_on_with_its_own_version(
    url: str, process: Process, connection: Connection
) -> None:
    await process.give(Add("a"))
    release(url, counts_of(2))
    new = process.start(process.projecting(counts_of(2)).run())
    await eventually(lambda: live(connection), until=lambda version: version == 2)
    new.cancel()
    release(url, COUNTS)
    process.start(process.projecting(COUNTS).run())
    await process.give(Add("a"))
    await eventually(lambda: position(connection, 1), until=lambda at: at == 2)
    assert await live(connection) == 2, "the later one is still there for the next try"


async def test_a_version_is_dropped_when_the_one_before_the_live_one_is_not_it(
    url: str, process: Process, connection: Connection
) -> None:
    release(url, counts_of(2))
    release(url, counts_of(3))
    assert await tables(connection) == ["count_v1", "count_v2", "count_v3"], "the first is live"
    process.start(process.projecting(counts_of(3)).run())
    await eventually(lambda: live(connection), until=lambda version: version == 3)
    release(url, counts_of(4))
    assert await tables(connection) == ["count_v2", "count_v3", "count_v4"]
    assert await position(connection, 1) == 0


@pytest.mark.fault
async def test_a_process_killed_in_the_switch_leaves_the_old_version_live(
    url: str, process: Process, connection: Connection
) -> None:
    await process.give_all(*[Add(f"c{n % 7}", n) for n in range(500)])
    process.start(process.projecting(COUNTS).run())
    await eventually(lambda: position(connection, 1), until=lambda at: at == 500)
    release(url, counts_of(2))
    async with program("upgrade", url, 2, failpoint="projection.before_switch:1") as child:
        assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
    assert ((await state(connection)).state, await live(connection)) == ("building", 1)
    await process.give(Add("c0"))
    async with program("upgrade", url, 2):
        await eventually(lambda: live(connection), 20, until=lambda version: version == 2)
    assert await verify_projection(connection, counts_of(2), CODEC) == ([], [])


async def test_a_new_version_that_cannot_be_built_is_told_and_the_old_one_stays(
    url: str, two: Two, connection: Connection, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("build_held")
    old, new = two
    await old.give_all(*[Add("a", n) for n in range(50)])
    old.start(old.projecting(COUNTS).run())
    await eventually(lambda: position(connection, 1), until=lambda at: at == 50)
    faulty = counts_of(2)
    good = faulty.rules["Added"]

    def rule(event: Added, row: Recorded) -> Iterator[RowChange]:
        assert event.amount != 33, "a bug"
        yield from good(event, row)

    faulty.rules["Added"] = rule
    release(url, faulty)
    running = new.start(new.projecting(faulty).run())
    held = await eventually(lambda: state(connection), until=lambda now: now.state == "failed")
    assert (held.version, held.built) == (1, 33)
    assert held.error is not None
    assert held.error.startswith("Added at position 34: AssertionError: a bug")
    await old.give(Add("a"))
    await eventually(lambda: position(connection, 1), until=lambda at: at == 51)
    assert await parked.listed(connection) == [], "the old version is right, so nothing is to be waited for"
    running.cancel()
    faulty.rules["Added"] = good
    release(url, faulty)
    assert (await state(connection)).state == "building"
    new.start(new.projecting(faulty).run())
    await eventually(lambda: state(connection), until=lambda now: (now.version, now.error) == (2, None))


# --- a whole service ------------------------------------------------------------------------------------------------


@pytest.fixture
def points(databases: Databases) -> str:
    return migrated(databases, POINTS)


async def test_a_release_is_ready_when_its_read_tables_are_live(points: str) -> None:
    database = Database(points, name="health")
    unused: Any = None
    health = Health("points", database, unused, None, POINTS.projections, movable=False)
    async with await database.connect("sets") as connection:
        assert (await health.ready()).status_code == 200
        await connection.execute("update projection set live = 0, error = 'Gone at position 7' where name = 'balance'")
        answer = await health.ready()
        told = f"balance: version {BALANCE.version} is not live yet, built up to 0 of 0, held by Gone at position 7"
        assert (answer.status_code, json.loads(bytes(answer.body))["trouble"]) == (503, [told])
        await connection.execute("update projection set live = 9 where name = 'balance'")
        assert (await health.ready()).status_code == 200, "the release before goes on serving what it has"
    await database.close()


async def test_the_rows_of_a_service_are_verified_by_name_or_all(points: str) -> None:
    database = Database(points, name="verifies")
    async with await database.connect("verifies") as connection:
        assert await verify_rows(connection, POINTS) == []
        await connection.execute("insert into timer_v1 values ('s', 'n', 'r', 'c', now(), 'd', 'e', 'f')")
        await connection.execute("insert into earning_v1 values ('m', 'lot', 1, 'o', 2, now())")
        assert await verify_rows(connection, POINTS, ["balance", "statement"]) == []
        assert [line.partition(":")[0] for line in await verify_rows(connection, POINTS)] == [
            "earning_v1 member_id=m, lot_id=lot",
            "timer_v1 stream=s, name=n, ref=r",
        ]
        with pytest.raises(NotFound, match="no projection is called balances, there are: balance, goods_shelf"):
            await verify_rows(connection, POINTS, ["balances"])
        assert {each.name for each in await listed(connection)} == {each.name for each in POINTS.all_projections}
        await ask_rebuild(connection, "statement")
    await database.close()
