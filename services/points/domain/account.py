"""PointsAccount 积分账户: what is asked of a member's points, and what the rules say to it.

What can happen to them, and where they lie after it, is in ledger.py and lots.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider
from shared.errors import Refused, ValidationFailed

from .ledger import (
    HELD,
    LOT_TIMER,
    LedgerEvent,
    LevelReached,
    PointsAccount,
    PointsDebtRepaid,
    PointsEarned,
    PointsExpired,
    PointsHeld,
    PointsRefunded,
    PointsReleased,
    PointsReversed,
    PointsSpent,
    SourceBarred,
    evolve,
)
from .lots import Portion, lot_id_of, total
from .values import REFUND_LASTS, level_of

OPENING = "opening"
REFUND = "refund"


class EarnPoints(Command, frozen=True):
    """Credit one source. It is credited once, however often it is told (E24)."""

    member_id: str
    points: int
    reason: str
    source_ref: str
    earned_at: datetime
    now: datetime


class GrantOpeningLot(Command, frozen=True):
    """Take over points from an earlier system; `source_ref` names the line of its list."""

    member_id: str
    points: int
    source_ref: str
    earned_at: datetime
    now: datetime


class CreditLot(Command, frozen=True):
    """What both of the above come to, once the rules have said when the lot expires."""

    points: int
    reason: str
    source_ref: str
    earned_at: datetime
    expires_at: datetime | None
    now: datetime


class ReversePoints(Command, frozen=True):
    """Take back what one source has given: once, however often it is told (PT9).

    A source that was never credited is barred: should its credit come later, it is not paid.
    """

    member_id: str
    reason: str
    source_ref: str
    now: datetime


class HoldPoints(Command, frozen=True):
    """Promise points to a redemption (PT11)."""

    hold_id: str
    points: int
    until: datetime
    now: datetime


class CaptureHold(Command, frozen=True):
    """The goods came out: the held points are spent. It stands, whatever expired meanwhile (PT7)."""

    hold_id: str
    redemption_id: str
    now: datetime


class ReleaseHold(Command, frozen=True):
    """The goods will not come out."""

    hold_id: str
    why: str
    now: datetime


class ChargePoints(Command, frozen=True):
    """The goods came out after the hold had ended: charge what there is, owe the rest (PT12)."""

    redemption_id: str
    points: int
    now: datetime


class RefundPoints(Command, frozen=True):
    """Give back the price of a redemption: `paid` from lots, `owed` as debt (PT8)."""

    redemption_id: str
    paid: tuple[Portion, ...]
    owed: int
    now: datetime


class ExpireLot(Command, frozen=True):
    member_id: str
    lot_id: str
    now: datetime


AccountCommand: TypeAlias = (
    CreditLot | ReversePoints | HoldPoints | CaptureHold | ReleaseHold | ChargePoints | RefundPoints | ExpireLot
)


class InsufficientPoints(Refused):
    """The account holds fewer points than asked. Ask for fewer, or earn more first."""


class AlreadyEarned(Refused):
    """Points were credited for this source and reason before. Nothing is left to do."""


class TransferNotAllowed(Refused):
    """Points are personal and cannot be given to anybody. Spend them at a machine; the goods may be given away."""


def decide(command: AccountCommand, account: PointsAccount) -> Sequence[LedgerEvent]:
    match command:
        case CreditLot():
            return _credited(command, account)
        case ReversePoints():
            return _reversed(command, account)
        case HoldPoints():
            return _held(command, account)
        case CaptureHold(hold_id, redemption_id, now):
            hold = account.hold(hold_id)
            return [] if hold is None else [PointsSpent(now, redemption_id, hold.allocations, hold_id, 0)]
        case ReleaseHold():
            return _released(command, account)
        case ChargePoints(redemption_id, points, now):
            taken = account.take(points, now)
            return [PointsSpent(now, redemption_id, taken, None, points - total(taken))]
        case RefundPoints():
            return _refunded(command, account)
        case ExpireLot():
            return _expired(command, account)
        case _:
            assert_never(command)


def _credited(command: CreditLot, account: PointsAccount) -> list[LedgerEvent]:
    lot_id = lot_id_of(command.reason, command.source_ref)
    if command.points < 1:
        raise ValidationFailed("Points must be 1 or more.", field="points")
    if lot_id in account.earned:
        return []
    earned = PointsEarned(
        at=command.now,
        lot_id=lot_id,
        points=command.points,
        reason=command.reason,
        source_ref=command.source_ref,
        earned_at=command.earned_at,
        expires_at=command.expires_at,
    )
    before, after = level_of(account.lifetime), level_of(account.lifetime + command.points)
    reached = [LevelReached(command.now, n, account.lifetime + command.points) for n in range(before + 1, after + 1)]
    return _repaying([earned, *_deadline(command.now, lot_id, command.expires_at), *reached], account, command.now)


def _deadline(now: datetime, lot_id: str, expires_at: datetime | None) -> list[LedgerEvent]:
    return [] if expires_at is None else [DeadlineSet(at=now, name=LOT_TIMER, ref=lot_id, due_at=expires_at)]


def _repaying(events: list[LedgerEvent], account: PointsAccount, now: datetime) -> list[LedgerEvent]:
    """PT9: whatever becomes available to one who owes repays his debt first."""
    for event in events:
        account = evolve(account, event)
    taken = account.take(account.debt, now)
    return [*events, PointsDebtRepaid(now, total(taken), taken)] if taken else events


def _reversed(command: ReversePoints, account: PointsAccount) -> list[LedgerEvent]:
    """PT9. Held points are promised: they stay, and repay what is owed should they be released."""
    source = (lot_id_of(command.reason, command.source_ref), command.reason, command.source_ref)
    points = account.earned.get(source[0])
    if points is None:
        return [SourceBarred(command.now, *source)]
    if points == 0:
        return []
    taken = account.take(points, command.now, first=source[0])
    return [PointsReversed(command.now, *source, points, taken, points - total(taken))]


def _held(command: HoldPoints, account: PointsAccount) -> list[LedgerEvent]:
    available = account.available(command.now)
    if command.points > available:
        raise InsufficientPoints(f"{command.points} points asked, {available} available.")
    return [PointsHeld(command.now, command.hold_id, account.take(command.points, command.now), command.until)]


def _released(command: ReleaseHold, account: PointsAccount) -> list[LedgerEvent]:
    """PT7: points of a lot whose expiry came meanwhile expire at once."""
    hold = account.hold(command.hold_id)
    if hold is None:
        return []
    events: list[LedgerEvent] = [PointsReleased(command.now, command.hold_id, command.why)]
    for part in hold.allocations:
        lot = account.lot(part.lot_id)
        if lot is not None and lot.expires_at is not None and not lot.is_live_at(command.now):
            events.append(PointsExpired(max(command.now, lot.expires_at), lot.lot_id, part.points))
    return _repaying(events, account, command.now)


def _refunded(command: RefundPoints, account: PointsAccount) -> list[LedgerEvent]:
    """PT8. What was owed and is repaid by now came from lots nobody knows any more: it is in the new lot too."""
    now, expires_at = command.now, command.now + REFUND_LASTS
    back = [portion for portion in command.paid if _takes_back(portion, account, now)]
    forgiven = min(command.owed, account.debt)
    renewed = total(command.paid) - total(tuple(back)) + command.owed - forgiven
    if renewed:
        back.append(Portion(lot_id_of(REFUND, command.redemption_id), renewed, now, expires_at))
    refunded = PointsRefunded(now, command.redemption_id, tuple(back), forgiven)
    deadlines = [event for portion in back for event in _deadline(now, portion.lot_id, portion.expires_at)]
    return _repaying([refunded, *deadlines], account, now)


def _takes_back(portion: Portion, account: PointsAccount, now: datetime) -> bool:
    lot = account.lot(portion.lot_id)
    return (portion.expires_at is None or now < portion.expires_at) and (lot is None or not lot.over)


def _expired(command: ExpireLot, account: PointsAccount) -> list[LedgerEvent]:
    lot = account.lot(command.lot_id)
    if lot is None:
        return [_cleared(command, "spent")]
    if lot.is_live_at(command.now):
        return []  # asked too early, which the timer never does
    free = account.free(lot)
    events: list[LedgerEvent] = [PointsExpired(command.now, lot.lot_id, free)] if free else []
    return [*events, _cleared(command, "expired" if free == lot.remaining else HELD)]


def _cleared(command: ExpireLot, reason: str) -> DeadlineCleared:
    return DeadlineCleared(at=command.now, name=LOT_TIMER, ref=command.lot_id, reason=reason)


ACCOUNT: Decider[AccountCommand, LedgerEvent, PointsAccount] = Decider(
    "account", PointsAccount(), decide, evolve, get_args(LedgerEvent)
)
