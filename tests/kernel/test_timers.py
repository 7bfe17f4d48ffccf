"""Deadlines: at least once, once in effect, never early, whatever the clock and the process do."""

from __future__ import annotations

import asyncio
import signal
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared import timers
from shared.clock import FileClock
from shared.database import Connection
from shared.log.read import read_page
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from tests.kernel.counter import NOON, TIMER_RULES, Forget, Remind, Ring
from tests.kernel.counting import Process
from tests.kernel.programs import program
from tests.kernel.timing import Timing

HOUR, MOMENT = timedelta(hours=1), timedelta(microseconds=1)


async def rung(connection: Connection) -> list[datetime]:
    return [row.occurred_at for row in (await read_page(connection, 0, 10_000, ["Rung"])).rows]


async def rung_times(connection: Connection) -> int:
    return len(await rung(connection))


async def left(connection: Connection) -> list[tuple[str, datetime]]:
    return list(await (await connection.execute("select name, due_at from timer_v1 order by due_at")).fetchall())


async def test_a_timer_fires_with_its_due_time_however_late_it_is_looked_at(
    timing: Timing, connection: Connection
) -> None:
    await timing.process.give(Remind("a", "bell", NOON + HOUR))
    await timing.learn()
    await timing.fire(NOON + 3 * HOUR)
    assert await rung(connection) == [NOON + HOUR]


async def test_a_timer_never_fires_early(timing: Timing, connection: Connection) -> None:
    await timing.process.give(Remind("a", "bell", NOON + HOUR))
    await timing.learn()
    await timing.fire(NOON + HOUR - MOMENT)
    assert (await rung(connection), await timing.due()) == ([], False)
    await timing.fire(NOON + HOUR)
    assert await rung(connection) == [NOON + HOUR]


async def test_a_deadline_that_lies_in_the_past_is_due_at_once(timing: Timing, connection: Connection) -> None:
    await timing.process.give(Remind("a", "bell", NOON - HOUR))
    await timing.learn()
    await timing.fire()
    assert await rung(connection) == [NOON - HOUR]


async def test_a_timer_fired_again_before_its_table_knows_has_no_second_effect(
    timing: Timing, connection: Connection
) -> None:
    await timing.process.give(Remind("a", "bell", NOON))
    await timing.learn()
    for _ in range(3):
        await timing.fire()
    assert await rung(connection) == [NOON]
    await timing.learn()
    assert (await left(connection), await timing.due()) == ([], False)


async def test_a_cleared_timer_does_not_fire(timing: Timing, connection: Connection) -> None:
    await timing.process.give(Remind("a", "bell", NOON + HOUR))
    await timing.learn()
    await timing.process.give(Forget("a", "bell"))
    await timing.learn()
    await timing.fire(NOON + 2 * HOUR)
    assert (await rung(connection), await left(connection)) == ([], [])


@pytest.mark.parametrize("second", [NOON + HOUR, NOON + 3 * HOUR], ids=["earlier", "later"])
async def test_a_deadline_set_again_replaces_the_first(
    timing: Timing, connection: Connection, second: datetime
) -> None:
    await timing.process.give_all(Remind("a", "bell", NOON + 2 * HOUR), Remind("a", "bell", second))
    await timing.learn()
    await timing.fire(second - MOMENT)
    assert await rung(connection) == []
    await timing.fire(NOON + 5 * HOUR)
    await timing.learn()
    await timing.fire()
    assert await rung(connection) == [second]


async def test_a_timer_that_was_cleared_and_set_again_for_the_same_time_fires_once(
    timing: Timing, connection: Connection
) -> None:
    again = [Remind("a", "bell", NOON), Forget("a", "bell"), Remind("a", "bell", NOON)]
    await timing.process.give_all(*again)
    await timing.learn()
    await timing.fire()
    assert await rung(connection) == [NOON]


async def test_a_timer_set_anew_after_it_fired_fires_anew(timing: Timing, connection: Connection) -> None:
    for due in (NOON, NOON + HOUR):
        await timing.process.give(Remind("a", "bell", due))
        await timing.learn()
        await timing.fire(due)
        await timing.learn()
    assert await rung(connection) == [NOON, NOON + HOUR]


async def test_a_timer_whose_command_has_nothing_to_do_is_done_too(timing: Timing, connection: Connection) -> None:
    await timing.process.give(Remind("a", "silent", NOON))
    await timing.learn()
    await timing.fire()
    await timing.learn()
    assert await left(connection) == []


async def test_a_timer_that_sets_itself_again_fires_for_every_day_that_was_slept_through(
    timing: Timing, connection: Connection
) -> None:
    await timing.process.give(Remind("a", "daily", NOON))
    timing.clock.moment = NOON + timedelta(days=3, hours=1)
    timing.process.start(timing.process.timing().run())
    await timing.process.leases.release(timing.lease)
    days = [NOON + timedelta(days=n) for n in range(4)]
    await eventually(lambda: rung(connection), until=days.__eq__)
    await eventually(lambda: left(connection), until=[("daily", NOON + timedelta(days=4))].__eq__)


