"""The lease of a subscription: one owner at a time, free at once when it is dead, and nothing left of a former one."""

from __future__ import annotations

import pytest

from shared import leases
from shared.database import Connection
from shared.errors import LeaseLost
from shared.leases import Lease
from shared.log.read import read_page
from shared.projecting import Projector
from tests.kernel.counter import CODEC, COUNTS, Add
from tests.kernel.counting import Process, counts


async def acquired(process: Process, name: str = "follower") -> Lease:
    lease = await process.acquire(name)
    assert lease is not None
    return lease


async def let_it_run_out(connection: Connection) -> None:
    await connection.execute("update subscription set lease_until = clock_timestamp() - interval '1 second'")


async def test_a_lease_has_one_owner(two: tuple[Process, Process]) -> None:
    one, other = two
    await acquired(one)
    assert await other.acquire("follower") is None
    assert await other.acquire("another") is not None


async def test_a_released_lease_is_free_at_once(two: tuple[Process, Process]) -> None:
    one, other = two
    await one.leases.release(await acquired(one))
    await acquired(other)


async def test_a_lease_is_free_at_once_when_its_owners_connection_is_gone(
    two: tuple[Process, Process], connection: Connection
) -> None:
    one, other = two
    await acquired(one)
    kill = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'one leases'"
    await connection.execute(kill)
    await acquired(other)


async def test_a_lease_is_free_when_it_has_run_out(two: tuple[Process, Process], connection: Connection) -> None:
    one, other = two
    await acquired(one)
    await let_it_run_out(connection)
    await acquired(other)


async def test_a_renewed_lease_does_not_run_out(
    two: tuple[Process, Process], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = two
    await acquired(one)
    await connection.execute("update subscription set lease_until = clock_timestamp() + interval '1 second'")
    await one.leases._renew()
    left = "select extract(epoch from lease_until - clock_timestamp())::float from subscription"
    row = await (await connection.execute(left)).fetchone()
    assert row is not None
    assert 5 < row[0] <= leases.LEASE


async def test_the_owner_learns_at_the_next_renewal_that_its_lease_is_lost(
    two: tuple[Process, Process], connection: Connection
) -> None:
    one, other = two
    lease = await acquired(one)
    await let_it_run_out(connection)
    await acquired(other)
    await one.leases._renew()
    assert lease.lost


async def test_a_former_owners_move_is_refused_and_its_rows_are_undone(
    two: tuple[Process, Process], connection: Connection
) -> None:
    one, other = two
    await one.give(Add("a", 5))
    zombie = await acquired(one, COUNTS.name)
    await let_it_run_out(connection)
    owner = await acquired(other, COUNTS.name)
    page = await read_page(connection, 0, 10)
    with pytest.raises(LeaseLost):
        await Projector(COUNTS, CODEC).work(zombie, page)
    assert await counts(connection) == {}
    await Projector(COUNTS, CODEC).work(owner, page)
    assert await counts(connection) == {"a": 5}


async def test_the_same_page_cannot_be_worked_twice(process: Process, connection: Connection) -> None:
    await process.give(Add("a", 5))
    lease = await acquired(process, COUNTS.name)
    page = await read_page(connection, 0, 10)
    projector = Projector(COUNTS, CODEC)
    await projector.work(lease, page)
    lease.position = 0  # as it would be if the answer to the commit had been lost
    with pytest.raises(LeaseLost):
        await projector.work(lease, page)
    assert await counts(connection) == {"a": 5}


async def test_a_lease_that_its_own_process_gave_up_unsaid_is_had_again_at_once(process: Process) -> None:
    """As after a move of which nobody knows whether it was made."""
    first = await process.acquire("follower")
    assert first is not None
    assert await process.acquire("follower") is None
    first.lost = True
    await process.leases.release(first)
    second = await process.acquire("follower")
    assert second is not None
    assert second.epoch == first.epoch + 1


async def test_a_late_release_does_not_take_the_lease_from_its_new_owner(process: Process) -> None:
    first = await process.acquire("follower")
    assert first is not None
    first.lost = True
    await process.leases.release(first)
    second = await process.acquire("follower")
    first.lost = False
    await process.leases.release(first)
    assert second is not None
    await second.move(0)
    assert await process.acquire("follower") is None
