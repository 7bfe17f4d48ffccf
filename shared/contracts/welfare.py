"""What welfare tells other services."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant


class VoucherIssued(Contract):
    """A member holds a voucher 代金券. Published; key: the voucher."""

    voucher_id: Id
    member_id: Id
    campaign_id: Id
    kind: Literal["checkin_gift", "list_gift", "meal", "phased", "reward"]
    collect: Flag = Field(description="True when it is collected in a booked slot: the right to book begins.")
    face_fen: Count
    valid_until: Instant = Field(description="Exclusive (WF6).")


class VoucherExpired(Contract):
    """A voucher has passed its last day, or was revoked: the right to book ends. Published; key: the voucher."""

    voucher_id: Id
    member_id: Id
    campaign_id: Id


class VoucherReservationRefused(Contract):
    """No voucher could be reserved for a booking (amendment 6). Published; key: the booking."""

    booking_id: Id
    pool_id: Id
    member_id: Id
    campaign_id: Id
    code: Id = Field(description="The code of the refusal, as in VOUCHER_EXPIRED.", examples=["VOUCHER_EXPIRED"])


class MerchantSuspended(Contract):
    """A merchant serves nobody for now: bookings at that place are cancelled. Published; key: the merchant."""

    merchant_id: Id
    reason: Code


class Course(Contract):
    """A course that members vote for, and where and when it is held."""

    course_id: Id
    place_id: Id
    starts_at: Instant
    ends_at: Instant
    capacity: Count


class BallotClosed(Contract):
    """A course vote 点单 is over: places are opened for the winning courses. Published; key: the ballot."""

    ballot_id: Id
    winners: list[Course] = Field(description="By votes; of equals, whoever reached the count first.")
