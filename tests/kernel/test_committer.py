"""Decide many, commit once: every command has one outcome, whatever happens beside it."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from shared import queueing
from shared.database import Connection, Database
from shared.deciding import Decided
from shared.errors import IdempotencyKeyReused, Unavailable
from shared.log.read import read_page
from shared.outcomes import Answer
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from tests.kernel.counter import CODEC, NOON, Add, Added, Break, Look, Note, Noted, Stray, Take, TakingRefused, Transfer
from tests.kernel.counting import FixedClock, Process, context, somebody_waits_for_a_lock


async def stored(connection: Connection) -> list[tuple[str, int | None, str]]:
    return [(row.stream, row.version, row.type) for row in (await read_page(connection, 0, 10_000)).rows]


def outcome(answer: Answer) -> str:
    return answer.refusal.code if answer.refusal else answer.result.outcome


# --- deciding -------------------------------------------------------------------------------------------------------


async def test_commands_are_answered_with_their_events_and_position(process: Process) -> None:
    first, second = await process.give_all(Add("a", 2), Transfer("a", "b", 1))
    assert [(e.entity, e.version, e.event) for e in first.events] == [("a", 1, Added(NOON, 2))]
    assert [(e.entity, e.version, e.event) for e in second.events] == [
        ("a", 2, Added(NOON, -1)),
        ("b", 1, Added(NOON, 1)),
    ]
    assert (first.position, second.position) == (1, 3)


async def test_each_command_sees_what_those_before_it_in_the_batch_have_done(process: Process) -> None:
    answers = await process.give_all(Add("a", 2), Take("a", 2), Take("a", 1), Add("a", 5), Take("a", 5))
    assert [outcome(a) for a in answers] == ["accepted", "accepted", "NOT_ENOUGH", "accepted", "accepted"]
    assert process.committer.batches == 1


async def test_states_that_are_not_held_are_loaded_from_the_log(url: str, process: Process) -> None:
    await process.give_all(*[Add(f"c{n % 7}", n) for n in range(50)])
    async with Process(url) as other:
        answers = await other.give_all(*[Take(f"c{n}", sum(range(n, 50, 7))) for n in range(7)])
    assert [outcome(a) for a in answers] == ["accepted"] * 7
    assert other.committer.stale_batches == 0


async def test_a_command_with_nothing_to_do_is_remembered_and_adds_nothing(
    process: Process, connection: Connection
) -> None:
    answers = [await process.give(Look("a"), "look") for _ in range(2)]
    assert [(outcome(a), a.repeated) for a in answers] == [("unchanged", False), ("unchanged", True)]
    assert await stored(connection) == []


async def test_a_refusal_is_repeated_identically_although_it_would_be_granted_by_now(process: Process) -> None:
    first = await process.give(Take("a", 1), "take")
    await process.give(Add("a", 5))
    again = await process.give(Take("a", 1), "take")
    assert first.refusal is not None
    assert (again.refusal, again.repeated) == (first.refusal, True)
    assert first.refusal.detail == "1 asked, 0 there"


async def test_a_refusal_that_must_be_remembered_leaves_its_events_once(
    process: Process, connection: Connection
) -> None:
    answers = [await process.give(Take("a", 1, remember=True), "take") for _ in range(3)]
    assert [outcome(a) for a in answers] == ["NOT_ENOUGH"] * 3
    assert {next(e.event for e in a.events) for a in answers} == {TakingRefused(NOON, 1)}
    assert await stored(connection) == [("counter-a", 1, "TakingRefused")]


# --- the same command again -----------------------------------------------------------------------------------------


async def test_the_same_command_given_often_at_once_is_done_once(process: Process) -> None:
    answers = await asyncio.gather(*[process.give(Add("a"), "add") for _ in range(20)])
    assert {a.events for a in answers} == {(Decided(answers[0].events[0].event_id, "a", 1, Added(NOON, 1)),)}


async def test_the_same_command_through_two_processes_is_done_once(url: str, connection: Connection) -> None:
    async with Process(url, "one") as one, Process(url, "two") as two:
        for number in range(20):
            first, second = await asyncio.gather(*[p.give(Add("a"), f"add-{number}") for p in (one, two)])
            assert first.events == second.events
            assert sorted([first.repeated, second.repeated]) == [False, True]
    assert len(await stored(connection)) == 20


async def test_a_restarted_process_gives_the_first_answer_again(url: str) -> None:
    async with Process(url) as before:
        first = await before.give(Add("a", 3), "add")
    async with Process(url) as after:
        again = await after.give(Add("a", 3), "add")
    assert again == replace(first, repeated=True)


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_same_id_with_another_body_is_refused(url: str, restarted: bool) -> None:
    async with Process(url) as process:
        await process.give(Add("a", 1), "add", body_hash=hashed("1"))
        if not restarted:
            with pytest.raises(IdempotencyKeyReused):
                await process.give(Add("a", 2), "add", body_hash=hashed("2"))
    async with Process(url) as process:
        with pytest.raises(IdempotencyKeyReused):
            await process.give(Add("a", 2), "add", body_hash=hashed("2"))
        assert (await process.give(Add("a", 1), "add", body_hash=hashed("1"))).repeated


async def test_the_same_id_with_another_body_is_refused_while_the_first_is_running(process: Process) -> None:
    first = process.committer.enqueue(Add("a", 1), context("add"), body_hash=hashed("1"))
    with pytest.raises(IdempotencyKeyReused):
        await process.give(Add("a", 2), "add", body_hash=hashed("2"))
    assert outcome(await first) == "accepted"


async def test_a_caller_that_goes_away_and_asks_again_gets_the_answer(process: Process, connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute("select from log_head for update")
        gone = asyncio.create_task(process.give(Add("a"), "add"))
        await eventually(lambda: not process.committer.idle)
        gone.cancel()
        again = asyncio.create_task(process.give(Add("a"), "add"))
        await asyncio.wait([gone])
    assert outcome(await again) == "accepted"
    assert len(await stored(connection)) == 1


async def test_a_command_that_was_abandoned_while_it_waited_is_done_once_when_given_again(
    process: Process, connection: Connection, logged_errors: ErrorLog
) -> None:
    abandoned = process.committer.enqueue(Add("a"), context("add"))
    abandoned.cancel()
    await asyncio.wait([abandoned])
    answers = await asyncio.gather(process.give(Add("a"), "add"), process.give(Add("b"), "other"))
    assert [outcome(a) for a in answers] == ["accepted", "accepted"]
    assert sorted(await stored(connection)) == [("counter-a", 1, "Added"), ("counter-b", 1, "Added")]


# --- other processes ------------------------------------------------------------------------------------------------


async def test_a_refusal_from_a_stale_state_is_decided_again(url: str) -> None:
    async with Process(url, "one") as one, Process(url, "two") as two:
        await one.give(Look("a"))  # it holds the state now: nothing there
        await two.give(Add("a", 5))
        assert outcome(await one.give(Take("a", 5))) == "accepted"
        assert one.committer.stale_batches == 1


async def test_nothing_to_do_from_a_stale_state_is_decided_again(url: str) -> None:
    async with Process(url, "one") as one, Process(url, "two") as two:
        await one.give(Add("a", 5))
        await two.give(Take("a", 5))
        assert outcome(await one.give(Transfer("a", "b", 5))) == "NOT_ENOUGH"


async def test_a_stale_stream_that_the_first_try_did_not_read_is_found_too(url: str) -> None:
    """Under the lock other branches may be taken, and other streams read, than before."""
    async with Process(url, "one") as one, Process(url, "two") as two:
        await one.give_all(Look("a"), Look("b"))
        await two.give_all(Add("a", 1), Add("b", 1))
        answers = await one.give_all(Transfer("a", "b", 1), Take("b", 2), Look("a"))
        assert [outcome(a) for a in answers] == ["accepted", "accepted", "unchanged"]


async def test_what_was_decided_over_a_batch_that_the_log_refuses_is_decided_again(url: str) -> None:
    """The second half is decided over what the first would have left, had it not been stale."""
    async with Process(url, "one") as one, Process(url, "two") as two:
        await one.give(Add("a", 10))
        await two.give(Take("a", 10))
        answers = await one.give_all(*[Take("a", 1) for _ in range(200)])
        assert {outcome(answer) for answer in answers} == {"NOT_ENOUGH"}
        assert one.committer.stale_batches == 1


async def test_many_waiting_commands_are_decided_in_order_while_others_are_written(
    process: Process, connection: Connection
) -> None:
    answers = await process.give_all(*[Add("a", n) for n in range(500)])
    assert process.committer.batches > 1
    assert [answer.events[0].version for answer in answers] == list(range(1, 501))
    rows = (await read_page(connection, 0, 1_000)).rows
    assert [CODEC.decode(row.type, row.data).amount for row in rows] == list(range(500))


async def test_commands_given_while_a_batch_is_written_wait_for_no_other(process: Process, url: str) -> None:
    """And see what it left, which no one else has seen yet."""
    async with await Database(url, name="test").connect("locks") as holder:
        await process.give(Add("a", 1))
        async with holder.transaction():
            await holder.execute("select from log_head for update")
            first = asyncio.create_task(process.give(Add("a", 1)))
            await eventually(lambda: somebody_waits_for_a_lock(holder))
            second = asyncio.create_task(process.give(Take("a", 2)))
            await asyncio.sleep(0)
        assert [outcome(await first), outcome(await second)] == ["accepted", "accepted"]
    assert process.committer.batches == 3


async def test_if_match_of_an_old_version_is_a_conflict(process: Process) -> None:
    await process.give_all(Add("a"), Add("a"))
    answers = [await process.give(Add("a"), if_match=("counter-a", version)) for version in (1, 2, 2)]
    assert [outcome(a) for a in answers] == ["VERSION_CONFLICT", "accepted", "VERSION_CONFLICT"]


async def test_if_match_is_compared_with_what_other_processes_have_done(url: str) -> None:
    async with Process(url, "one") as one, Process(url, "two") as two:
        await one.give(Add("a"))
        await two.give(Add("a"))
        assert outcome(await one.give(Add("a"), if_match=("counter-a", 1))) == "VERSION_CONFLICT"
        assert outcome(await one.give(Add("a"), if_match=("counter-a", 2))) == "accepted"


# --- one bad command among good ones --------------------------------------------------------------------------------


async def test_a_handler_with_a_bug_fails_its_own_command_alone(process: Process, logged_errors: ErrorLog) -> None:
    logged_errors.expect("decide_failed")
    adding, broken, more = await asyncio.gather(
        process.give(Add("a")), process.give(Break("a")), process.give(Add("a")), return_exceptions=True
    )
    assert isinstance(broken, ZeroDivisionError)
    assert [a.events[0].version for a in (adding, more) if isinstance(a, Answer)] == [1, 2]


async def test_a_handler_that_changes_what_it_did_not_read_fails_alone(
    process: Process, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("decide_failed")
    stray, adding = await asyncio.gather(process.give(Stray("a")), process.give(Add("a")), return_exceptions=True)
    assert isinstance(stray, TypeError)
    assert "did not read" in str(stray)
    assert isinstance(adding, Answer)


@pytest.mark.parametrize("bad", [Add("a\0"), Note("a", "\ud800")], ids=["null", "surrogate"])
async def test_what_cannot_be_stored_fails_its_own_command_alone(
    process: Process, connection: Connection, logged_errors: ErrorLog, bad: Add | Note
) -> None:
    logged_errors.expect("append_failed", "decide_failed")
    commands = [Add("x"), Add("y"), bad, Add("x"), Add("y")]
    answers = await asyncio.gather(*[process.give(command) for command in commands], return_exceptions=True)
    assert [isinstance(answer, Answer) for answer in answers] == [True, True, False, True, True]
    assert len(await stored(connection)) == 4


async def test_a_null_character_in_a_text_is_kept(url: str, process: Process) -> None:
    await process.give(Note("a", "x\0y"), "note")
    async with Process(url) as other:
        again = await other.give(Note("a", "x\0y"), "note")
    assert [event.event for event in again.events] == [Noted(NOON, "x\0y")]


async def test_a_row_inserted_by_hand_stops_its_stream_and_no_other(
    process: Process, connection: Connection, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("append_failed")
    await process.give_all(Add("a"), Add("b"))
    await connection.execute(
        """insert into event select 1000, 'by hand', origin, category, stream, 2, type, schema_version, data, meta,
           occurred_at, recorded_at, chain from event where stream = 'counter-a'"""
    )
    for _ in range(2):
        to_a, to_b = await asyncio.gather(process.give(Add("a")), process.give(Add("b")), return_exceptions=True)
        assert isinstance(to_a, Exception)
        assert isinstance(to_b, Answer)


# --- too many, and the end ------------------------------------------------------------------------------------------


async def test_too_many_waiting_commands_are_told_to_come_back(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "QUEUE", 3)
    answers = await asyncio.gather(*[process.give(Add("a")) for _ in range(5)], return_exceptions=True)
    assert [type(a) for a in answers] == [Answer, Answer, Answer, Unavailable, Unavailable]
    assert isinstance(await process.give(Add("a")), Answer), "there is room again"


async def test_commands_that_wait_when_the_process_stops_are_all_answered(
    process: Process, connection: Connection
) -> None:
    async with connection.transaction():
        await connection.execute("select from log_head for update")
        waiting = [asyncio.create_task(process.give(Add("a"))) for _ in range(10)]
        await eventually(lambda: somebody_waits_for_a_lock(connection))
        await process.stop_committing()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(a) for a in answers} == {Unavailable}
    with pytest.raises(Unavailable):
        await process.give(Add("a"))


async def test_a_stopping_process_waits_for_the_commands_in_flight(process: Process) -> None:
    waiting = [asyncio.create_task(process.give(Add("a"))) for _ in range(10)]
    await asyncio.sleep(0)
    await process.committer.drained()
    assert [outcome(a) for a in await asyncio.gather(*waiting)] == ["accepted"] * 10


async def test_what_is_recorded_carries_the_time_of_the_clock(url: str, connection: Connection) -> None:
    async with Process(url, clock=FixedClock(NOON.replace(year=2031))) as process:
        await process.give(Add("a"))
    row = (await read_page(connection, 0, 1)).rows[0]
    assert (row.occurred_at, row.recorded_at) == (NOON, NOON.replace(year=2031))


def hashed(body: str) -> bytes:
    return hashlib.sha256(body.encode()).digest()
