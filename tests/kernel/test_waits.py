"""What comes before its cause waits in its own state; a wait that runs out is quarantined, answered, alarmed: once."""

from __future__ import annotations

import asyncio
import base64
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.clock import FileClock
from shared.content import Vault
from shared.database import Connection
from shared.decider import IntakeRef, WaitExpired
from shared.log.read import read_head, read_page
from shared.log.verify import verify
from shared.quarantine import AlreadySettled, Operator, SetAside, listed
from shared.rebuilding import ask_rebuild
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from shared.timers import TIMERS
from shared.verifying import verify_projection
from tests.kernel.counter import CODEC, HOUR, NOON, Add, Borrow, EndWait, Take
from tests.kernel.counting import Process
from tests.kernel.programs import program
from tests.kernel.timing import Timing

INTAKE = IntakeRef("/apps/desk", "loan-1", "a")
DUE, LATER = NOON + HOUR, NOON + 2 * HOUR
VAULT = Vault(base64.b64encode(bytes(32)).decode())


@pytest.fixture(autouse=True)
def alarmed(logged_errors: ErrorLog) -> ErrorLog:
    logged_errors.expect("cause_missing")
    return logged_errors


def operator(timing: Timing) -> Operator:
    return Operator("counter", timing.clock, VAULT, "op-7")


async def types(connection: Connection) -> list[str]:
    return [row.type for row in (await read_page(connection, 0, 10_000)).rows]


async def answers(connection: Connection) -> list[dict[str, Any]]:
    rows = (await read_page(connection, 0, 10_000, ["IntakeAnswered"])).rows
    return [msgspec.json.decode(row.data) for row in rows]


async def total(timing: Timing) -> int:
    """By a command that tells it when it is refused."""
    refusal = (await timing.process.give(Take("a", 1_000))).refusal
    assert refusal is not None
    return int(refusal.detail.split()[2])


async def borrowed_in_vain(timing: Timing, connection: Connection) -> SetAside:
    """5 are borrowed of a counter that has none, and nobody adds any for an hour."""
    await timing.process.give(Borrow("a", 5, INTAKE))
    await timing.learn()
    await timing.fire(DUE)
    await timing.learn()
    (waiting,) = await listed(connection)
    return waiting


async def test_a_cause_that_comes_in_time_ends_the_wait_and_nothing_is_set_aside(
    timing: Timing, connection: Connection
) -> None:
    await timing.process.give_all(Borrow("a", 5, INTAKE), Add("a", 2), Add("a", 4))
    await timing.learn()
    await timing.fire(LATER)
    assert await types(connection) == ["Awaited", "DeadlineSet", "Added", "Added", "Added", "DeadlineCleared"]
    assert (await total(timing), await listed(connection)) == (1, [])


async def test_a_wait_does_not_run_out_early(timing: Timing, connection: Connection) -> None:
    await timing.process.give(Borrow("a", 5, INTAKE))
    await timing.learn()
    await timing.fire(DUE - timedelta(microseconds=1))
    assert await types(connection) == ["Awaited", "DeadlineSet"]


async def test_a_wait_that_runs_out_is_quarantined_and_answered_in_the_append_that_says_so(
    timing: Timing, connection: Connection, alarmed: ErrorLog
) -> None:
    waiting = await borrowed_in_vain(timing, connection)
    rows = (await read_page(connection, 2, 10)).rows
    assert [row.type for row in rows] == ["WaitExpired", "RecordQuarantined", "IntakeAnswered", "TimerFired"]
    assert len({row.context().command_id for row in rows}) == 1
    assert [row.entity for row in rows[1:3]] == ["a", "a"], "the subject of the event keys both topics"
    assert (waiting.waited, waiting.place) == (True, "loan-1 of /apps/desk")
    assert (waiting.note.ref, waiting.note.code, waiting.note.field) == (rows[0].event_id, "CAUSE_MISSING", "amount")
    (told,) = await answers(connection)
    assert (told["source"], told["id"], told["status"]) == ("/apps/desk", "loan-1", "quarantined")
    assert (told["code"], told["field"], told["retry"]) == ("CAUSE_MISSING", "amount", True)
    assert "under a new id" in told["remedy"]
    assert [line.action for line in alarmed.seen] == ["cause_missing"]  # type: ignore[attr-defined]
    assert (await verify(connection)).fault is None


async def test_the_position_of_a_command_that_ends_a_wait_counts_all_its_rows(
    timing: Timing, connection: Connection
) -> None:
    give = timing.process.give
    await give(Borrow("a", 5, INTAKE))
    answer = await give(EndWait("a", DUE))
    assert [type(decided.event) for decided in answer.events] == [WaitExpired]
    assert answer.position == await read_head(connection) == 5


async def test_a_timer_fired_again_before_its_table_knows_sets_aside_once(
    timing: Timing, connection: Connection, alarmed: ErrorLog
) -> None:
    await timing.process.give(Borrow("a", 5, INTAKE))
    await timing.learn()
    for _ in range(3):
        await timing.fire(DUE)
    assert (len(await listed(connection)), len(alarmed.seen)) == (1, 1)


