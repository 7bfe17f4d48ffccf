"""What tills ask for, what bookings and merchants mean for vouchers, and what time does to them."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.checkin_bookings import BookingAttended, BookingCancelled, BookingConfirmed, BookingNoShow
from shared.contracts.welfare_vouchers import VoucherHoldReleased, VoucherHoldRequested
from shared.decider import Command
from shared.policies import Intake, Policies, Receipt, Timers

from ..domain.collection import AttendCollection, Booked, CancelCollection, MissCollection, ReserveForBooking
from ..domain.holds import FreeHolds, HoldsFreed
from ..domain.merchant import MerchantLeft, MerchantSuspended
from ..domain.voucher_commands import EndHold, ExpireVoucher, HoldAtTill, ReleaseAtTill
from ..domain.voucher_events import EXPIRY, RESERVATION

INTAKE = Intake()
POLICIES = Policies()
TIMERS: Timers = {
    ("voucher", EXPIRY): lambda entity, ref, due_at: ExpireVoucher(entity, due_at),
    ("voucher", RESERVATION): lambda entity, ref, due_at: EndHold(entity, ref, due_at),
}


@INTAKE.on(VoucherHoldRequested)
def hold(event: VoucherHoldRequested, received: Receipt) -> Command:
    till = (event.member_id, event.merchant_id, event.terminal_id)
    return HoldAtTill(event.voucher_id, *till, event.reservation_ref, received.received_at)


@INTAKE.on(VoucherHoldReleased)
def release(event: VoucherHoldReleased, received: Receipt) -> Command:
    till = (event.member_id, event.merchant_id, event.terminal_id)
    return ReleaseAtTill(event.voucher_id, *till, event.reservation_ref, received.received_at)


def _booked(event: BookingConfirmed | BookingCancelled | BookingAttended | BookingNoShow) -> list[Booked]:
    """Nothing for a booking that needs no voucher."""
    if event.campaign_id is None:
        return []
    return [Booked(event.pool_id, event.member_id, event.campaign_id, event.place_id)]


@POLICIES.timed(BookingConfirmed)
def when_collection_booked(event: BookingConfirmed, at: datetime) -> list[Command]:
    """Row 12."""
    slot = (event.starts_at, event.ends_at)
    return [ReserveForBooking(event.booking_id, booked, *slot, at) for booked in _booked(event)]


@POLICIES.timed(BookingCancelled)
def when_collection_cancelled(event: BookingCancelled, at: datetime) -> list[Command]:
    """Row 13."""
    return [CancelCollection(event.booking_id, booked, event.reason, at) for booked in _booked(event)]


@POLICIES.timed(BookingNoShow)
def when_collection_missed(event: BookingNoShow, at: datetime) -> list[Command]:
    """Row 13."""
    return [MissCollection(event.booking_id, booked, at) for booked in _booked(event)]


@POLICIES.on(BookingAttended)
def when_collector_came(event: BookingAttended) -> list[Command]:
    """Row 14."""
    return [AttendCollection(event.booking_id, booked, event.attended_at) for booked in _booked(event)]


@POLICIES.on(MerchantSuspended)
def when_merchant_suspended(event: MerchantSuspended) -> list[Command]:
    """WF13."""
    return [FreeHolds(event.merchant_id, event.at, event.at)]


@POLICIES.on(MerchantLeft)
def when_merchant_left(event: MerchantLeft) -> list[Command]:
    """WF13: whoever is gone for good serves nobody either."""
    return [FreeHolds(event.merchant_id, event.at, event.at)]


@POLICIES.on(HoldsFreed)
def when_holds_freed(event: HoldsFreed) -> list[Command]:
    """Until none is left."""
    return [FreeHolds(event.place_id, event.since, event.at)] if event.left else []
