"""Whatever tills, officers and the clock do, in whatever order: the money adds up, and nothing is had twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.welfare.domain.allowance import ALLOWANCE, SetOfflineAllowance
from services.welfare.domain.budget import BUDGET
from services.welfare.domain.merchant import RegisterTerminal, RemoveTerminal, ResumeMerchant, SuspendMerchant
from services.welfare.domain.redemption import REDEMPTION, ReverseRedemption
from services.welfare.domain.redemption_events import RedemptionVerified
from services.welfare.domain.takings import TAKINGS, SettleTakings
from services.welfare.domain.voucher import VOUCHER
from services.welfare.handlers import HANDLERS
from shared.decider import Change, Command, Decider, DomainEvent
from shared.errors import Refused

from .shop import BREAKFAST, DRINKS, at, budget, campaign, meal, merchant, redeem, voucher

BEGIN = at("00:00")
MEMBERS = ("W01", "W02", "W03")
BUDGET_ID, ALLOCATED = "B-ONE", 2100
MEALS = msgspec.structs.replace(BREAKFAST, budget_id=BUDGET_ID, window_from=None, window_to=None)
VOUCHERS = msgspec.structs.replace(DRINKS, budget_id=BUDGET_ID, merchants=("K1",))
WHAT = ("meal", "meal", "offline meal", "offline meal", "buy", "buy", "offline buy", "reverse", "reverse")
ELSE = ("allow", "allow", "settle", "merchant", "terminal")
RARELY = 7  # beyond it, so that most of what is done is served

Step = tuple[int, str, int, int]  # hours since the step before, what, who or which one, how much
steps = st.tuples(
    st.sampled_from([0, 0, 1, 7, 30]), st.sampled_from(WHAT + ELSE), st.integers(0, 9), st.sampled_from([100, 300, 700])
)


class Canteen:
    """One till, one budget, three members with a voucher each; all that was decided."""

    def __init__(self) -> None:
        self.streams: dict[str, list[DomainEvent]] = {}
        self.now, self.asked = BEGIN, 0
        self.vouchers: list[str] = []
        past: list[Change] = [merchant("K1"), campaign("breakfast", MEALS), campaign("drinks", VOUCHERS)]
        past.append(budget(BUDGET_ID, ALLOCATED))
        for member in MEMBERS:
            voucher_id, issued = voucher("drinks", member, until=at("00:00", "2026-01-26"), terms=VOUCHERS)
            self.vouchers.append(voucher_id)
            past += issued
        self._append(past)

    def read(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        return decider.fold(self.streams.get(decider.stream(entity), []))

    def _append(self, changes: Any) -> None:
        for decider, entity, events in changes:
            self.streams.setdefault(decider.stream(entity), []).extend(events)

    def do(self, step: Step) -> None:
        """A refusal is an answer, too: what it records is kept."""
        hours, what, which, fen = step
        self.now += timedelta(hours=hours)
        try:
            self._append(HANDLERS.handle(self._command(what, which, fen), self.read))
        except Refused as refusal:
            self._append(refusal.record)

    def _command(self, what: str, which: int, fen: int) -> Command:
        member = which % len(MEMBERS)
        told = self.now - timedelta(hours=which) if what.startswith("offline") else None
        match what:
            case "meal" | "offline meal":
                return meal(self._id(), MEMBERS[member], self.now, told=told)
            case "buy" | "offline buy":
                wish: dict[str, Any] = {"told": told, "voucher_id": self.vouchers[member]}
                return redeem(self._id(), MEMBERS[member], "K1", self.now, fen, **wish)
            case "reverse":
                return ReverseRedemption(f"R{self.asked - which}", "not_served", self.now)
            case "allow":
                return SetOfflineAllowance("K1", "K1-till", BUDGET_ID, fen, self.now)
            case "settle":
                return SettleTakings("K1", self.now.date() - timedelta(days=which % 3), self.now)
            case "merchant":
                return SuspendMerchant("K1", "hygiene", self.now) if which > RARELY else ResumeMerchant("K1", self.now)
            case _:
                change = RemoveTerminal if which > RARELY else RegisterTerminal
                return change("K1", "K1-till", self.now)

    def _id(self) -> str:
        self.asked += 1
        return f"R{self.asked}"

    def standing(self) -> list[RedemptionVerified]:
        """What was verified and not reversed."""
        found = [self.read(REDEMPTION, f"R{number}") for number in range(1, self.asked + 1)]
        return [one.verified for one in found if one.stage == "verified"]

    def check(self) -> None:
        money, standing = self.read(BUDGET, BUDGET_ID), self.standing()
        vouchers = [self.read(VOUCHER, voucher_id) for voucher_id in self.vouchers]
        promised = sum(one.known.face_fen for one in vouchers if one.promised)
        allowed = self.read(ALLOWANCE, "K1/K1-till").left.get(BUDGET_ID, 0)
        owed = sum(one.split.union_fen for one in standing)
        assert (money.committed, money.consumed) == (promised + allowed, owed)
        assert money.available >= 0
        self._check_settled(standing, owed)
        meals = Counter((one.purchase.member_id, one.period) for one in standing if not one.purchase.voucher_id)
        used = Counter(one.purchase.voucher_id for one in standing if one.purchase.voucher_id)
        assert set((meals | used).values()) <= {1}
        assert {one.known.voucher_id for one in vouchers if one.stage == "redeemed"} == set(used)

    def _check_settled(self, standing: list[RedemptionVerified], owed: int) -> None:
        takings = [self.read(TAKINGS, name.partition("-")[2]) for name in self.streams if name.startswith("takings-")]
        lines = [line for one in takings for line in one.lines.values()]
        adjusted = sum(adjustment.fen for one in takings for adjustment in one.adjustments)
        assert sum(line.fen for line in lines) + adjusted == owed
        times = Counter(line.redemption_id for line in lines)
        assert all(times[one.purchase.redemption_id] == 1 for one in standing)
        assert set(times.values()) <= {1}


@settings(max_examples=200, deadline=None)
@for_all(st.lists(steps, min_size=10, max_size=40))
def test_wf1_wf7_the_money_adds_up_after_every_step(history: list[Step]) -> None:
    canteen = Canteen()
    for step in history:
        canteen.do(step)
        canteen.check()


def test_the_steps_lead_to_everything_that_can_come_of_them() -> None:
    """So that the property above is not true of nothing."""
    canteen = Canteen()
    for step in (
        (6, "meal", 0, 0), (0, "buy", 0, 100), (0, "offline buy", 1, 700), (1, "allow", 0, 300),
        (0, "offline meal", 4, 0), (0, "meal", 1, 0), (17, "settle", 1, 0), (1, "reverse", 2, 0),
        (0, "reverse", 2, 0), (0, "merchant", 9, 0), (0, "meal", 2, 0), (0, "terminal", 9, 0),
    ):  # fmt: skip
        canteen.do(step)
        canteen.check()
    kinds = {type(event).__name__ for events in canteen.streams.values() for event in events}
    assert {"RedemptionVerified", "RedemptionRefused", "RedemptionReversed", "AllowanceUsed", "AdjustmentAdded",
            "TakingsClosed", "VoucherReinstated", "OfflineAllowanceSet", "TerminalRemoved"} <= kinds  # fmt: skip