async def test_a_replay_after_the_cause_came_has_its_effect_once(timing: Timing, connection: Connection) -> None:
    waiting = await borrowed_in_vain(timing, connection)
    await timing.process.give(Add("a", 7))
    assert await total(timing) == 7, "what is set aside takes nothing by itself"
    timing.clock.moment = LATER
    done = await operator(timing).replay(connection, waiting)
    assert (done.origin, done.event_id, done.duplicate) == ("/apps/desk", "loan-1", False)
    for _ in range(3):
        await timing.learn()
        await timing.fire()
    assert (await total(timing), await listed(connection)) == (2, [])
    assert [told["status"] for told in await answers(connection)] == ["quarantined", "accepted"]
    with pytest.raises(AlreadySettled):
        await operator(timing).replay(connection, waiting)
    await timing.learn()
    await timing.fire()
    assert await total(timing) == 2
    assert (await verify(connection)).fault is None


async def test_a_replay_carries_the_context_of_what_waited(timing: Timing, connection: Connection) -> None:
    waiting = await borrowed_in_vain(timing, connection)
    await timing.process.give(Add("a", 7))
    await operator(timing).replay(connection, waiting)
    await timing.learn()
    await timing.fire(LATER)
    rows = (await read_page(connection, 0, 100)).rows
    first, lent = rows[0].context(), rows[-3].context()
    assert [row.type for row in rows[-3:]] == ["Added", "DeadlineCleared", "TimerFired"]
    assert (lent.correlation_id, lent.org) == (first.correlation_id, first.org)
    (resumed,) = [row for row in rows if row.type == "WaitResumed"]
    assert (lent.causation_id, resumed.context().causation_id) == (resumed.event_id, waiting.note.ref)
    assert resumed.context().actor.id == "op-7"


async def test_a_replay_before_the_cause_came_sets_it_aside_anew(
    timing: Timing, connection: Connection, alarmed: ErrorLog
) -> None:
    first = await borrowed_in_vain(timing, connection)
    timing.clock.moment = LATER
    await operator(timing).replay(connection, first)
    await timing.learn()
    await timing.fire()
    (second,) = await listed(connection)
    assert second.note.ref != first.note.ref
    assert [told["status"] for told in await answers(connection)] == ["quarantined", "accepted", "quarantined"]
    assert len(alarmed.seen) == 2
    await timing.process.give(Add("a", 7))
    await operator(timing).replay(connection, second)
    await timing.learn()
    await timing.fire()
    assert (await total(timing), await listed(connection)) == (2, [])


async def test_what_is_dropped_is_not_looked_at_again(timing: Timing, connection: Connection) -> None:
    waiting = await borrowed_in_vain(timing, connection)
    await operator(timing).drop(connection, waiting, "sent by a test device")
    assert await listed(connection) == []
    with pytest.raises(AlreadySettled):
        await operator(timing).replay(connection, waiting)
    await timing.process.give(Add("a", 7))
    await timing.learn()
    await timing.fire(LATER)
    assert await total(timing) == 7


async def test_a_running_service_notices_a_replay_and_a_rebuild_of_its_timers_repeats_none(
    timing: Timing, connection: Connection
) -> None:
    waiting = await borrowed_in_vain(timing, connection)
    process = timing.process
    process.start(process.timing().run())
    process.start(process.rebuilding(TIMERS).run())
    await process.leases.release(timing.lease)
    await process.give(Add("a", 7))
    await operator(timing).replay(connection, waiting)
    await eventually(lambda: types(connection), until=lambda seen: seen.count("TimerFired") == 2)
    head = await read_head(connection)
    await ask_rebuild(connection, TIMERS.name)
    await eventually(lambda: _rebuilt(connection))
    assert await verify_projection(connection, TIMERS, CODEC) == ([], [])
    assert (await read_head(connection), await total(timing)) == (head, 2)


async def _rebuilt(connection: Connection) -> bool:
    query = "select building is null from projection where name = 'timers'"
    row = await (await connection.execute(query)).fetchone()
    return row is not None and bool(row[0])


@pytest.mark.fault
async def test_a_process_killed_when_a_wait_has_run_out_leaves_one_row_and_one_answer(
    url: str, process: Process, connection: Connection, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("offset 0\n")
    FileClock(clock).set(DUE)
    await process.give_all(*[Borrow(f"c{n}", 5, IntakeRef("/apps/desk", f"loan-{n}", f"c{n}")) for n in range(20)])
    async with program("time", url, clock, failpoint="timer.after_fire:1") as child:
        assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
    async with program("time", url, clock):
        await eventually(lambda: _set_timers(connection), 20, until=(0).__eq__)
    assert len(await listed(connection)) == len(await answers(connection)) == 20
    assert (await types(connection)).count("WaitExpired") == 20


async def _set_timers(connection: Connection) -> int:
    row = await (await connection.execute("select count(*) from timer_v1")).fetchone()
    return int(row[0]) if row else 0
