"""Whatever happens to vouchers, meals, bookings and settlements, in any order: no fen is lost, none is had twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.welfare.domain.allowance import ALLOWANCE
from services.welfare.domain.balance import BALANCE
from services.welfare.domain.budget import BUDGET, BudgetAllocated
from services.welfare.domain.dispute import DISPUTE, DecideDispute
from services.welfare.domain.entitlement import ENTITLEMENT
from services.welfare.domain.holds import HOLDS
from services.welfare.domain.merchant import MERCHANT
from services.welfare.domain.redemption import REDEMPTION
from services.welfare.domain.redemption_events import RedemptionVerified
from services.welfare.domain.settlement import (
    SETTLEMENT,
    ApproveSettlement,
    PaySettlement,
    SettlementPaid,
    VerifySettlement,
)
from services.welfare.domain.takings import CUT_OFF_TIMER, TAKINGS
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_events import (
    EXPIRY,
    RESERVATION,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    VoucherReinstated,
    VoucherRevoked,
)

from .the_shops import BUDGET_ID, COMMANDS, MERCHANTS, Shops, Step

OFTEN = ("visit", "meal", "buy", "use", "confirm", "attend", "cancel", "reverse", "edge", "edge", "fire", "fire")
WHAT = (*COMMANDS, *OFTEN * 3)
steps = st.tuples(
    st.sampled_from([0, 0, 0, 1, 14, 30, 60]),  # a voucher is good for some two days at most
    st.sampled_from(WHAT),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 8),
)
histories = st.lists(steps, min_size=20, max_size=60)


def check(shops: Shops) -> None:
    """A plain ledger, made of the events alone, beside what budgets, vouchers and merchants say."""
    standing = [one.verified for one in shops.all(REDEMPTION).values() if one.stage == "verified"]
    _check_money(shops, standing)
    _check_places(shops, standing)
    _check_used_once(shops, standing)
    _check_nothing_is_stuck(shops)


def _check_money(shops: Shops, standing: list[RedemptionVerified]) -> None:
    """WF1."""
    faces: dict[str, int] = {}
    live: dict[str, int] = {}
    for stream, event in shops.log:
        name = stream.partition("-")[2]
        match event:
            case VoucherIssued(face_fen=fen):
                faces[name] = live[name] = fen
            case VoucherRedeemed() | VoucherExpired() | VoucherRevoked():
                live.pop(name, None)
            case VoucherReinstated():
                live[name] = faces[name]
    money = shops.read(BUDGET, BUDGET_ID)
    allowed = sum(one.left.get(BUDGET_ID, 0) for one in shops.all(ALLOWANCE).values())
    assert money.allocated == sum(event.fen for event in shops.of(BudgetAllocated))
    assert money.committed == sum(live.values()) + allowed
    assert money.consumed == sum(one.split.union_fen for one in standing)
    assert money.available >= 0
    assert set(live) == {name for name, one in shops.all(VOUCHER).items() if one.promised}


def _check_places(shops: Shops, standing: list[RedemptionVerified]) -> None:
    """WF8: each redemption in open takings, left out, or in one settlement; what was settled wrongly is adjusted."""
    takings, settlements = shops.all(TAKINGS), shops.all(SETTLEMENT)
    places: Counter[str] = Counter()
    adjusted: Counter[str] = Counter()
    for one in takings.values():
        if not one.closed:
            places.update(list(one.lines))
        for adjustment in one.adjustments:
            adjusted[adjustment.redemption_id] += adjustment.fen
    settled = [line for one in settlements.values() for line in one.known.lines]
    places.update(line.redemption_id for line in settled)
    left_out = [name for name, one in shops.all(DISPUTE).items() if one.left_out]
    places.update(left_out)
    assert not [name for name, times in places.items() if times > 1]
    owed = {one.purchase.redemption_id: one.split.union_fen for one in standing}
    assert set(owed) <= set(places)
    for name, times in places.items():
        fen = shops.read(REDEMPTION, name).verified.split.union_fen
        assert fen * times + adjusted[name] == owed.get(name, 0)
    for merchant_id in MERCHANTS:
        mine = [one for one in settlements.values() if one.known.merchant_id == merchant_id]
        due = sum(one.known.net_fen - one.known.opening_fen for one in mine)
        waits = [one for one in mine if one.stage in ("created", "verified", "approved")]
        paid = sum(event.fen for event in shops.of(SettlementPaid) if event.merchant_id == merchant_id)
        assert due == paid + sum(one.known.net_fen for one in waits) + shops.read(BALANCE, merchant_id)


def _check_used_once(shops: Shops, standing: list[RedemptionVerified]) -> None:
    """E35, WF2; and what the member is told of a period is how it stands with his voucher."""
    vouchers = shops.all(VOUCHER)
    used = Counter(one.purchase.voucher_id for one in standing if one.purchase.voucher_id)
    meals = Counter((one.purchase.member_id, one.period) for one in standing if not one.purchase.voucher_id)
    assert set((used + meals).values()) <= {1}
    assert {name for name, one in vouchers.items() if one.stage == "redeemed"} == set(used)
    for one in vouchers.values():
        issued = one.known
        had = shops.read(ENTITLEMENT, f"{issued.campaign_id}/{issued.member_id}").periods[issued.period]
        assert (had == "granted", had == "used") == (one.promised, one.stage == "redeemed")


def _check_nothing_is_stuck(shops: Shops) -> None:
    """What is promised ends some day, what is taken is settled, and nothing is held where nobody serves (WF13)."""
    timers, held = {(stream, name) for stream, name, _ in shops.timers}, Counter[tuple[str, str]]()
    for name, one in shops.all(VOUCHER).items():
        stream = VOUCHER.stream(name)
        if one.hold is not None:
            held[one.hold.place_id, name] += 1
            assert (stream, RESERVATION, one.hold.ref) in shops.timers
            if not shops.waiting:
                assert shops.read(MERCHANT, one.hold.place_id).stage == "active"
        assert (one.stage == "reserved") == (one.hold is not None)
        if one.stage == "issued":
            assert (stream, EXPIRY) in timers
    assert set(held) == {(place, name) for place, names in shops.all(HOLDS).items() for name in names}
    for name, one in shops.all(TAKINGS).items():
        if (one.lines or one.adjustments) and not one.closed:
            assert (TAKINGS.stream(name), CUT_OFF_TIMER) in timers
    for merchant_id in MERCHANTS:
        if shops.read(BALANCE, merchant_id) > 0:
            assert any(
                stream.startswith(f"takings-{merchant_id}/") and name == CUT_OFF_TIMER for stream, name in timers
            )


def finish(shops: Shops) -> None:
    """All time passes; what is disputed is decided, and what is to be paid is paid."""
    shops.drain()
    for number, (redemption_id, dispute) in enumerate(shops.all(DISPUTE).items()):
        if dispute.stage == "open":
            where = f"{dispute.opened.merchant_id}-{dispute.opened.day.isoformat()}"
            outcome: Any = ("upheld", "denied")[number % 2]
            shops.give(DecideDispute(where, redemption_id, outcome, "A9", shops.now))
    shops.now += timedelta(days=800)
    while any(moment <= shops.now for moment in shops.timers.values()):
        shops.fire()
        shops.drain()
    for name in list(shops.all(SETTLEMENT)):
        shops.give(VerifySettlement(name, "A7", shops.now))
        shops.give(ApproveSettlement(name, "A8", shops.now))
        shops.give(PaySettlement(name, f"BANK-{name}", "A8", shops.now))
    check(shops)
    assert not [name for name, one in shops.all(VOUCHER).items() if one.promised or one.hold]
    assert all(one.closed for one in shops.all(TAKINGS).values())
    unpaid = [one for one in shops.all(SETTLEMENT).values() if one.stage in ("created", "verified", "approved")]
    assert not unpaid
    paid = sum(event.fen for event in shops.of(SettlementPaid))
    carried = sum(shops.all(BALANCE).values())
    assert paid + carried == shops.read(BUDGET, BUDGET_ID).consumed
    for name, (decider, _, events) in shops.streams.items():
        assert decider.fold(events) == shops.states[name]


def run(history: list[Step]) -> None:
    shops = Shops()
    check(shops)
    for step in history:
        shops.do(step)
        check(shops)
    finish(shops)


@for_all(histories)
@settings(max_examples=100, deadline=None)
def test_wf1_wf8_no_fen_is_lost_or_had_twice(history: list[Step]) -> None:
    run(history)


@pytest.mark.slow
@for_all(histories)
@settings(max_examples=3000, deadline=None)
def test_wf1_wf8_no_fen_is_lost_or_had_twice_in_many_more_histories(history: list[Step]) -> None:
    run(history)
