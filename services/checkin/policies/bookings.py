"""What devices at a place tell us, what other services' events mean for bookings, and what time does to them."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.checkin_bookings import BookingPresented
from shared.contracts.welfare import (
    BallotClosed,
    MerchantSuspended,
    VoucherExpired,
    VoucherIssued,
    VoucherReservationRefused,
)
from shared.decider import Command
from shared.log.codec import derived_id
from shared.policies import Intake, Policies, Receipt, Timers

from ..domain.booking import ClosePool, EndCollection, EndWaiting, OpenPool, RevokeBooking
from ..domain.bookings import BeginRight, EndRight, PresentMember, ReleaseBookings
from ..domain.device_time import moment_of
from ..domain.member import MemberLeft, MemberSuspended
from ..domain.member_code import shown
from ..domain.place import PlaceVacated, VacatePlace
from ..domain.pool import COLLECTION_END, COURSE, POOL, SLOT_END
from ..domain.station import StationRetired, StationSuspended

INTAKE = Intake()
POLICIES = Policies()


@INTAKE.on(BookingPresented)
def present_member(event: BookingPresented, received: Receipt) -> Command:
    """As at a gate: signature and step of a code are checked here (CK7)."""
    moment = moment_of(event.scanned_at, event.sent_at, received.received_at)
    code = shown(event.code, event.member_id, received.code_secrets, moment) if event.code is not None else None
    return PresentMember(event.member_id, event.place_id, event.device_id, moment, code)


@POLICIES.timed(VoucherIssued)
def when_voucher_issued(event: VoucherIssued, at: datetime) -> list[Command]:
    """Row 11: a voucher that is collected in a slot gives the right to book."""
    if not event.collect:
        return []
    return [BeginRight(event.member_id, event.voucher_id, event.campaign_id, event.valid_until, at)]


@POLICIES.timed(VoucherExpired)
def when_voucher_expired(event: VoucherExpired, at: datetime) -> list[Command]:
    """Row 11: the right ends, and with the last one the bookings that rest on it."""
    return [EndRight(event.member_id, event.voucher_id, event.campaign_id, at)]


@POLICIES.timed(VoucherReservationRefused)
def when_voucher_reservation_refused(event: VoucherReservationRefused, at: datetime) -> list[Command]:
    """Amendment 6: without a voucher the place is the next one's."""
    return [RevokeBooking(event.booking_id, event.pool_id, "reservation_refused", at)]


@POLICIES.timed(MerchantSuspended)
def when_merchant_suspended(event: MerchantSuspended, at: datetime) -> list[Command]:
    """Row 17."""
    return [VacatePlace(event.merchant_id, "merchant_suspended", at)]


@POLICIES.on(StationSuspended)
def when_station_suspended(event: StationSuspended) -> list[Command]:
    """Row 21."""
    return [VacatePlace(event.station_id, "station_suspended", event.at)]


@POLICIES.on(StationRetired)
def when_station_retired(event: StationRetired) -> list[Command]:
    """Row 21: who is gone for good serves nobody either."""
    return [VacatePlace(event.station_id, "station_retired", event.at)]


@POLICIES.on(PlaceVacated)
def when_place_vacated(event: PlaceVacated) -> list[Command]:
    return [ClosePool(pool_id, event.reason, event.at) for pool_id in event.pools]


@POLICIES.on(MemberSuspended)
def when_member_suspended_places_are_free(event: MemberSuspended) -> list[Command]:
    return [ReleaseBookings(event.member_id, "member_suspended", event.at)]


@POLICIES.on(MemberLeft)
def when_member_left_places_are_free(event: MemberLeft) -> list[Command]:
    return [ReleaseBookings(event.member_id, "member_left", event.at)]


@POLICIES.timed(BallotClosed)
def when_ballot_closed(event: BallotClosed, at: datetime) -> list[Command]:
    """Row 24: a pool for each winning course, by an id that every repeat has again."""
    return [
        OpenPool(
            pool_id=derived_id("pool", event.ballot_id, course.course_id),
            purpose=COURSE,
            place_id=course.place_id,
            starts_at=course.starts_at,
            ends_at=course.ends_at,
            capacity=course.capacity,
            now=at,
            course_id=course.course_id,
            ballot_id=event.ballot_id,
        )
        for course in event.winners
    ]


def end_waiting(pool_id: str, _ref: str, due_at: datetime) -> Command:
    return EndWaiting(pool_id, due_at)


def end_collection(pool_id: str, _ref: str, due_at: datetime) -> Command:
    return EndCollection(pool_id, due_at)


TIMERS: Timers = {(POOL.category, SLOT_END): end_waiting, (POOL.category, COLLECTION_END): end_collection}
