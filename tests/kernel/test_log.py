"""What a log must be: dense, in commit order, append-only, each event once. Run by every implementation in `LOGS`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import psycopg
import pytest
import pytest_asyncio

from shared.database import Connection
from shared.testing.waiting import eventually
from tests.kernel.batches import LOGS, Batch, Log
from tests.kernel.counting import somebody_waits_for_a_lock

Open: TypeAlias = Callable[[], Awaitable[Log]]


@pytest_asyncio.fixture(params=LOGS, ids=lambda log: log.__name__)
async def another(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Open]:
    """Opens the same log once more, as another process does."""
    opened: list[Log] = []

    async def open_log() -> Log:
        opened.append(await request.param.open(url))
        return opened[-1]

    yield open_log
    for log in opened:
        await log.close()


@pytest_asyncio.fixture
async def log(another: Open) -> Log:
    return await another()


async def positions(log: Log) -> list[int]:
    return [row.position for row in (await log.read()).rows]


async def versions(log: Log, stream: str) -> list[int | None]:
    return [row.version for row in (await log.read()).rows if row.stream == stream]


async def test_positions_are_dense_and_in_the_order_of_commits(log: Log) -> None:
    for number in range(5):
        appended = await log.append(Batch().reads(a=number).command(f"c{number}", adds=("a",)))
        assert (appended.done, appended.base) == (True, number)
    assert await positions(log) == [1, 2, 3, 4, 5]


async def test_versions_of_a_stream_count_from_one(log: Log) -> None:
    await log.append(Batch().reads(a=0, b=0).command("c1", adds=("a", "b", "a")).command("c2", adds=("a",)))
    await log.append(Batch().reads(a=3).command("c3", adds=("a",)))
    assert await versions(log, "a") == [1, 2, 3, 4]
    assert await versions(log, "b") == [1]


async def test_the_position_of_a_failed_append_is_given_to_the_next(log: Log) -> None:
    with pytest.raises(psycopg.Error):
        await log.append(Batch().reads(a=0).command("c1", adds=("a",), data="no json"))
    await log.append(Batch().reads(a=0).command("c2", adds=("a",)))
    assert await positions(log) == [1]


async def test_a_stale_stream_is_named_and_nothing_is_written(log: Log) -> None:
    await log.append(Batch().reads(a=0, b=0).command("c1", adds=("a",)))
    appended = await log.append(Batch().reads(a=0, b=0).command("c2", adds=("b",)))
    assert appended.stale == ["a"]
    assert await positions(log) == [1]


async def test_a_stale_read_is_named_also_when_nothing_is_to_be_added(log: Log) -> None:
    await log.append(Batch().reads(a=0).command("c1", adds=("a",)))
    refusal = Batch().reads(a=0).command("c2")
    assert (await log.append(refusal)).stale == ["a"]
    assert (await log.append(Batch().reads(a=1).command("c2"))).done, "the stale try left no result behind"


async def test_a_known_command_is_named_and_nothing_is_written(log: Log) -> None:
    await log.append(Batch().reads(a=0).command("c1", adds=("a",)))
    appended = await log.append(Batch().reads(a=1).command("c1", adds=("a",)).command("c2", adds=("a",)))
    assert appended.known == ["c1"]
    assert await positions(log) == [1]


async def test_the_same_event_id_is_never_stored_twice(log: Log) -> None:
    batch = Batch().reads(a=0).command("c1", adds=("a", "a"))
    batch.rows.id[1] = batch.rows.id[0]
    with pytest.raises(psycopg.errors.UniqueViolation, match="event_id_once"):
        await log.append(batch)
    assert await positions(log) == []


async def test_a_page_tells_how_far_it_has_read_and_where_the_head_is(log: Log) -> None:
    await log.append(Batch().reads(a=0).command("c1", adds=("a",) * 7))
    page = await log.read(after=2, limit=3)
    assert ([row.position for row in page.rows], page.reached, page.head, page.at_head) == ([3, 4, 5], 5, 7, False)
    rest = await log.read(after=5, limit=3)
    assert ([row.position for row in rest.rows], rest.reached, rest.at_head) == ([6, 7], 7, True)


async def test_a_page_of_types_that_are_not_there_reaches_the_head(log: Log) -> None:
    await log.append(Batch().reads(a=0).command("c1", adds=("a",) * 3))
    page = await log.read(types=["Nothing"])
    assert (page.rows, page.reached, page.at_head) == ([], 3, True)


async def test_an_empty_log_has_an_empty_page(log: Log) -> None:
    page = await log.read()
    assert (page.rows, page.reached, page.head) == ([], 0, 0)


async def test_an_escaped_null_character_in_the_data_is_kept(log: Log) -> None:
    data = '{"text":"a\\u0000b"}'
    await log.append(Batch().reads(a=0).command("c1", adds=("a",), data=data))
    assert [row.data for row in (await log.read()).rows] == [data]


async def test_data_keeps_its_bytes(log: Log) -> None:
    data = '{"b":1,"a":{"é":"驿站"},"a ":1e2}'
    await log.append(Batch().reads(a=0).command("c1", adds=("a",), data=data))
    assert [row.data for row in (await log.read()).rows] == [data]


async def test_two_appends_of_the_same_commands_in_opposite_order_store_each_once(another: Open) -> None:
    one, two = await another(), await another()
    for number in range(30):
        first, second = f"{number}-first", f"{number}-second"
        batches = (Batch().command(first).command(second), Batch().command(second).command(first))
        answers = await asyncio.gather(one.append(batches[0]), two.append(batches[1]))
        assert sorted(answer.done for answer in answers) == [False, True]
        assert {tuple(sorted(answer.known)) for answer in answers if not answer.done} == {(first, second)}


async def test_of_two_appends_that_read_the_same_version_one_is_stale(another: Open) -> None:
    one, two = await another(), await another()
    for number in range(30):
        batches = [Batch().reads(a=number).command(f"{number}-{who}", adds=("a",)) for who in "xy"]
        answers = await asyncio.gather(one.append(batches[0]), two.append(batches[1]))
        assert sorted(answer.stale for answer in answers) == [[], ["a"]]
    assert await versions(one, "a") == list(range(1, 31))


async def test_a_reader_sees_nothing_of_an_append_that_has_not_committed(another: Open, connection: Connection) -> None:
    log, reader = await another(), await another()
    async with connection.transaction(force_rollback=True):
        await connection.execute("select position from log_head for update")
        appending = asyncio.create_task(log.append(Batch().reads(a=0).command("c1", adds=("a",))))
        await eventually(lambda: somebody_waits_for_a_lock(connection))
        assert (await reader.read()).head == 0
    assert (await appending).done
    assert (await reader.read()).head == 1


@pytest.mark.parametrize(
    "statement",
    ["update event set data = '{}'", "delete from event", "truncate event", "delete from event where false"],
)
async def test_the_table_of_events_refuses_everything_but_inserts(
    log: Log, connection: Connection, statement: str
) -> None:
    await log.append(Batch().reads(a=0).command("c1", adds=("a",)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        await connection.execute(statement)
    assert await positions(log) == [1]


TAKE = """select * from take_page(array['t', 't'], %(parts)s, array[%(offset)s + 1, %(offset)s + 1]::bigint[],
    array[1], array[%(offset)s::bigint], array['id-' || %(offset)s], array['o'], array['t'], array['t/k'], array['T'],
    array[1]::smallint[], array['{}'], array['{}'], array[0::bigint], array['']::bytea[], 0)"""
MOVE = "update subscription set position = position + 1 where name = 'p'"


async def test_ingest_append_and_moves_never_wait_for_each_other_in_a_circle(
    another: Open, connection: Connection
) -> None:
    """Rows of offsets and subscriptions are locked before the head of the log, by everybody."""
    logs = [await another() for _ in range(4)]
    await connection.execute("insert into subscription (name, version, position) values ('p', 1, 0)")

    async def append(log: Log, who: int) -> None:
        for number in range(30):
            await log.append(Batch().reads(**{f"s{who}": number}).command(f"{who}-{number}", adds=(f"s{who}",)))

    async def take(own: Connection, parts: list[int]) -> None:
        for offset in range(30):
            await own.execute(TAKE, {"offset": offset, "parts": parts})

    async def move(own: Connection) -> None:
        for _ in range(30):
            async with own.transaction():
                await own.execute(MOVE)
                await own.execute("select position from log_head for share")

    raw = [log.connection for log in logs]  # type: ignore[attr-defined]
    takers = take(raw[2], [0, 1]), take(raw[3], [1, 0])
    await asyncio.gather(append(logs[0], 0), append(logs[1], 1), *takers, move(connection))
    assert await positions(logs[0]) == list(range(1, 91)), "two times 30 appended, and 30 records taken once"
