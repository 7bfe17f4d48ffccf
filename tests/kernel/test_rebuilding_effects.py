"""Read tables made anew beside policies and timers: rows change, and nobody does again what was done once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url

from shared import building, replaying
from shared.database import Connection
from shared.decider import Command
from shared.log.read import Recorded, read_head, read_page
from shared.policies import Policies
from shared.queries import create_tables
from shared.reacting import Reactor
from shared.rebuilding import ask_rebuild, listed
from shared.testing.waiting import eventually
from shared.timers import TIMERS, timers_of
from shared.verifying import verify_projection
from tests.kernel.counter import CODEC, COUNTS, NOON, Add, Added, Note, Remind, counts_of
from tests.kernel.counting import Process
from tests.kernel.reading import edit

POLICIES = Policies()


@POLICIES.on(Added)
def when_added(event: Added) -> list[Command]:
    """Two effects of each, one of which has an effect in turn; what that adds has none."""
    if event.amount <= 0:
        return []
    return [Note("noted", f"{event.amount}"), Add("back", -event.amount)]


class Done(NamedTuple):
    """All that policies and timers can have done."""

    head: int
    commands: int
    events: dict[str, int]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "PAGE", 50)
    monkeypatch.setattr(building, "QUIET", 0.01)


async def running(process: Process) -> None:
    """Everything that a worker has."""
    reactor = Reactor("counter", process.committer, CODEC, POLICIES)
    process.start(process.subscription("policies", reactor.work, types=reactor.types).run())
    process.start(process.projecting(COUNTS).run())
    process.start(process.timing().run())
    process.start(process.rebuilding(COUNTS, TIMERS).run())


async def settled(connection: Connection) -> Done:
    """What was done, once every subscription has seen all of it."""

    async def look() -> tuple[int, int]:
        query = "select min(position), (select position from log_head) from subscription"
        row = await (await connection.execute(query)).fetchone()
        assert row is not None
        return row[0], row[1]

    await eventually(look, 20, until=lambda seen: seen[0] == seen[1])
    commands = await (await connection.execute("select count(*) from command")).fetchone()
    types = await (await connection.execute("select type, count(*) from event group by type")).fetchall()
    assert commands is not None
    return Done(await read_head(connection), commands[0], dict(types))


async def rebuilt(connection: Connection, *names: str) -> None:
    async def done() -> bool:
        return all(each.state == "live" for each in await listed(connection))

    for name in names:
        await ask_rebuild(connection, name)
    await eventually(done, 20)


async def filled(process: Process) -> None:
    await process.give_all(*[Add(f"c{n % 7}", n) for n in range(1, 201)])
    await process.give_all(*[Remind(f"c{n}", "bell", NOON) for n in range(20)])
    await process.give_all(*[Remind(f"c{n}", "bell", NOON + timedelta(hours=1)) for n in range(20, 30)])


async def test_a_rebuild_beside_policies_and_timers_repeats_no_effect(process: Process, connection: Connection) -> None:
    await filled(process)
    await running(process)
    await eventually(lambda: _rung(connection), until=(20).__eq__)
    before = await settled(connection)
    assert before.events["Noted"] == 200
    for _ in range(3):
        await edit(connection)
        await rebuilt(connection, COUNTS.name, TIMERS.name)
        assert await settled(connection) == before
    for projection in (COUNTS, TIMERS):
        assert await verify_projection(connection, projection, CODEC) == ([], [])


async def test_new_versions_that_are_built_from_the_beginning_repeat_no_effect(
    url: str, two: tuple[Process, Process], connection: Connection
) -> None:
    old, new = two
    await filled(old)
    await running(old)
    await eventually(lambda: _rung(connection), until=(20).__eq__)
    before = await settled(connection)
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.begin() as db:
        create_tables(db, (counts_of(2), timers_of(2)))
    engine.dispose()
    new.start(new.projecting(counts_of(2)).run())
    new.start(new.timing(timers_of(2)).run())
    await eventually(lambda: _versions(connection), 20, until={2}.__eq__)
    assert await settled(connection) == before


async def test_under_load_each_cause_has_its_effects_once_however_often_rows_are_made_anew(
    two: tuple[Process, Process], connection: Connection
) -> None:
    one, other = two
    await filled(one)
    await running(one)
    for number in range(5):
        adding = asyncio.create_task(other.give_all(*[Add(f"c{n % 7}", 1_000 * number + n) for n in range(1, 101)]))
        await edit(connection)
        await rebuilt(connection, COUNTS.name)
        await adding
    done = await settled(connection)
    causes = [row for row in await _added(connection) if CODEC.decode("Added", row.data).amount > 0]
    notes = {row.context().causation_id for row in (await read_page(connection, 0, 100_000, ["Noted"])).rows}
    assert notes == {row.event_id for row in causes}
    assert (len(causes), done.events["Noted"], done.events["Added"]) == (700, 700, 1_400)


async def _added(connection: Connection) -> list[Recorded]:
    return (await read_page(connection, 0, 100_000, ["Added"])).rows


async def _rung(connection: Connection) -> int:
    return len((await read_page(connection, 0, 100_000, ["Rung"])).rows)


async def _versions(connection: Connection) -> set[int]:
    return {each.version for each in await listed(connection)}
