"""Snapshots are a cache: with them, without them and with broken ones, states are those that the log says."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from shared.database import Connection
from shared.decider import Decider
from shared.log import snapshots as keeping
from shared.log.snapshots import Held, Snapshots, code_of
from shared.log.states import States
from shared.testing.waiting import eventually
from tests.contracts.stored import own_events
from tests.kernel.counter import CODEC, COUNTER, HANDLERS, Add, Counted, Look, Note, Take
from tests.kernel.counting import Process
from tests.running import SERVICES

EVERY = keeping.EVERY


async def kept(connection: Connection) -> dict[str, int]:
    return dict(await (await connection.execute("select stream, version from snapshot")).fetchall())


async def filled(process: Process, connection: Connection, events: int) -> None:
    """A stream of so many events, the last snapshot of which is there."""
    for start in range(0, events, 100):
        await process.give_all(*[Add("a", 1) for _ in range(start, min(events, start + 100))])
    newest = events // EVERY * EVERY
    await eventually(lambda: kept(connection), until=lambda found: found.get("counter-a", 0) >= newest)


async def loaded(process: Process, stream: str = "counter-a") -> Held | None:
    """As a process that has just started would see it."""
    states = States(HANDLERS.deciders, CODEC, Snapshots(process.database, HANDLERS.deciders))
    await states.refresh(await process.link.get(), [stream])
    return states.get(stream)


async def test_a_long_stream_has_a_snapshot_and_a_short_one_has_none(process: Process, connection: Connection) -> None:
    await process.give_all(*[Add("b") for _ in range(EVERY - 1)])
    await filled(process, connection, EVERY + 50)
    assert (await kept(connection)).keys() == {"counter-a"}


async def test_a_state_is_the_same_with_and_without_a_snapshot(process: Process, connection: Connection) -> None:
    await filled(process, connection, 2 * EVERY + 77)
    with_it = await loaded(process)
    await connection.execute("delete from snapshot")
    assert with_it == await loaded(process) == Held(2 * EVERY + 77, Counted(2 * EVERY + 77))


async def test_only_what_is_newer_than_the_snapshot_is_read(process: Process, connection: Connection) -> None:
    """Were the older events read, these would be found broken."""
    await filled(process, connection, 2 * EVERY + 10)
    await connection.execute("alter table event disable trigger user")
    await connection.execute("update event set data = '{}' where version <= %s", (EVERY,))
    assert await loaded(process) == Held(2 * EVERY + 10, Counted(2 * EVERY + 10))


async def test_a_restarted_process_decides_over_snapshot_and_tail(
    url: str, process: Process, connection: Connection
) -> None:
    await filled(process, connection, EVERY + 5)
    async with Process(url, "other") as other:
        first, second = await other.give_all(Take("a", EVERY + 5), Take("a", 1))
    assert (first.events[0].version, second.refusal and second.refusal.code) == (EVERY + 6, "NOT_ENOUGH")


async def test_snapshots_of_other_code_are_not_used_and_are_dropped_by_the_next_start(
    url: str, process: Process, connection: Connection
) -> None:
    await filled(process, connection, EVERY)
    await connection.execute("update snapshot set code = 'older', state = %s", (b"\x00",))
    assert await loaded(process) == Held(EVERY, Counted(EVERY))
    async with Process(url, "newer") as newer:
        await newer.give(Look("a"))
        await eventually(lambda: kept(connection), until={}.__eq__)


async def test_a_snapshot_that_cannot_be_read_is_folded_anew(process: Process, connection: Connection) -> None:
    await filled(process, connection, EVERY + 3)
    await connection.execute("update snapshot set state = %s", (b"\xc1 broken",))
    assert await loaded(process) == Held(EVERY + 3, Counted(EVERY + 3))


async def test_an_older_snapshot_never_replaces_a_newer_one(process: Process, connection: Connection) -> None:
    snapshots = Snapshots(process.database, HANDLERS.deciders)
    for version in (3 * EVERY, EVERY):
        await snapshots._keep(["counter-a"], [version], [b""])
    await snapshots._link.close()
    assert await kept(connection) == {"counter-a": 3 * EVERY}


async def test_while_snapshots_cannot_be_kept_commands_go_on(process: Process, connection: Connection) -> None:
    """A table that another session holds is the unkindest case."""
    async with connection.transaction():
        await connection.execute("lock table snapshot in share mode")
        answers = await process.give_all(*[Note("a", "x") for _ in range(EVERY + 1)])
        assert [answer.events[0].version for answer in answers] == list(range(1, EVERY + 2))
    await eventually(lambda: kept(connection), until=lambda found: "counter-a" in found)


def deciders() -> dict[str, Decider[Any, Any, Any]]:
    return {f"{s.name}: {d.category}": d for s in SERVICES.values() for d in s.handlers.deciders}


@pytest.mark.parametrize("decider", deciders().values(), ids=deciders().keys())
def test_every_state_of_a_service_comes_back_from_a_snapshot_as_it_was(decider: Decider[Any, Any, Any]) -> None:
    """States of several classes have no snapshots: their streams are short."""
    kept_as = keeping._Format.of(decider)
    if kept_as is None:
        assert decider.category in {"report"}
        return
    state = decider.initial
    for stored in (one for service in SERVICES.values() for one in own_events(service)):
        for event in (stored.full, stored.sparse):
            if type(event) in decider.events:
                state = decider.evolve(state, event)
                assert kept_as.read(kept_as.write(state)) == state


def test_the_code_of_snapshots_changes_with_every_file_of_the_domain(tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text("def evolve(state, event): return state")
    (tmp_path / "values.py").write_text("LIMIT = 3")
    spec = spec_from_file_location("counter", tmp_path / "counter.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    decider = replace(COUNTER, evolve=module.evolve)
    before = code_of([decider])
    assert code_of([decider]) == before
    (tmp_path / "values.py").write_text("LIMIT = 4")
    assert code_of([decider]) != before
