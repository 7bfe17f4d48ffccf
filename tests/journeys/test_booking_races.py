"""Races for places from several processes on a real database (CK9, E18, E19, K7): one outcome, and never a conflict."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import tuple_row

from services.checkin.domain.booking import Book, CancelBooking, ClosePool, EndCollection, EndWaiting, OpenPool
from services.checkin.domain.bookings import BOOKINGS, BeginRight, Bookings, PresentMember
from services.checkin.domain.device_time import Moment
from services.checkin.domain.member import RegisterMember
from services.checkin.domain.pool import POOL, Pool
from services.checkin.main import SERVICE
from shared.decider import Command, Decider
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from tests.journeys.racing import Racers, codes, racing
from tests.running import migrated

pytestmark = pytest.mark.load
ROUNDS = [10, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
MEMBERS = [f"W{number:03}" for number in range(100)]
SECOND = timedelta(seconds=1)
START, END = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
OVER = END + timedelta(minutes=15)


@dataclass
class Counters:
    """Racers, and the log that they write: each pool is at a place of its own."""

    racers: Racers
    log: psycopg.Connection[tuple[Any, ...]]

    async def race(self, *commands: Command) -> list[str]:
        return codes(await self.racers.race(commands))

    async def done(self, *commands: Command) -> None:
        """One after the other, each with an effect."""
        for command in commands:
            assert await self.race(command) == ["accepted"], command

    async def opened(self, capacity: int, *pools: str, campaign: str | None = None) -> None:
        places = [(pool, "collection", f"at-{pool}", START, END, capacity, NOON, campaign) for pool in pools]
        assert set(await self.race(*[OpenPool(*place) for place in places])) == {"accepted"}

    def pool(self, pool_id: str) -> Pool:
        pool: Pool = self._state(POOL, pool_id)
        return pool

    def bookings(self, member_id: str) -> Bookings:
        bookings: Bookings = self._state(BOOKINGS, member_id)
        return bookings

    def holds(self, member_id: str, pool_id: str) -> bool:
        return any(held.pool_id == pool_id for held in self.bookings(member_id).live)

    def _state(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        statement = "select type, data::text from event where stream = %s order by version"
        rows = self.log.execute(statement, (decider.stream(entity),)).fetchall()
        return decider.fold(SERVICE.codec.decode(name, data) for name, data in rows)


@pytest.fixture(scope="module")
async def counters(databases: Databases) -> AsyncIterator[Counters]:
    url = migrated(databases, SERVICE)
    log = psycopg.connect(url, autocommit=True, row_factory=tuple_row)
    async with racing(SERVICE, url) as racers:
        counters = Counters(racers, log)
        registered = [RegisterMember(member, "courier", "O1", NOON) for member in MEMBERS]
        assert set(await counters.race(*registered)) == {"accepted"}
        yield counters
    log.close()


def booking(member: str, pool: str, *, wait: bool = False) -> Book:
    return Book(f"{pool}-{member}", pool, member, NOON, wait)


def cancelling(member: str, pool: str) -> CancelBooking:
    return CancelBooking(f"{pool}-{member}", pool, member, "by_member", NOON)


def coming(member: str, pool: str) -> PresentMember:
    return PresentMember(member, f"at-{pool}", "desk", Moment(OVER - SECOND, OVER - SECOND))


def members(pool: Pool, *statuses: Any) -> list[str]:
    return [booking.member_id for booking in pool.with_status(*statuses)]


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_e18_of_a_hundred_at_the_last_place_exactly_one_has_it(counters: Counters, rounds: int) -> None:
    pools = [f"last{rounds}-{number}" for number in range(rounds)]
    await counters.opened(3, *pools)
    for pool in pools:
        await counters.done(booking("W000", pool), booking("W001", pool))
        outcome = Counter(await counters.race(*[booking(member, pool) for member in MEMBERS[2:]]))
        assert outcome == {"accepted": 1, "SLOT_FULL": 97}
        assert len(counters.pool(pool).with_status("confirmed")) == 3


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_e19_whoever_is_too_late_waits_and_nobody_has_the_same_number(counters: Counters, rounds: int) -> None:
    pools = [f"line{rounds}-{number}" for number in range(rounds)]
    await counters.opened(3, *pools)
    for pool in pools:
        answers = await counters.racers.race([booking(member, pool, wait=True) for member in MEMBERS[:20]])
        events = [decided.event for answer in answers for decided in answer.events if decided.entity == pool]
        positions = sorted(getattr(event, "position", 0) for event in events)
        assert positions == [0, 0, 0, *range(1, 18)]


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_a_cancel_against_the_cancel_of_who_would_move_up(counters: Counters, rounds: int) -> None:
    """W1 may have the place for a moment, or none at all; in the end W2 has it, once."""
    pools = [f"up{rounds}-{number}" for number in range(rounds)]
    await counters.opened(1, *pools)
    for pool in pools:
        await counters.done(booking("W000", pool), *[booking(m, pool, wait=True) for m in ("W001", "W002")])
        assert await counters.race(cancelling("W000", pool), cancelling("W001", pool)) == ["accepted"] * 2
        left = counters.pool(pool)
        assert (members(left, "confirmed"), members(left, "waiting")) == (["W002"], [])
        assert [counters.holds(member, pool) for member in ("W000", "W001", "W002")] == [False, False, True]


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_two_cancels_with_three_waiting_move_up_the_first_two(counters: Counters, rounds: int) -> None:
    pools = [f"two{rounds}-{number}" for number in range(rounds)]
    await counters.opened(2, *pools)
    for pool in pools:
        waiting = [booking(member, pool, wait=True) for member in ("W002", "W003", "W004")]
        await counters.done(booking("W000", pool), booking("W001", pool), *waiting)
        cancels = [cancelling("W000", pool), cancelling("W001", pool)]
        assert Counter(await counters.race(*cancels, *cancels)) == {"accepted": 2, "unchanged": 2}
        left = counters.pool(pool)
        assert (members(left, "confirmed"), members(left, "waiting")) == (["W002", "W003"], ["W004"])


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_attending_against_the_no_show_is_one_of_them(counters: Counters, rounds: int) -> None:
    pools = [f"show{rounds}-{number}" for number in range(rounds)]
    await counters.opened(2, *pools)
    for number, pool in enumerate(pools):
        await counters.done(booking("W000", pool), booking("W001", pool), EndWaiting(pool, END))
        race = [coming("W000", pool), EndCollection(pool, OVER)]
        turn = 1 if number % 2 else -1  # who is dealt out first has a small lead
        came, over = (await counters.race(*race[::turn]))[::turn]
        assert over == "accepted"
        ended = {booking.member_id: booking.status for booking in counters.pool(pool).bookings.values()}
        wanted = {"accepted": "attended", "BOOKING_NO_SHOW": "no_show"}[came]
        assert ended == {"W000": wanted, "W001": "no_show"}


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_booking_against_the_closing_of_the_pool_leaves_nobody_in_it(counters: Counters, rounds: int) -> None:
    pools = [f"close{rounds}-{number}" for number in range(rounds)]
    await counters.opened(5, *pools)
    for pool in pools:
        wishes = [booking(member, pool, wait=True) for member in MEMBERS[:10]]
        closed, *booked = await counters.race(ClosePool(pool, "stocktaking", NOON), *wishes)
        assert closed == "accepted"
        assert set(booked) <= {"accepted", "SLOT_CLOSED"}
        assert members(counters.pool(pool), "confirmed", "waiting") == []
        assert not any(counters.holds(member, pool) for member in MEMBERS[:10])


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_ck9_one_member_in_four_pools_of_a_campaign_at_once_has_one_booking(
    counters: Counters, rounds: int
) -> None:
    for number in range(rounds):
        campaign = f"gift{rounds}-{number}"
        pools = [f"{campaign}-{letter}" for letter in "abcd"]
        await counters.opened(3, *pools, campaign=campaign)
        await counters.done(BeginRight("W050", f"VC-{campaign}", campaign, OVER, NOON))
        outcome = Counter(await counters.race(*[booking("W050", pool) for pool in pools]))
        assert outcome == {"accepted": 1, "BOOKING_DUPLICATE": 3}
        assert sum(held.campaign_id == campaign for held in counters.bookings("W050").live) == 1


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_e20_four_pools_at_one_place_and_time_are_one(counters: Counters, rounds: int) -> None:
    for number in range(rounds):
        place = f"place{rounds}-{number}"
        pools = [OpenPool(f"{place}-{letter}", "service", place, START, END, 2, NOON) for letter in "abcd"]
        assert Counter(await counters.race(*pools)) == {"accepted": 1, "PLACE_TAKEN": 3}
