"""The timers' table in a new version: built beside the old one while timers are set, cleared and due, then switched.

No timer is lost, none has a second effect, none fires before its time; also while processes of both releases run.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url

from shared import timers
from shared.clock import FileClock
from shared.database import Connection
from shared.decider import DeadlineCleared, DeadlineSet
from shared.log.read import Recorded, read_head, read_page
from shared.projecting import Projection
from shared.queries import create_tables
from shared.rebuilding import ProjectionState, listed
from shared.testing.waiting import eventually
from shared.timers import TIMERS, timers_of
from shared.verifying import verify_projection
from tests.kernel.counter import CODEC, NOON, Forget, Remind
from tests.kernel.counting import FixedClock, Process, ended
from tests.kernel.programs import program

HOUR = timedelta(hours=1)
SECOND = timers_of(2)
Releases = tuple[Process, Process]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest_asyncio.fixture
async def releases(url: str, clock: FixedClock) -> AsyncIterator[Releases]:
    """A process of the old release and one of the new, with one clock."""
    async with Process(url, "old", clock) as old, Process(url, "new", clock) as new:
        yield old, new


def release(url: str, *projections: Projection) -> None:
    """What the migration of a release does about its tables."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.begin() as connection:
        create_tables(connection, projections)
    engine.dispose()


async def state(connection: Connection) -> ProjectionState:
    (found,) = [each for each in await listed(connection) if each.name == TIMERS.name]
    return found


async def is_live(connection: Connection, version: int = 2) -> bool:
    now = await state(connection)
    return (now.version, now.state) == (version, "live")


async def position(connection: Connection, version: int) -> int:
    query = "select position from subscription where name = 'timers' and version = %s"
    row = await (await connection.execute(query, (version,))).fetchone()
    return int(row[0]) if row else 0


async def rows(connection: Connection, *types: str) -> list[Recorded]:
    return (await read_page(connection, 0, 100_000, list(types))).rows


async def rung(connection: Connection) -> list[tuple[str, datetime]]:
    return sorted((row.entity, row.occurred_at) for row in await rows(connection, "Rung"))


async def left(connection: Connection, version: int) -> list[str]:
    found = await connection.execute(f"select stream from timer_v{version} order by stream".encode())
    return [stream for (stream,) in await found.fetchall()]


async def faults(connection: Connection) -> list[str]:
    """What both versions have that the log does not say, once both have followed it to its end."""
    head = await read_head(connection)
    for version in (1, 2):
        await eventually(lambda version=version: position(connection, version), 20, until=head.__le__)  # type: ignore[misc]
    return [fault for each in (TIMERS, SECOND) for fault in (await verify_projection(connection, each, CODEC))[0]]


async def test_the_new_version_takes_over_what_is_set_and_nothing_that_was_cleared_or_has_fired(
    url: str, releases: Releases, connection: Connection, clock: FixedClock
) -> None:
    old, new = releases
    await old.give_all(Remind("fired", "bell", NOON), Remind("cleared", "bell", NOON + HOUR), Forget("cleared", "bell"))
    await old.give_all(Remind("left", "bell", NOON + HOUR), Remind("moved", "bell", NOON + HOUR))
    await old.give(Remind("moved", "bell", NOON + 3 * HOUR))
    following = old.start(old.timing().run())
    await eventually(lambda: rung(connection), until=[("fired", NOON)].__eq__)
    release(url, SECOND)
    new.start(new.timing(SECOND).run())
    await eventually(lambda: is_live(connection))
    await ended(following)
    assert await left(connection, 2) == ["counter-left", "counter-moved"]
    clock.moment = NOON + 2 * HOUR
    await eventually(lambda: rung(connection), until=[("fired", NOON), ("left", NOON + HOUR)].__eq__)
    clock.moment = NOON + 4 * HOUR
    moved = ("moved", NOON + 3 * HOUR)
    await eventually(lambda: rung(connection), until=[("fired", NOON), ("left", NOON + HOUR), moved].__eq__)
    await eventually(lambda: left(connection, 2), until=[].__eq__)


