"""Following the log: one owner at a time, position and effect together, trouble that is set aside or holds."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest
from sqlalchemy import text

from shared import subscription as following
from shared.database import Connection
from shared.leases import Lease
from shared.log.read import Page, read_head, read_page
from shared.parking import MOST_IN_A_ROW
from shared.subscription import Subscription
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from tests.kernel.counter import CODEC, COUNTS, Add, Added, Note
from tests.kernel.counting import Process, counts, ended
from tests.kernel.programs import program


class Seen:
    """Work that remembers what it was given; a position in `poison` cannot be handled."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.positions: list[int] = []
        self.poison: set[int] = set()

    async def __call__(self, lease: Lease, page: Page) -> None:
        mine = [row.position for row in page.rows]
        if self.poison & set(mine):
            raise ValueError("it cannot be handled")
        self.positions += mine
        await lease.move(page.reached)


async def position(connection: Connection, name: str = "follower") -> int | None:
    row = await (await connection.execute("select position from subscription where name = %s", (name,))).fetchone()
    return row[0] if row else None


async def counted_anew(connection: Connection) -> dict[str, int]:
    """The same from the log itself."""
    totals: dict[str, int] = {}
    for row in (await read_page(connection, 0, 10_000, ["Added"])).rows:
        event: Added = CODEC.decode(row.type, row.data)
        totals[row.entity] = totals.get(row.entity, 0) + event.amount
    return totals


# --- one of many -----------------------------------------------------------------------------------------------------


async def test_of_many_followers_exactly_one_follows(two: tuple[Process, Process], connection: Connection) -> None:
    seen = [Seen(process) for process in two for _ in range(3)]
    for work in seen:
        work.process.start(work.process.subscription("follower", work).run())
    for number in range(20):
        await two[number % 2].give(Add("a"))
    await eventually(lambda: position(connection), until=lambda at: at == 20)
    assert sorted(work.positions for work in seen) == [[]] * 5 + [list(range(1, 21))]


async def test_another_process_goes_on_where_a_dead_one_stopped(
    two: tuple[Process, Process], connection: Connection
) -> None:
    seen = [Seen(process) for process in two]
    await two[0].give_all(Add("a"), Add("a"))
    dying = two[0].start(two[0].subscription("follower", seen[0]).run())
    await eventually(lambda: position(connection), until=lambda at: at == 2)
    two[1].start(two[1].subscription("follower", seen[1]).run())
    await ended(dying)
    await two[1].give_all(Add("a"), Add("a"))
    await eventually(lambda: seen[1].positions, until=lambda positions: positions == [3, 4])


# --- where it begins, and when it wakes -----------------------------------------------------------------------------


async def test_a_new_subscription_begins_at_the_beginning_or_when_asked_at_the_end(process: Process) -> None:
    await process.give_all(Add("a"), Add("a"))
    old, new = Seen(process), Seen(process)
    process.start(process.subscription("from the start", old).run())
    process.start(process.subscription("from the end", new, from_end=True).run())
    await eventually(lambda: old.positions, until=lambda positions: positions == [1, 2])
    await eventually(lambda: position_is_held(process, "from the end"))
    await process.give(Add("a"))
    await eventually(lambda: (old.positions, new.positions), until=lambda both: both == ([1, 2, 3], [3]))


async def position_is_held(process: Process, name: str) -> bool:
    async with process.database.engine.connect() as db:
        found = await db.execute(
            text("select from subscription where name = :name and owner is not null"), {"name": name}
        )
        return found.first() is not None


async def test_events_of_other_types_are_passed_over_up_to_the_head(process: Process, connection: Connection) -> None:
    seen = Seen(process)
    process.start(process.subscription("follower", seen, types=["Noted"]).run())
    await process.give_all(Add("a"), Note("a", "x"), Add("a"), Add("a"))
    await eventually(lambda: position(connection), until=lambda at: at == 4)
    assert seen.positions == [2]


@pytest.mark.parametrize("who", ["the same process", "another process"])
async def test_an_append_wakes_the_followers(
    two: tuple[Process, Process], who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "POLL", 60.0)
    seen = Seen(two[0])
    two[0].start(two[0].subscription("follower", seen).run())
    giver = two[0] if who == "the same process" else two[1]
    for number in range(1, 4):
        await giver.give(Add("a"))
        await eventually(lambda: len(seen.positions), until=number.__eq__)


async def test_a_follower_that_nobody_wakes_looks_by_itself(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "POLL", 0.05)
    async with Process(url, "deaf") as deaf, Process(url, "other") as other:
        seen = Seen(deaf)
        monkeypatch.setattr(deaf.signal, "wake", lambda: None)
        deaf.start(deaf.subscription("follower", seen).run())
        await eventually(lambda: position_is_held(deaf, "follower"))
        await other.give(Add("a"))
        await eventually(lambda: seen.positions == [1])


