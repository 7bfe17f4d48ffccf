"""Everybody at the machines at once, from several processes: the last unit, the last points, timers against people."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.points.domain.account import ACCOUNT, ExpireLot, GrantOpeningLot
from services.points.domain.goods import GOODS, ChangeStock, ListGoods, UnitHeld
from services.points.domain.ledger import PointsExpired, PointsHeld, PointsSpent, owed_or_in_lots
from services.points.domain.lots import lot_expiry
from services.points.domain.machine import NoteMachine, RegisterMachine
from services.points.domain.redemption import REDEMPTION, ExpireRedemption, Redeem, ReportDispense
from services.points.domain.rules import PublishRules
from services.points.domain.values import HOLD_LASTS, LOT_MONTHS
from services.points.main import SERVICE
from shared.database import Database
from shared.decider import Command, DomainEvent
from shared.outcomes import Answer
from shared.testing.audit import whole_log
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from tests.journeys.racing import Racers, codes, racing
from tests.running import migrated

pytestmark = pytest.mark.load
MEMBERS = [f"W{number:03}" for number in range(100)]
MACHINES = [f"M{number}" for number in range(10)]
PRICE = 4
SECOND = timedelta(seconds=1)
ROUNDS = [10, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]


class Hall:
    """Machines that are ready, and processes that serve them; names are new in each race."""

    def __init__(self, racers: Racers, url: str) -> None:
        self.racers, self.url = racers, url
        self._names = 0

    def name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}-{self._names}"

    async def do(self, *commands: Command) -> None:
        """Before the race: none may be refused."""
        assert set(codes(await self.racers.race(commands))) == {"accepted"}

    async def streams(self) -> dict[str, list[DomainEvent]]:
        """Everything decided so far, by stream."""
        database = Database(self.url, name="race", pool=1)
        found: dict[str, list[DomainEvent]] = {}
        for row in await whole_log(database):
            if row.version is not None:
                found.setdefault(row.stream, []).append(SERVICE.codec.decode(row.type, row.data))
        await database.close()
        return found


@pytest.fixture(scope="module")
async def hall(databases: Databases) -> AsyncIterator[Hall]:
    url = migrated(databases, SERVICE)
    async with racing(SERVICE, url) as racers:
        hall = Hall(racers, url)
        await hall.do(PublishRules(1, NOON - timedelta(days=400), NOON))
        await hall.do(*[RegisterMachine(machine, "S1", 10**9, NOON) for machine in MACHINES])
        await hall.do(*[NoteMachine(machine, "ready", NOON) for machine in MACHINES])
        await hall.do(*[granted(member, 1_000) for member in MEMBERS])
        yield hall


def granted(member: str, points: int) -> GrantOpeningLot:
    return GrantOpeningLot(member, points, f"old-{member}", NOON, NOON)


async def stocked(hall: Hall, item: str, units: int, *machines: str) -> None:
    await hall.do(*[ListGoods(machine, item, PRICE, NOON) for machine in machines])
    await hall.do(*[ChangeStock(machine, "S1", item, units, "restocked", NOON) for machine in machines])


def decided(answers: list[Answer], kind: type[DomainEvent]) -> int:
    return sum(isinstance(one.event, kind) for answer in answers for one in answer.events)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_pt11_k7_of_a_hundred_at_the_last_unit_exactly_one_gets_it(hall: Hall, rounds: int) -> None:
    """Whoever is late is told OUT_OF_STOCK, never VERSION_CONFLICT (K7), and has nothing held."""
    for _ in range(rounds):
        item = hall.name("towel")
        await stocked(hall, item, 1, "M0")
        answers = await hall.racers.race([Redeem(hall.name("X"), member, "M0", item, NOON) for member in MEMBERS])
        assert Counter(codes(answers)) == {"accepted": 1, "OUT_OF_STOCK": len(MEMBERS) - 1}
        assert (decided(answers, UnitHeld), decided(answers, PointsHeld)) == (1, 1)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_pt6_a_hundred_redemptions_of_the_last_points_at_many_machines_hold_them_once(
    hall: Hall, rounds: int
) -> None:
    item = hall.name("soap")
    await stocked(hall, item, 1_000, *MACHINES)
    for _ in range(rounds):
        member = hall.name("V")
        await hall.do(granted(member, 2 * PRICE + 1))
        wanted = [Redeem(hall.name("X"), member, MACHINES[n % len(MACHINES)], item, NOON) for n in range(100)]
        answers = await hall.racers.race(wanted)
        assert Counter(codes(answers)) == {"accepted": 2, "INSUFFICIENT_POINTS": 98}
        assert (decided(answers, UnitHeld), decided(answers, PointsHeld)) == (2, 2)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_e28_points_expire_or_are_held_whoever_is_first_and_never_both(hall: Hall, rounds: int) -> None:
    """The lot's timer against its owner in the last second: in the end every point has gone exactly one way."""
    item, end = hall.name("soap"), lot_expiry(NOON, LOT_MONTHS)
    assert end is not None
    await stocked(hall, item, 1_000, "M1")
    members = [hall.name("V") for _ in range(rounds)]
    for member in members:
        await hall.do(granted(member, PRICE + 1))
        lot = f"opening:old-{member}"
        asks: list[Command] = [Redeem(hall.name("X"), member, "M1", item, end - SECOND) for _ in range(30)]
        timers: list[Command] = [ExpireLot(member, lot, end)] * 3
        ids = [hall.name("ask") for _ in asks]
        answers = await hall.racers.race(
            [*asks[:15], *timers, *asks[15:]], [*ids[:15], *[f"timer-{lot}"] * 3, *ids[15:]]
        )
        told = Counter(codes(answers))
        assert told.keys() <= {"accepted", "INSUFFICIENT_POINTS"}, told
        assert decided(answers, PointsHeld) <= 1
    streams = await hall.streams()
    for member in members:
        history = streams[f"account-{member}"]
        account = ACCOUNT.fold(history)  # type: ignore[arg-type]
        expired = sum(event.points for event in history if isinstance(event, PointsExpired))
        held = sum(part.points for hold in account.holds for part in hold.allocations)
        assert expired + held == PRICE + 1
        assert sum(map(owed_or_in_lots, history)) == held == sum(lot.remaining for lot in account.lots)  # type: ignore[arg-type]


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_e33_a_confirmation_against_the_timer_is_one_charge_and_one_unit(hall: Hall, rounds: int) -> None:
    """Confirmed by many at once in the last second, while the timer comes: in time or late, it is charged once."""
    item = hall.name("soap")
    await stocked(hall, item, rounds, "M2")
    wanted = [(hall.name("X"), hall.name("V")) for _ in range(rounds)]
    for redemption, member in wanted:
        await hall.do(granted(member, PRICE))
        await hall.do(Redeem(redemption, member, "M2", item, NOON))
        until = NOON + HOLD_LASTS
        words: list[Command] = [ReportDispense(redemption, "M2", "dispensed", "", until - SECOND) for _ in range(20)]
        answers = await hall.racers.race([*words[:10], ExpireRedemption(redemption, until), *words[10:]])
        assert Counter(codes(answers)).keys() <= {"accepted", "unchanged"}
        assert decided(answers, PointsSpent) == 1
    streams = await hall.streams()
    for redemption, member in wanted:
        assert REDEMPTION.fold(streams[f"redemption-{redemption}"]).stage == "dispensed"  # type: ignore[arg-type]
        account = ACCOUNT.fold(streams[f"account-{member}"])  # type: ignore[arg-type]
        assert (account.lots, account.holds, account.debt) == ((), (), 0)
    goods = GOODS.fold(streams[f"goods-M2/{item}"])  # type: ignore[arg-type]
    assert (goods.sellable, goods.held, goods.blocked) == (0, (), ())
