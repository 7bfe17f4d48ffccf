"""What checkin takes and tells about slot pools 时段 and bookings 预约."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.checkin import CodeText
from shared.contracts.model import Code, Contract, Count, Id, Instant

PURPOSE = "What people come for: collection, course, service ..."
PLACE = "A merchant or a station."


class BookingPresented(Contract):
    """A member code 会员码 was read at a place where the member may have booked. Intake; key: the member."""

    member_id: Id = Field(description="The member whose code was read.")
    place_id: Id = Field(description=PLACE)
    device_id: Id = Field(description="The desk or machine that read it.")
    code: CodeText | None = Field(
        default=None, description="The text of the rotating code (CK7). Left out, the place answers for who it is."
    )
    scanned_at: Instant | None = Field(
        default=None, description="The device's time of reading. Given together with sent_at by an offline upload."
    )
    sent_at: Instant | None = Field(
        default=None, description="The device's time when it uploads; tells how wrong the device's clock is (K4)."
    )


class SlotPoolOpened(Contract):
    """So many places can be booked, at one place and time. Published; key: the pool."""

    pool_id: Id
    purpose: Code = Field(description=PURPOSE)
    place_id: Id = Field(description=PLACE)
    starts_at: Instant
    ends_at: Instant
    capacity: Count
    campaign_id: Id | None = Field(default=None, description="Who books needs a voucher of this campaign.")
    course_id: Id | None = Field(default=None, description="Of the purpose course.")


class SlotPoolClosed(Contract):
    """A slot was called off; each of its bookings is told by itself. Published; key: the pool."""

    pool_id: Id
    place_id: Id
    reason: Code


class BookingConfirmed(Contract):
    """A member has a place, at once or from the waiting list. Published; key: the booking."""

    booking_id: Id
    pool_id: Id
    member_id: Id
    purpose: Code = Field(description=PURPOSE)
    place_id: Id = Field(description=PLACE)
    starts_at: Instant
    ends_at: Instant
    campaign_id: Id | None = None
    course_id: Id | None = None


class BookingCancelled(Contract):
    """A place was given up or taken back before anybody came. Published; key: the booking."""

    booking_id: Id
    pool_id: Id
    member_id: Id
    purpose: Code = Field(description=PURPOSE)
    place_id: Id = Field(description=PLACE)
    campaign_id: Id | None = None
    course_id: Id | None = None
    reason: Code = Field(description="by_member, reservation_refused, right_ended, member_suspended ...")


class BookingAttended(Contract):
    """The member has come. Published; key: the booking."""

    booking_id: Id
    pool_id: Id
    member_id: Id
    purpose: Code = Field(description=PURPOSE)
    place_id: Id = Field(description=PLACE)
    attended_at: Instant
    campaign_id: Id | None = None
    course_id: Id | None = None


class BookingNoShow(Contract):
    """Nobody came by 15 minutes after the slot's end. Published; key: the booking."""

    booking_id: Id
    pool_id: Id
    member_id: Id
    purpose: Code = Field(description=PURPOSE)
    place_id: Id = Field(description=PLACE)
    campaign_id: Id | None = None
    course_id: Id | None = None
