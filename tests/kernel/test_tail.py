"""Pages for subscriptions, from the shared tail or read ahead: every row once and in order, however far behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from shared import subscription as following
from shared import tail as tails
from shared.database import Connection
from shared.leases import Lease
from shared.log.read import Page, read_head
from shared.tail import Pages, Tail
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from tests.kernel.counter import Add, Note
from tests.kernel.counting import Process


class Reader:
    """A subscription's way of reading, without its work."""

    def __init__(self, process: Process, types: Sequence[str] | None = None, limit: int = 7) -> None:
        self.pages = Pages(process.database, process.tail, "reader", types)
        self.position, self.limit = 0, limit
        self.seen: list[int] = []

    async def turn(self) -> Page:
        page = await self.pages.after(self.position, self.limit)
        assert page.reached >= self.position
        self.seen += [row.position for row in page.rows]
        self.position = page.reached
        return page

    async def catch_up(self) -> None:
        while not (await self.turn()).at_head:
            pass


@pytest_asyncio.fixture
async def readers(process: Process, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Reader]]:
    """Of all rows and of some, by small pages; the tail holds ten rows."""
    monkeypatch.setattr(tails, "HELD", 10)
    readers = [Reader(process), Reader(process, ["Noted"]), Reader(process, ["Added"], 3), Reader(process, ["Rung"])]
    yield readers
    for reader in readers:
        await reader.pages.close()


async def test_readers_near_and_far_see_every_row_once_and_in_order(process: Process, readers: list[Reader]) -> None:
    chance, written = random.Random(7), 0
    for _ in range(60):
        for _ in range(chance.choice([0, 1, 2, 5, 30])):
            written += 1
            await process.give(Note("a", "x") if written % 3 == 0 else Add("a"))
        some = [reader for reader in readers if chance.random() < 0.5]
        await asyncio.gather(*[reader.turn() for reader in some])
    await asyncio.gather(*[reader.catch_up() for reader in readers])
    every = list(range(1, written + 1))
    notes = every[2::3]
    assert readers[0].seen == every
    assert readers[1].seen == notes
    assert readers[2].seen == [position for position in every if position not in notes]
    assert (readers[3].seen, readers[3].position) == ([], written)


async def test_a_page_has_all_that_was_there_when_it_was_asked_for(process: Process, readers: list[Reader]) -> None:
    """Also while another reader's look is under way, which began before."""
    await readers[0].catch_up()
    for _ in range(30):
        looking = asyncio.create_task(readers[1].turn())
        answer = await process.give(Add("a"))
        assert (await readers[0].turn()).reached >= answer.position
        await looking


async def test_what_is_appended_while_a_page_read_ahead_is_worked_on_is_noticed_at_once(
    process: Process, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look at the head was before the wake-up for it was forgotten."""
    monkeypatch.setattr(following, "POLL", 60.0)
    await process.tail.page(0, 1, None)  # the tail begins here: who starts from zero has to read for himself
    await process.give_all(*[Add("a") for _ in range(20)])
    seen: list[int] = []

    async def work(lease: Lease, page: Page) -> None:
        if not seen:
            await asyncio.sleep(0)  # the second page is being read
            await process.give_all(*[Add("a") for _ in range(3)])
        seen.extend(row.position for row in page.rows)
        await lease.move(page.reached)

    process.start(process.subscription("follower", work, page=10).run())
    await eventually(lambda: seen, 10, until=list(range(1, 24)).__eq__)


async def test_a_log_that_became_shorter_is_told_and_read_on_from_there(
    process: Process, readers: list[Reader], connection: Connection, logged_errors: ErrorLog
) -> None:
    """An older state of the database was restored under a running process."""
    logged_errors.expect("log_shorter")
    await process.give_all(*[Add("a") for _ in range(5)])
    await readers[0].catch_up()
    await connection.execute("alter table event disable trigger user")
    await connection.execute("delete from event where position > 3")
    await connection.execute("update log_head set position = 3")
    await readers[0].turn()
    fresh = Reader(process)
    await fresh.catch_up()
    await fresh.pages.close()
    assert (fresh.seen, await read_head(connection)) == ([1, 2, 3], 3)
    assert "log_shorter" in [getattr(line, "action", "") for line in logged_errors.seen]


async def test_a_closed_tail_leaves_no_read_behind(process: Process) -> None:
    """A read that goes on after its connection was closed would disturb whoever gets that file descriptor next."""
    tail = Tail(process.database)
    asking = [asyncio.create_task(tail.page(0, 10, None)) for _ in range(3)]
    await asyncio.sleep(0)
    await tail.close()
    await asyncio.gather(*asking, return_exceptions=True)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "tail" and not task.done()]
