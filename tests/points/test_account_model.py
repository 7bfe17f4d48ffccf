"""The account beside a brute-force ledger: whatever is done to both at whatever times, they agree on every point."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.points.domain.account import (
    ACCOUNT,
    AccountCommand,
    CaptureHold,
    ChargePoints,
    CreditLot,
    ExpireLot,
    HoldPoints,
    InsufficientPoints,
    RefundPoints,
    ReleaseHold,
    ReversePoints,
)
from services.points.domain.ledger import LedgerEvent, LevelReached, PointsAccount, PointsSpent, owed_or_in_lots
from services.points.domain.lots import Portion, lot_id_of
from services.points.domain.values import HOLD_LASTS, LEVELS, REFUND_LASTS, level_of
from shared.decider import DeadlineCleared, DeadlineSet

from .plain_ledger import PlainAccount
from .the_day import at

BEGIN = at("00:00", "2026-01-01")

Step = tuple[int, str, int, int, int | None]  # hours since the step before, what, which one, points, lasting hours
steps = st.tuples(
    st.sampled_from([0, 0, 1, 24, 500]),
    st.sampled_from(["earn", "earn", "hold", "hold", "capture", "release", "expire", "refund", "reverse", "charge"]),
    st.integers(0, 5),
    st.integers(1, 6),
    st.sampled_from([None, 0, 2, 30, 600]),
)
histories = st.lists(steps, min_size=12, max_size=40)


class Both:
    """The account and the brute-force one, through the same steps."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.events: list[LedgerEvent] = []
        self.account, self.plain = PointsAccount(), PlainAccount()
        self.paid: dict[str, tuple[tuple[Portion, ...], int]] = {}
        self.sources: list[str] = []
        self.redemptions = 0

    def do(self, step: Step) -> None:
        """What there is nothing to do it to is left out."""
        hours, what, which, points, lasting = step
        self.now += timedelta(hours=hours)
        holds = [hold.hold_id for hold in self.account.holds]
        match what:
            case "earn":
                source = f"S{which}" if which == 0 else f"S{len(self.sources) + 6}"  # S0 again and again (E24)
                self.sources.append(source)
                expires_at = None if lasting is None else self.now + timedelta(hours=lasting)
                self._give(CreditLot(points, "patrol", source, self.now, expires_at, self.now))
                self.plain.earn(lot_id_of("patrol", source), points, self.now, expires_at, self.now)
            case "hold":
                self._hold(self._redemption(), points)
            case "capture" if holds:
                redemption = holds[which % len(holds)]
                self._spend(redemption, CaptureHold(redemption, redemption, self.now))
                self.plain.capture(redemption)
            case "release" if holds:
                redemption = holds[which % len(holds)]
                self._give(ReleaseHold(redemption, "unconfirmed", self.now))
                self.plain.release(redemption, self.now)
            case "expire" if self.account.lots:
                lot_id = self.account.lots[which % len(self.account.lots)].lot_id
                self._give(ExpireLot("V1", lot_id, self.now))
                self.plain.expire(lot_id, self.now)
            case "charge":
                redemption = self._redemption()
                self._spend(redemption, ChargePoints(redemption, points, self.now))
                self.plain.charge(redemption, points, self.now)
            case "refund" if self.paid:
                redemption = list(self.paid)[which % len(self.paid)]
                paid, owed = self.paid.pop(redemption)
                self._give(RefundPoints(redemption, paid, owed, self.now))
                self.plain.refund(redemption, self.now, REFUND_LASTS)
            case "reverse":
                source = [*self.sources, "never"][-1 - which % (len(self.sources) + 1)]
                self._give(ReversePoints("V1", "patrol", source, self.now))
                self.plain.reverse(lot_id_of("patrol", source), self.now)

    def _redemption(self) -> str:
        self.redemptions += 1
        return f"X{self.redemptions}"

    def _hold(self, hold_id: str, points: int) -> None:
        enough = self.plain.hold(hold_id, points, self.now)
        try:
            self._give(HoldPoints(hold_id, points, self.now + HOLD_LASTS, self.now))
        except InsufficientPoints:
            assert not enough
        else:
            assert enough

    def _spend(self, redemption: str, command: CaptureHold | ChargePoints) -> None:
        before = self.account
        (spent,) = self._give(command)
        assert isinstance(spent, PointsSpent)
        self.paid[redemption] = (before.portions(spent.allocations), spent.debt)

    def _give(self, command: AccountCommand) -> list[LedgerEvent]:
        before = level_of(self.account.lifetime)
        events = list(ACCOUNT.decide(command, self.account))
        self.account = ACCOUNT.fold(events, self.account)
        self.events += events
        reached = [event.level for event in events if isinstance(event, LevelReached)]
        assert reached == list(range(before + 1, level_of(self.account.lifetime) + 1))
        return events

    def check(self) -> None:
        """PT6, PT10, E26: the same points in the same lots, and one sum by three ways."""
        account, plain = self.account, self.plain
        lots = {lot.lot_id: lot.remaining for lot in account.lots}
        assert lots == {lot: n for lot, n in Counter(p.lot for p in plain.points if p.where != "gone").items() if n}
        assert all(0 <= account.free(lot) <= lot.remaining for lot in account.lots)
        assert account.available(self.now) == len(plain.free(self.now))
        assert sum(part.points for hold in account.holds for part in hold.allocations) == plain.held()
        assert (account.debt, account.lifetime) == (plain.debt, plain.lifetime)
        assert account.debt >= 0
        assert account.lifetime >= 0
        assert not (account.debt and account.available(self.now)), "who owes has nothing to spend"
        assert sum(lots.values()) - account.debt == sum(plain.ledger) == sum(map(owed_or_in_lots, self.events))
        assert ACCOUNT.fold(self.events) == account


@for_all(histories)
@settings(max_examples=200, deadline=None)
def test_e26_the_account_agrees_with_a_brute_force_ledger_after_every_step(history: list[Step]) -> None:
    both = Both()
    for step in history:
        both.do(step)
        both.check()


@for_all(histories)
@settings(max_examples=60, deadline=None)
def test_e28_when_all_timers_have_come_and_all_holds_have_ended_nothing_that_has_expired_is_left(
    history: list[Step],
) -> None:
    both = Both()
    for step in history:
        both.do(step)
    while both.account.holds:
        both.do((0, "release", 0, 1, None))
    for ref, due_at in due(both.events):
        both.now = max(both.now, due_at)
        both._give(ExpireLot("V1", ref, due_at))
    assert not [lot for lot in both.account.lots if lot.expires_at is not None]
    assert both.account.holds == ()


def due(events: list[LedgerEvent]) -> list[tuple[str, datetime]]:
    """The timers that are still set, in the order of their times."""
    timers: dict[str, datetime] = {}
    for event in events:
        if isinstance(event, DeadlineSet):
            timers[event.ref] = event.due_at
        elif isinstance(event, DeadlineCleared):
            timers.pop(event.ref, None)
    return sorted(timers.items(), key=lambda timer: timer[1])


def test_e29_a_threshold_belongs_to_the_level_that_it_opens() -> None:
    assert [level_of(points) for points in (0, LEVELS[0] - 1, LEVELS[0], LEVELS[-1] - 1, LEVELS[-1])] == [0, 0, 1, 3, 4]
