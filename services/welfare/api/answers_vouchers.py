"""Answers about vouchers and bookings that were missed."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from shared.answers import Found, Moment, NextNumber

from ..domain.terms import CampaignKind
from ..domain.voucher_events import Holder


class HeldFor(BaseModel):
    """For whom a voucher is kept."""

    holder: Holder
    ref: str = Field(description="The booking, or the till's own reference.")
    place_id: str
    until: Moment = Field(description="Exclusive.")
    permitted: bool = Field(description="The member has come to the place that he has booked.")


class VoucherState(BaseModel):
    """A voucher, as it is at this moment. Amounts are in fen."""

    voucher_id: str
    member_id: str
    campaign_id: str
    kind: CampaignKind
    period: str
    face_fen: int
    collect: bool = Field(description="It is collected in a booked slot.")
    issued_at: Moment
    valid_until: Moment = Field(description="Exclusive; a hold that began before may last longer.")
    state: Literal["issued", "reserved", "redeemed", "expired", "revoked"]
    since: Moment = Field(description="When it was last changed.")
    hold: HeldFor | None
    redemption_id: str | None
    merchant_id: str | None = Field(description="Where it was used.")
    paid_fen: int | None
    any_merchant: bool = Field(description="Every merchant takes it.")
    merchants: list[str] = Field(description="Else these, of those that serve now.")


class Voucher(Found, VoucherState):
    """One voucher, and the position that it was read at."""


class WalletLine(VoucherState):
    """One of a wallet."""

    place: int = Field(description="Of its issue; ask for the next page with the last one's.")


class Wallet(Found):
    """A page of a member's vouchers, the last one first."""

    member_id: str
    blocked: Literal["", "suspended", "left"] = Field(description="Why the member can use none now; empty: he can.")
    vouchers: list[WalletLine]
    next: NextNumber


class NoShow(BaseModel):
    """A booking to which nobody came."""

    booking_id: str
    place: int
    day: date
    missed_at: Moment
    pool_id: str
    merchant_id: str
    campaign_id: str
    member_id: str
    voucher_id: str | None = Field(description="What was reserved for it, if anything was.")


class NoShows(Found):
    """A page of no-shows, the last one first."""

    no_shows: list[NoShow]
    next: NextNumber
