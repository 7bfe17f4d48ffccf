"""Verification finds every edit of the log, and names the first position that is not what was appended."""

from __future__ import annotations

import random

import pytest
import pytest_asyncio

from shared.database import Connection
from shared.log.chain import GENESIS
from shared.log.verify import ROWS, after, verify
from tests.kernel.counter import Add, Note
from tests.kernel.counting import Process

EDITS = {
    "event_id": "event_id || 'x'",
    "origin": "'elsewhere', version = null",
    "category": "'kounter'",
    "stream": "stream || 'x'",
    "version": "version + 1000",
    "type": "type || 'x'",
    "schema_version": "schema_version + 1",
    "data": "replace(data::text, '4:00:00', '4:00:01')::json",
    "meta": "replace(meta::text, 'machine', 'mashine')::json",
    "occurred_at": "occurred_at + interval '1 microsecond'",
    "recorded_at": "recorded_at - interval '1 microsecond'",
    "chain": "sha256(chain)",
}


@pytest_asyncio.fixture
async def forger(process: Process, connection: Connection) -> Connection:
    """The superuser, with 60 events and the guard of the table put aside."""
    for _ in range(3):
        await process.give_all(*[command for n in range(10) for command in (Add(f"c{n}"), Note(f"c{n}", "驿站"))])
    await connection.execute("alter table event disable trigger user")
    return connection


async def fault_at(connection: Connection) -> int | None:
    """The first bad position, if any."""
    verdict = await verify(connection)
    return verdict.position if verdict.fault else None


async def test_an_untouched_log_verifies_up_to_its_head(forger: Connection) -> None:
    verdict = await verify(forger)
    assert (verdict.fault, verdict.checked, verdict.position) == (None, 60, 60)


async def test_an_empty_log_verifies(connection: Connection) -> None:
    verdict = await verify(connection)
    assert (verdict.fault, verdict.checked) == (None, 0)


def test_an_edit_of_every_column_is_tried() -> None:
    columns = ROWS.partition("from")[0].replace("select", "").replace("::text", "").split(",")
    assert {column.strip() for column in columns} - {"position"} == EDITS.keys()


@pytest.mark.parametrize("column", EDITS)
async def test_an_edited_column_is_found(forger: Connection, column: str) -> None:
    await forger.execute(f"update event set {column} = {EDITS[column]} where position = 17".encode())
    assert await fault_at(forger) == 17


async def test_data_that_only_reads_the_same_is_found(forger: Connection) -> None:
    await forger.execute("update event set data = data::jsonb::json where position = 17")
    assert await fault_at(forger) == 17


@pytest.mark.parametrize("position", [1, 17, 60])
async def test_a_deleted_row_is_found(forger: Connection, position: int) -> None:
    await forger.execute("delete from event where position = %s", (position,))
    assert await fault_at(forger) == position


async def test_a_deleted_row_whose_successors_were_moved_up_is_found(forger: Connection) -> None:
    await forger.execute("delete from event where position = 17")
    await forger.execute("update event set position = -position where position > 17")
    await forger.execute("update event set position = -position - 1 where position < 0")
    await forger.execute("update log_head set position = 59")
    assert await fault_at(forger) == 17


async def test_exchanged_rows_are_found(forger: Connection) -> None:
    for old, new in ((17, 0), (18, 17), (0, 18)):
        await forger.execute("update event set position = %s where position = %s", (new, old))
    assert await fault_at(forger) == 17


async def test_an_inserted_row_is_found(forger: Connection) -> None:
    await forger.execute(
        """insert into event select 61, 'forged', origin, category, stream, version + 1, type, schema_version, data,
           meta, occurred_at, recorded_at, chain from event where position = 60"""
    )
    assert await fault_at(forger) == 61


async def test_a_history_rewritten_with_its_whole_chain_differs_from_the_exported_head(forger: Connection) -> None:
    """The chain is no secret: who edits a row can compute it anew. Only what was kept elsewhere tells."""
    exported = await verify(forger)
    await forger.execute("update event set occurred_at = occurred_at + interval '1 day' where position = 17")
    await chain_anew(forger)
    assert (await verify(forger)).fault is None
    assert (await verify(forger, (exported.position, exported.chain))).position == exported.position
    assert (await verify(forger, (exported.position, exported.chain))).fault is not None