async def test_a_clock_that_jumps_back_fires_nothing_twice_and_nothing_early(
    timing: Timing, connection: Connection
) -> None:
    await timing.process.give_all(Remind("a", "bell", NOON + HOUR), Remind("b", "bell", NOON + 2 * HOUR))
    await timing.learn()
    for moment in (NOON + HOUR, NOON - 24 * HOUR, NOON + 2 * HOUR - MOMENT):
        await timing.fire(moment)
        await timing.learn()
        assert await rung(connection) == [NOON + HOUR]
    await timing.fire(NOON + 2 * HOUR)
    assert await rung(connection) == [NOON + HOUR, NOON + 2 * HOUR]


async def test_a_rebuilt_table_holds_no_timer_that_has_fired(timing: Timing, connection: Connection) -> None:
    await timing.process.give_all(
        Remind("a", "bell", NOON),
        Remind("a", "silent", NOON),
        Remind("b", "bell", NOON + HOUR),
        Remind("c", "bell", NOON),
    )
    await timing.process.give(Forget("c", "bell"))
    await timing.learn()
    await timing.fire()
    await timing.learn()
    lived = await left(connection)
    await connection.execute("truncate timer_v1")
    await connection.execute("update subscription set position = 0")
    timing.lease.position = 0
    await timing.learn()
    assert await left(connection) == lived == [("bell", NOON + HOUR)]


async def test_the_ids_of_a_timers_effect_follow_from_the_deadline_alone(
    timing: Timing, connection: Connection
) -> None:
    """So that a timer that fired before a restore fires into the same events after it."""
    await timing.process.give(Remind("a", "bell", NOON), "reminding")
    await timing.learn()
    await timing.fire()
    (ringing,) = (await read_page(connection, 0, 10, ["Rung"])).rows
    deadline = (await read_page(connection, 0, 10, ["DeadlineSet"])).rows[0]
    assert ringing.context().causation_id == deadline.event_id
    assert ringing.context().correlation_id == "reminding"


async def test_more_timers_than_are_fired_at_once_all_fire(timing: Timing, connection: Connection) -> None:
    await timing.process.give_all(*[Remind(f"c{n}", "bell", NOON) for n in range(700)])
    timing.process.start(timing.process.timing().run())
    await timing.process.leases.release(timing.lease)
    await eventually(lambda: rung(connection), until=lambda times: len(times) == 700)
    await eventually(lambda: left(connection), until=[].__eq__)
    assert len(await rung(connection)) == 700


async def test_of_several_replicas_one_fires_and_when_it_is_gone_another_goes_on(
    two: tuple[Process, Process], connection: Connection
) -> None:
    running = [process.start(process.timing().run()) for process in two]
    for count in (30, 60, 90):
        await two[0].give_all(*[Remind(f"c{n}-{count}", "bell", NOON) for n in range(30)])
        await eventually(lambda: rung_times(connection), 20, until=count.__le__)
        owner = await (await connection.execute("select owner from subscription")).fetchone()
        assert owner is not None
        backend = str(owner[0]).partition("@")[0]
        await connection.execute("select pg_terminate_backend(%s::int, 5000)", (backend,))
    await eventually(lambda: left(connection), 20, until=[].__eq__)
    assert len(await rung(connection)) == 90
    assert not any(task.done() for task in running)


async def test_a_timer_whose_command_fails_stays_due_and_loud_while_the_others_fire(
    timing: Timing, connection: Connection, logged_errors: ErrorLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that no rule knows, and one whose handler has a bug, are both due before the good one."""
    logged_errors.expect("timer_failed", "decide_failed")
    monkeypatch.setattr(timers, "FIRED_AT_ONCE", 2)
    await timing.process.give_all(
        Remind("a", "unknown", NOON - HOUR), Remind("b", "broken", NOON - HOUR), Remind("c", "bell", NOON)
    )
    await timing.learn()
    for _ in range(3):
        await timing.fire()
    assert await rung(connection) == [NOON]
    assert timing.trouble == "2 due timers cannot be fired"
    assert len([line for line in logged_errors.seen if line.getMessage().endswith("cannot be fired")]) == 2
    await timing.learn()
    assert sorted(await left(connection)) == [("broken", NOON - HOUR), ("unknown", NOON - HOUR)]
    assert await timing.due()


@pytest.mark.fault
async def test_a_process_killed_after_firing_leaves_one_effect(
    url: str, process: Process, connection: Connection, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("offset 0\n")
    FileClock(clock).set(NOON + HOUR)
    await process.give_all(*[Remind(f"c{n}", "bell", NOON + HOUR) for n in range(20)])
    async with program("time", url, clock, failpoint="timer.after_fire:1") as child:
        assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
    assert (len(await rung(connection)), len(await left(connection))) == (20, 20)
    async with program("time", url, clock):
        await eventually(lambda: left(connection), 20, until=[].__eq__)
    assert await rung(connection) == [NOON + HOUR] * 20


def test_a_timers_rule_makes_its_command_with_the_due_time() -> None:
    assert TIMER_RULES["counter", "bell"]("a", "", NOON) == Ring("a", "bell", NOON)
