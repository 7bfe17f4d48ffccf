"""Redemption 核销: asked for once, then verified or refused, and perhaps reversed (WF4, WF7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider
from shared.errors import IdempotencyKeyReused, NotFound, Refused

from . import refusals
from .redemption_events import Asked, Purchase, RedemptionRefused, RedemptionReversed, RedemptionVerified, Split
from .values import REVERSAL_WINDOW

_REFUSALS: dict[str, type[Refused]] = {NotFound.code: NotFound}
_REFUSALS |= {one.code: one for one in vars(refusals).values() if isinstance(one, type) and issubclass(one, Refused)}


class Redeem(Command, frozen=True):
    """A terminal asks for a purchase or a meal: over all streams that it concerns, in one decision (E37)."""

    asked: Asked
    now: datetime


class ReverseRedemption(Command, frozen=True):
    """It was a mistake, or was not served. The empty ids are those that an officer need not name."""

    redemption_id: str
    reason: str
    now: datetime
    member_id: str = ""
    merchant_id: str = ""
    terminal_id: str = ""


class Verify(Command, frozen=True):
    purchase: Purchase
    split: Split
    receipt_no: str
    takings_day: date
    period: str
    allowed_fen: int
    now: datetime


class Refuse(Command, frozen=True):
    asked: Asked
    code: str
    now: datetime


class Reverse(Command, frozen=True):
    """`adjusted_day` is None while it is not settled."""

    reason: str
    adjusted_day: date | None
    now: datetime


RedemptionCommand: TypeAlias = Verify | Refuse | Reverse
RedemptionEvent: TypeAlias = RedemptionVerified | RedemptionRefused | RedemptionReversed


class Redemption(msgspec.Struct, frozen=True):
    verified: RedemptionVerified | None = None
    refused: RedemptionRefused | None = None
    reversed: bool = False

    @property
    def stage(self) -> Literal["none", "refused", "verified", "reversed"]:
        if self.verified is None:
            return "refused" if self.refused else "none"
        return "reversed" if self.reversed else "verified"

    def repeats(self, asked: Asked) -> bool:
        """E46, E47: whether this was answered before. Raises IDEMPOTENCY_KEY_REUSED for other facts under its id, and
        what it was refused with.
        """
        if self.refused is not None:
            self._check_same(asked, _facts(asked) == _facts(self.refused.asked))
            refusal = _REFUSALS.get(self.refused.code, NotFound)
            raise refusal(f"{refusal.message()} To ask again takes a new redemption_id.", field="redemption_id")
        if self.verified is None:
            return False
        purchase = self.verified.purchase
        voucher = asked.voucher_id in (None, purchase.voucher_id)
        campaign = asked.campaign_id in (None, purchase.campaign_id)
        self._check_same(asked, _place(asked) == _place(purchase) and voucher and campaign)
        return True

    @staticmethod
    def _check_same(asked: Asked, same: bool) -> None:
        if not same:
            raise IdempotencyKeyReused(f"{asked.redemption_id} was asked with other facts.", field="redemption_id")

    def to_reverse(self, command: ReverseRedemption) -> RedemptionVerified:
        """WF7. Raises `NotFound`, ALREADY_REVERSED or REVERSAL_WINDOW_CLOSED."""
        verified = self.verified
        if verified is None:
            raise NotFound("No redemption was verified under this id.", field="redemption_id")
        purchase = verified.purchase
        if command.member_id and command.member_id != purchase.member_id:
            raise NotFound("This redemption is another member's.", field="member_id")
        if command.merchant_id and command.merchant_id != purchase.merchant_id:
            raise NotFound("This redemption is at another merchant.", field="merchant_id")
        if self.reversed:
            raise refusals.AlreadyReversed(field="redemption_id")
        if command.now >= purchase.redeemed_at + REVERSAL_WINDOW:
            raise refusals.ReversalWindowClosed(field="redemption_id")
        return verified


def _place(wish: Asked | Purchase) -> tuple[object, ...]:
    """The time that the terminal has told, not ours: a repeat comes later."""
    return wish.member_id, wish.merchant_id, wish.terminal_id, wish.basket_fen, wish.told_at


def _facts(asked: Asked) -> tuple[object, ...]:
    return *_place(asked), asked.voucher_id, asked.campaign_id


def decide(command: RedemptionCommand, redemption: Redemption) -> Sequence[RedemptionEvent]:
    match command:
        case Verify(purchase, split, receipt_no, takings_day, period, allowed_fen, now):
            return [RedemptionVerified(now, purchase, split, receipt_no, takings_day, period, allowed_fen)]
        case Refuse(asked, code, now):
            return [RedemptionRefused(now, asked, code)]
        case Reverse(reason, adjusted_day, now):
            verified = redemption.verified
            if verified is None or redemption.reversed:
                return []
            return [RedemptionReversed(now, reason, verified.split.union_fen, adjusted_day, verified.purchase)]
        case _:
            assert_never(command)


def evolve(redemption: Redemption, event: RedemptionEvent) -> Redemption:
    match event:
        case RedemptionVerified():
            return Redemption(event)
        case RedemptionRefused():
            return Redemption(refused=event)
        case RedemptionReversed():
            return msgspec.structs.replace(redemption, reversed=True)
        case _:
            assert_never(event)


REDEMPTION: Decider[RedemptionCommand, RedemptionEvent, Redemption] = Decider(
    "redemption", Redemption(), decide, evolve, get_args(RedemptionEvent)
)