async def chain_anew(connection: Connection) -> None:
    chain = GENESIS
    for row in await (await connection.execute(ROWS, (0, 1_000))).fetchall():
        chain = after(chain, row)
        await connection.execute("update event set chain = %s where position = %s", (chain, row[0]))
    await connection.execute("update log_head set chain = %s", (chain,))


async def test_a_log_that_was_cut_off_is_found_by_its_head(forger: Connection) -> None:
    await forger.execute("delete from event where position > 50")
    assert await fault_at(forger) == 51


async def test_a_log_cut_off_with_its_head_is_shorter_than_the_exported_head(forger: Connection) -> None:
    exported = await verify(forger)
    await forger.execute("delete from event where position > 50")
    await forger.execute("update log_head set position = 50, chain = (select chain from event where position = 50)")
    assert (await verify(forger)).fault is None
    verdict = await verify(forger, (exported.position, exported.chain))
    assert (verdict.position, verdict.fault) == (51, "the log ends at 50, 60 was exported")


async def test_a_log_that_has_grown_since_still_holds_the_exported_head(process: Process, forger: Connection) -> None:
    exported = await verify(forger)
    await process.give_all(Add("c1"), Add("c2"))
    verdict = await verify(forger, (exported.position, exported.chain))
    assert (verdict.position, verdict.fault) == (62, None)


async def test_random_tampering_is_always_found_at_its_first_position(forger: Connection) -> None:
    chance = random.Random(20260123)
    for _ in range(50):
        places = sorted(chance.sample(range(1, 61), chance.randint(1, 3)))
        async with forger.transaction(force_rollback=True):
            for place in places:
                column = chance.choice([column for column in EDITS if column not in ("event_id", "stream")])
                await forger.execute(f"update event set {column} = {EDITS[column]} where position = {place}".encode())
            assert await fault_at(forger) == places[0]
    assert await fault_at(forger) is None


SWAP = """update event e set data = o.data, meta = o.meta, chain = o.chain from event o
  where (e.position, o.position) in ((%(at)s, %(to)s), (%(to)s, %(at)s))"""
FORGE = """insert into event select position + 1, event_id || 'x', origin, category, stream, version + 1000, type,
  schema_version, data, meta, occurred_at, recorded_at, chain from event where position = 60"""
CUT = "delete from event where position >= %(at)s"
CUT_HEAD = """update log_head set position = %(at)s - 1,
  chain = coalesce((select chain from event where position = %(at)s - 1), sha256('yizhan'))"""


def tampering(chance: random.Random) -> tuple[list[str], dict[str, int], int]:
    """What somebody with every right may do to 60 rows, and the first position that is not what was appended."""
    at, to = sorted(chance.sample(range(1, 61), 2))
    edit = chance.choice(sorted(EDITS))
    statements, first = chance.choice(
        [
            ([f"update event set {edit} = {EDITS[edit]} where position = %(at)s"], at),
            ([f"update event set {edit} = {EDITS[edit]} where position between %(at)s and %(to)s"], at),
            (["delete from event where position = %(at)s"], at),
            (["delete from event where position between %(at)s and %(to)s"], at),
            ([CUT], at),
            ([CUT, CUT_HEAD], at),
            ([SWAP], at),
            ([FORGE], 61),
            ([FORGE, "update log_head set position = 61"], 61),
        ]
    )
    return statements, {"at": at, "to": to}, first


async def test_of_two_hundred_random_tamperings_each_is_found_at_its_first_position(forger: Connection) -> None:
    """With the head that was exported before; each is undone before the next."""
    exported, chance = await verify(forger), random.Random(2026)
    for number in range(200):
        statements, places, first = tampering(chance)
        async with forger.transaction(force_rollback=True):
            for statement in statements:
                await forger.execute(statement.encode(), places)
            verdict = await verify(forger, (exported.position, exported.chain))
        assert (verdict.position, bool(verdict.fault)) == (first, True), (
            f"{number}: {statements} at {places}: {verdict}"
        )
    assert (await verify(forger, (exported.position, exported.chain))).fault is None
