"""What a campaign says: whose money, how much of it, when and for whom."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal, TypeAlias

import msgspec

from shared.clock import CHINA

CampaignKind: TypeAlias = Literal["checkin_gift", "list_gift", "meal", "phased", "reward"]


class Phase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a phased campaign, half-open (WF11)."""

    phase_id: str
    starts_at: datetime
    ends_at: datetime


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a campaign says. Empty tuples mean: all of them. Money in fen.

    `face_fen` is what the union pays: a voucher's face, or its part of a meal's price, to which `worker_fen` and
    `canteen_fen` come. The window is of each day in China, half-open. Without `valid_until` a voucher is good for the
    day of its issue. A campaign that names stations is bound to them: to what is checked in there, and to their being
    in service.
    """

    kind: CampaignKind
    budget_id: str
    face_fen: int
    starts_at: datetime
    ends_at: datetime
    window_from: time | None = None
    window_to: time | None = None
    valid_until: datetime | None = None
    collect: bool = False
    merchants: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    limit: int = 0  # vouchers or meals for each member in all; 0: as many as periods
    worker_fen: int = 0
    canteen_fen: int = 0

    def in_window(self, moment: datetime) -> bool:
        """Whether it is served at this time of the day; half-open, may pass midnight."""
        if self.window_from is None or self.window_to is None:
            return True
        local = moment.astimezone(CHINA).time()
        if self.window_from <= self.window_to:
            return self.window_from <= local < self.window_to
        return local >= self.window_from or local < self.window_to

    def voucher_ends(self, issued_for: datetime) -> datetime:
        """When a voucher is of no use any more, exclusive (WF6); never after the campaign says."""
        if self.valid_until is not None:
            return self.valid_until
        day = issued_for.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
        return day + timedelta(days=1)

    def accepts(self, merchant_id: str) -> bool:
        return not self.merchants or merchant_id in self.merchants
