"""Vouchers 代金券 at tills: what these tell welfare before anything is bought."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.model import Contract, Id


class VoucherHoldRequested(Contract):
    """A till keeps a voucher for the customer who is paying, for 15 minutes (WF5). Intake; key: the member."""

    voucher_id: Id
    member_id: Id
    merchant_id: Id
    terminal_id: Id
    reservation_ref: Id = Field(
        description="Made by the till for this purchase; the redemption names it. Again, it is nothing new.",
        examples=["K1-till-000042"],
    )


class VoucherHoldReleased(Contract):
    """The customer does not pay with it: others may have it again (WF5). Intake; key: the member."""

    voucher_id: Id
    member_id: Id
    merchant_id: Id
    terminal_id: Id
    reservation_ref: Id | None = Field(
        default=None, description="Left out: whatever till of this merchant holds it, as when a till has forgotten."
    )
