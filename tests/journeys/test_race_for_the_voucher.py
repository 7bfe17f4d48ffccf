"""One voucher, many tills and bookings, several processes: it is used once, held once, and paid once (E35-E37, E39)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.welfare.domain.budget import AllocateBudget
from services.welfare.domain.campaign import DraftCampaign, PublishCampaign
from services.welfare.domain.collection import Booked, ReserveForBooking
from services.welfare.domain.giving import Claim
from services.welfare.domain.merchant import MerchantTerms, OnboardMerchant, RegisterTerminal
from services.welfare.domain.redemption import Redeem
from services.welfare.domain.redemption_events import Asked
from services.welfare.domain.terms import Phase, Terms
from services.welfare.domain.voucher_commands import ExpireVoucher, HoldAtTill, RevokeVoucher
from services.welfare.handlers.issuing import voucher_id_of
from services.welfare.main import SERVICE
from shared.database import Database
from shared.decider import Command
from shared.testing.audit import whole_log
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from tests.journeys.racing import Racers, codes, racing
from tests.running import migrated

pytestmark = pytest.mark.load
DAY, FACE, VOUCHERS, TILLS = timedelta(days=1), 300, 20, 8


@pytest.fixture(scope="module")
def url(databases: Databases) -> str:
    return migrated(databases, SERVICE)


@pytest.fixture(scope="module")
async def racers(url: str) -> AsyncIterator[Racers]:
    async with racing(SERVICE, url) as racers:
        phases = (Phase("now", NOON - DAY, NOON + DAY),)
        when = {"starts_at": NOON - DAY, "ends_at": NOON + DAY, "valid_until": NOON + DAY}
        terms = Terms(kind="phased", budget_id="B", face_fen=FACE, phases=phases, **when)  # type: ignore[arg-type]
        await _do(racers, AllocateBudget("B", 10**6, "2026-001", NOON))
        await _do(racers, DraftCampaign("gifts", terms, NOON), OnboardMerchant("M1", MerchantTerms("x", "1"), NOON))
        await _do(racers, PublishCampaign("gifts", NOON))
        await _do(racers, *[RegisterTerminal("M1", f"till-{till}", NOON) for till in range(TILLS)])
        yield racers


async def _do(racers: Racers, *commands: Command) -> None:
    for command in commands:
        assert codes(await racers.race([command])) == ["accepted"]


async def _claimed(racers: Racers, kind: str) -> dict[str, str]:
    """New members, and the voucher of each."""
    members = [f"{kind}-{number}" for number in range(VOUCHERS)]
    assert codes(await racers.race([Claim("gifts", member, NOON) for member in members])) == ["accepted"] * VOUCHERS
    return {member: voucher_id_of("gifts", member, "now") for member in members}


def _buys(member: str, voucher: str, till: int) -> Redeem:
    asked = Asked(
        redemption_id=f"R-{voucher}-{till}",
        member_id=member,
        merchant_id="M1",
        terminal_id=f"till-{till}",
        basket_fen=FACE,
        redeemed_at=NOON,
        voucher_id=voucher,
    )
    return Redeem(asked, NOON)


async def _moved(url: str, wanted: set[str]) -> Counter[tuple[str, str]]:
    """Events of these vouchers, and moves of money that name them."""
    database = Database(url, name="race", pool=1)
    found = Counter[tuple[str, str]]()
    for row in await whole_log(database):
        if row.category == "voucher" and row.stream.removeprefix("voucher-") in wanted:
            found[row.stream.removeprefix("voucher-"), row.type] += 1
        elif row.category == "budget":
            ref = getattr(SERVICE.codec.decode(row.type, row.data), "ref", "")
            if ref in wanted:
                found[ref, row.type] += 1
    await database.close()
    return found


async def test_e35_e36_e37_every_voucher_is_used_at_one_till_and_paid_once(racers: Racers, url: str) -> None:
    vouchers = await _claimed(racers, "buys")
    race = [_buys(member, voucher, till) for till in range(TILLS) for member, voucher in vouchers.items()]
    told = Counter(codes(await racers.race(race)))
    assert told == {"accepted": VOUCHERS, "VOUCHER_ALREADY_REDEEMED": VOUCHERS * (TILLS - 1)}
    moved = await _moved(url, set(vouchers.values()))
    for voucher in vouchers.values():
        assert (moved[voucher, "VoucherRedeemed"], moved[voucher, "BudgetConsumed"]) == (1, 1)


async def test_e39_a_voucher_is_held_by_one_of_a_till_and_two_bookings(racers: Racers, url: str) -> None:
    vouchers = await _claimed(racers, "holds")
    slot = (NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    race: list[Command] = []
    for member, voucher in vouchers.items():
        booked = Booked("P1", member, "gifts", "M1")
        race.append(HoldAtTill(voucher, member, "M1", "till-1", "T-1", NOON))
        race += [ReserveForBooking(f"{member}-{number}", booked, *slot, NOON) for number in range(2)]
    told = Counter(codes(await racers.race(race)))
    assert set(told) <= {"accepted", "VOUCHER_RESERVED_ELSEWHERE"}  # a booking is refused by an event
    moved = await _moved(url, set(vouchers.values()))
    assert [moved[voucher, "VoucherReserved"] for voucher in vouchers.values()] == [1] * VOUCHERS


async def test_e37_used_revoked_or_expired_but_only_one_of_them(racers: Racers, url: str) -> None:
    """Whatever wins, the money goes one way: it is consumed or released."""
    vouchers = await _claimed(racers, "ends")
    race: list[Command] = []
    for member, voucher in vouchers.items():
        race += [_buys(member, voucher, 1), RevokeVoucher(voucher, "fraud", NOON), ExpireVoucher(voucher, NOON + DAY)]
    await racers.race(race)
    moved = await _moved(url, set(vouchers.values()))
    for voucher in vouchers.values():
        ends = [moved[voucher, kind] for kind in ("VoucherRedeemed", "VoucherRevoked", "VoucherExpired")]
        assert (sum(ends), moved[voucher, "BudgetConsumed"] + moved[voucher, "BudgetReleased"]) == (1, 1)