async def test_until_it_is_live_the_new_version_fires_nothing(
    url: str, releases: Releases, connection: Connection
) -> None:
    """The old release is gone and the new one is held at its position: what is due is fired late, not lost."""
    old, new = releases
    await old.give_all(*[Remind(f"c{n}", "bell", NOON) for n in range(5)])
    release(url, SECOND)
    await connection.execute("insert into subscription (name, version, position) values ('timers', 1, 0)")
    async with connection.transaction():
        await connection.execute("select from subscription where name = 'timers' and version = 1 for update")
        new.start(new.timing(SECOND).run())
        await eventually(lambda: _waits_for_the_switch(connection))
        assert await rung(connection) == []
    await eventually(lambda: rung(connection), until=[(f"c{n}", NOON) for n in range(5)].__eq__)
    assert await is_live(connection)


async def _waits_for_the_switch(connection: Connection) -> bool:
    await connection.execute("select pg_stat_clear_snapshot()")
    query = """select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      and query like '%%from subscription%%no key update%%'"""
    return (await (await connection.execute(query)).fetchone()) is not None


async def test_it_is_built_and_switched_while_timers_are_set_cleared_and_due_all_the_time(
    url: str, releases: Releases, connection: Connection, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both releases run through it, as in a rolling update; the old one goes on after the switch, too."""
    monkeypatch.setattr(timers, "FIRED_AT_ONCE", 20)
    old, new = releases
    old.start(old.timing().run())
    writing = old.start(_write(old, clock, random.Random(7)))
    await eventually(lambda: read_head(connection), 20, until=lambda head: head > 1_000)
    release(url, SECOND)
    new.start(new.timing(SECOND).run())
    await eventually(lambda: is_live(connection), 20)
    at_the_switch = await read_head(connection)
    await eventually(lambda: read_head(connection), 20, until=lambda head: head > at_the_switch + 1_000)
    await ended(writing)
    clock.moment += timedelta(days=1)
    for version in (1, 2):
        await eventually(lambda version=version: left(connection, version), 20, until=[].__eq__)  # type: ignore[misc]
    assert await faults(connection) == []
    assert await _judged(connection) == []


async def _write(process: Process, clock: FixedClock, chance: random.Random) -> None:
    """Until cancelled: sets and clears, and moves the clock on; no two deadlines of a counter are alike."""
    for number in itertools.count():
        moment = clock.moment
        for each in range(10):
            counter, due_at = f"c{chance.randrange(40)}", moment + timedelta(minutes=chance.randrange(1, 30))
            due_at += timedelta(microseconds=10 * number + each)
            remind = Remind(counter, "bell", due_at, moment)
            forget = Forget(counter, "bell", moment)
            await process.give(remind if chance.random() < 0.8 else forget)
        clock.moment = moment + timedelta(minutes=1)


async def _judged(connection: Connection) -> list[str]:
    """By the log alone: what was due and never cleared or replaced in time has rung once, at its time, not before."""
    faults: list[str] = []
    standing: dict[str, datetime] = {}
    rings: Counter[tuple[str, datetime]] = Counter()
    for row in await rows(connection, "DeadlineSet", "DeadlineCleared", "Rung"):
        event = CODEC.decode(row.type, row.data)
        if isinstance(event, DeadlineSet):
            standing[row.entity] = event.due_at
        elif isinstance(event, DeadlineCleared):
            standing.pop(row.entity, None)
        else:
            rings[row.entity, event.at] += 1
            if row.recorded_at < event.at:
                faults.append(f"{row.entity} rang at {row.recorded_at}, before {event.at}")
            if standing.get(row.entity) == event.at:
                del standing[row.entity]
    assert len(rings) > 100, "the load was one"
    faults += [f"{counter} rang {count} times for {at}" for (counter, at), count in rings.items() if count > 1]
    faults += [f"{counter} never rang for {at}" for counter, at in standing.items()]
    return faults


@pytest.mark.fault
@pytest.mark.parametrize("failpoint", ["projection.before_switch:1", "timer.after_fire:1"])
async def test_a_new_release_killed_at_the_switch_or_after_it_fired_loses_nothing_and_repeats_nothing(
    url: str, process: Process, connection: Connection, tmp_path: Path, failpoint: str
) -> None:
    path = tmp_path / "clock"
    path.write_text("offset 0\n")
    FileClock(path).set(NOON + HOUR)
    await process.give_all(*[Remind(f"c{n}", "bell", NOON + HOUR) for n in range(20)])
    release(url, SECOND)
    async with program("time", url, path, 2, failpoint=failpoint) as child:
        assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
    async with program("time", url, path, 2):
        await eventually(lambda: left(connection, 2), 20, until=[].__eq__)
        await eventually(lambda: is_live(connection), 20)
    assert await rung(connection) == sorted((f"c{n}", NOON + HOUR) for n in range(20))
