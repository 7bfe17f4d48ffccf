"""Redemption 积分兑换: one member, one unit of one item at one machine, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent
from shared.errors import NotFound, Refused

from .lots import Portion
from .values import HOLD_LASTS

CONFIRM_TIMER = "confirm"

Ending: TypeAlias = Literal["unconfirmed", "member_suspended", "member_left"]
Result: TypeAlias = Literal["dispensed", "failed"]


class Redeem(Command, frozen=True):
    """A member asks for goods at a machine, which read his code (PT11). The machine names the redemption."""

    redemption_id: str
    member_id: str
    machine_id: str
    item_id: str
    now: datetime


class ReportDispense(Command, frozen=True):
    """The machine says what became of it; `reason` says why it failed."""

    redemption_id: str
    machine_id: str
    result: Result
    reason: str
    now: datetime


class ExpireRedemption(Command, frozen=True):
    """The machine has said nothing for too long."""

    redemption_id: str
    now: datetime


class RefundRedemption(Command, frozen=True):
    """A person gives the points back, at the station where they were spent (PT8)."""

    redemption_id: str
    station_id: str
    reason: str
    now: datetime


class Start(Command, frozen=True):
    """Points and unit can be held."""

    order: Order
    now: datetime


class End(Command, frozen=True):
    """Points and unit are freed."""

    why: Ending
    now: datetime


class Fail(Command, frozen=True):
    reason: str
    now: datetime


class Confirm(Command, frozen=True):
    """The goods are out and paid for from these lots; what was missing, late, is owed."""

    paid: tuple[Portion, ...]
    owed: int
    now: datetime


class Refund(Command, frozen=True):
    reason: str
    now: datetime


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants what, where, and at which price: that of the moment it started."""

    redemption_id: str
    member_id: str
    machine_id: str
    station_id: str
    item_id: str
    points: int


class RedemptionStarted(DomainEvent, frozen=True):
    """The hold on the points has the id of the redemption."""

    order: Order
    hold_id: str
    until: datetime


class GoodsDispensed(DomainEvent, frozen=True):
    order: Order
    paid: tuple[Portion, ...]


class DispenseFailed(DomainEvent, frozen=True):
    """`late`: after the redemption had ended, so that nothing was left to release."""

    order: Order
    reason: str
    late: bool


class RedemptionExpired(DomainEvent, frozen=True):
    why: Ending


class LateDispenseConfirmed(DomainEvent, frozen=True):
    """PT12: charged again, after points and unit were freed."""

    order: Order
    paid: tuple[Portion, ...]
    owed: int


class GoodsRefunded(DomainEvent, frozen=True):
    reason: str


RedemptionCommand: TypeAlias = Start | End | Fail | Confirm | Refund
RedemptionEvent: TypeAlias = (
    RedemptionStarted
    | GoodsDispensed
    | DispenseFailed
    | RedemptionExpired
    | LateDispenseConfirmed
    | GoodsRefunded
    | DeadlineSet
    | DeadlineCleared
)
Stage: TypeAlias = Literal["unknown", "held", "expired", "failed", "dispensed", "refunded"]


class Redemption(msgspec.Struct, frozen=True):
    """`order` is None for one that never started; `paid` and `owed` are what a refund gives back."""

    stage: Stage = "unknown"
    order: Order | None = None
    until: datetime | None = None
    paid: tuple[Portion, ...] = ()
    owed: int = 0

    @property
    def known(self) -> Order:
        """What was asked for. Raises `NotFound` for a redemption that never started."""
        if self.order is None:
            raise NotFound("No redemption with this id was started.", field="redemption_id")
        return self.order

    def is_overdue(self, now: datetime) -> bool:
        """PT11: still held, and its time is over, though the timer may not have come yet."""
        return self.stage == "held" and self.until is not None and now >= self.until


class HoldExpired(Refused):
    """The hold of this redemption has ended otherwise than the machine now says. Have somebody look at the machine."""


class NothingToRefund(Refused):
    """No points were spent on this redemption. If goods came out all the same, have the machine report them."""


def decide(command: RedemptionCommand, redemption: Redemption) -> Sequence[RedemptionEvent]:
    match command:
        case Start(order, now):
            return _started(order, now)
        case End(why, now):
            return [RedemptionExpired(now, why), *_cleared(redemption, now, why)]
        case Fail(reason, now):
            late = redemption.stage != "held"
            return [DispenseFailed(now, redemption.known, reason, late), *_cleared(redemption, now, "failed")]
        case Confirm(paid, owed, now):
            if redemption.stage != "held":
                return [LateDispenseConfirmed(now, redemption.known, paid, owed)]
            return [GoodsDispensed(now, redemption.known, paid), *_cleared(redemption, now, "dispensed")]
        case Refund(reason, now):
            return [GoodsRefunded(now, reason)]
        case _:
            assert_never(command)


def _started(order: Order, now: datetime) -> list[RedemptionEvent]:
    until, ref = now + HOLD_LASTS, order.redemption_id
    return [
        RedemptionStarted(at=now, order=order, hold_id=ref, until=until),
        DeadlineSet(at=now, name=CONFIRM_TIMER, ref=ref, due_at=until),
    ]


def _cleared(redemption: Redemption, now: datetime, reason: str) -> list[RedemptionEvent]:
    if redemption.stage != "held":
        return []
    return [DeadlineCleared(at=now, name=CONFIRM_TIMER, ref=redemption.known.redemption_id, reason=reason)]


def evolve(redemption: Redemption, event: RedemptionEvent) -> Redemption:
    match event:
        case RedemptionStarted(order=order, until=until):
            return Redemption("held", order, until)
        case GoodsDispensed(paid=paid):
            return msgspec.structs.replace(redemption, stage="dispensed", paid=paid)
        case LateDispenseConfirmed(paid=paid, owed=owed):
            return msgspec.structs.replace(redemption, stage="dispensed", paid=paid, owed=owed)
        case DispenseFailed():
            return msgspec.structs.replace(redemption, stage="failed")
        case RedemptionExpired():
            return msgspec.structs.replace(redemption, stage="expired")
        case GoodsRefunded():
            return msgspec.structs.replace(redemption, stage="refunded")
        case DeadlineSet() | DeadlineCleared():
            return redemption
        case _:
            assert_never(event)


REDEMPTION: Decider[RedemptionCommand, RedemptionEvent, Redemption] = Decider(
    "redemption", Redemption(), decide, evolve, get_args(RedemptionEvent)
)