# --- trouble --------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(process: Process) -> tuple[Seen, Subscription]:
    seen = Seen(process)
    return seen, process.subscription("follower", seen)


@pytest.mark.parametrize("poison", [1, 3, 5])
async def test_an_event_that_cannot_be_handled_is_found_and_set_aside_and_its_follower_goes_on(
    process: Process, held: tuple[Seen, Subscription], connection: Connection, logged_errors: ErrorLog, poison: int
) -> None:
    logged_errors.expect("event_parked")
    seen, subscription = held
    seen.poison = {poison}
    await process.give_all(*[Add(f"c{number}") for number in range(1, 6)])
    process.start(subscription.run())
    process.start(process.projecting(COUNTS).run())
    await eventually(lambda: position(connection), until=lambda at: at == 5)
    assert (seen.positions, subscription.trouble) == ([n for n in range(1, 6) if n != poison], None)
    (told,) = logged_errors.seen
    assert told.getMessage().startswith(f"follower parks the event at position {poison}, a Added")
    await eventually(lambda: position(connection, COUNTS.name), until=lambda at: at == 5)


async def test_a_follower_is_held_where_nothing_can_be_handled_and_goes_on_when_it_can(
    process: Process, held: tuple[Seen, Subscription], connection: Connection, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("event_parked", "subscription_held")
    seen, subscription = held
    seen.poison = set(range(2, 100))
    await process.give_all(*[Add(f"c{number}") for number in range(1, MOST_IN_A_ROW + 4)])
    process.start(subscription.run())
    await eventually(lambda: subscription.trouble)
    assert subscription.trouble == "ValueError: it cannot be handled"
    assert (await position(connection), seen.positions) == (MOST_IN_A_ROW + 1, [1])
    assert logged_errors.seen[-1].getMessage() == f"follower is held after position {MOST_IN_A_ROW + 1}"
    seen.poison.clear()
    rest = [MOST_IN_A_ROW + 2, MOST_IN_A_ROW + 3]
    await eventually(lambda: (seen.positions, subscription.trouble), until=lambda now: now == ([1, *rest], None))


async def test_a_follower_is_held_by_trouble_that_no_event_has_made(
    process: Process, connection: Connection, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("subscription_held")
    seen, broken = Seen(process), [True]

    async def tick(_lease: Lease) -> float:
        if broken:
            raise ValueError("it is not an event")
        return 1.0

    subscription = process.subscription("follower", seen, idle_work=tick)
    await process.give_all(Add("a"), Add("a"))
    process.start(subscription.run())
    await eventually(lambda: subscription.trouble)
    assert (await position(connection), seen.positions) == (2, [1, 2])
    broken.clear()
    await eventually(lambda: subscription.trouble is None)


async def test_trouble_that_passes_holds_nothing_up_for_good(process: Process, connection: Connection) -> None:
    seen = Seen(process)
    process.start(process.subscription("follower", seen).run())
    for number in range(1, 6):
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name in ('counter', %s, %s)",
            ("counter follow follower", "counter listen"),
        )
        await process.give(Add("a"))
        await eventually(lambda: position(connection), until=number.__eq__)
    assert sorted(set(seen.positions)) == [1, 2, 3, 4, 5], "some of them again, as their move was lost"


async def test_a_stopped_follower_finishes_its_page_and_lets_go(process: Process, connection: Connection) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slowly(lease: Lease, page: Page) -> None:
        entered.set()
        await leave.wait()
        await lease.move(page.reached)

    await process.give(Add("a"))
    subscription = process.subscription("follower", slowly)
    running = process.start(subscription.run())
    await entered.wait()
    subscription.stop()
    leave.set()
    await running
    assert await position(connection) == 1
    assert not await position_is_held(process, "follower")


# --- crashes --------------------------------------------------------------------------------------------------------


@pytest.mark.fault
async def test_rows_and_position_survive_a_kill_together(url: str, process: Process, connection: Connection) -> None:
    """Killed before the commit of the second page, and started again until it has caught up."""
    amounts = [Add(f"c{n % 5}", n) for n in range(40)]
    for killed in (1, 2):
        await process.give_all(*amounts)
        async with program("follow", url, failpoint="projection.before_commit:1") as child:
            assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
        assert await counts(connection) == ({} if killed == 1 else await counted_up_to(connection, 40))
        async with program("follow", url):
            head = await read_head(connection)
            await eventually(lambda: position(connection, COUNTS.name), 20, until=head.__eq__)
    assert await counts(connection) == await counted_anew(connection)


async def counted_up_to(connection: Connection, head: int) -> dict[str, Any]:
    query = """select stream, sum((data->>'amount')::int)::int from event where position <= %s group by stream"""
    rows = await (await connection.execute(query, (head,))).fetchall()
    return {stream.removeprefix("counter-"): total for stream, total in rows}
