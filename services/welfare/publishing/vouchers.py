"""What others are told about vouchers: that one can be used, that one cannot, that none is there for a booking."""

from __future__ import annotations

from shared.contracts import welfare as contracts
from shared.publishing import Publishing

from ..domain.collection import VoucherReservationRefused
from ..domain.voucher_events import VoucherExpired, VoucherIssued, VoucherRevoked

PUBLISHING = Publishing()


@PUBLISHING.on(VoucherIssued)
def voucher_issued(event: VoucherIssued, voucher_id: str) -> contracts.VoucherIssued:
    return contracts.VoucherIssued(
        voucher_id=voucher_id,
        member_id=event.member_id,
        campaign_id=event.campaign_id,
        kind=event.kind,
        collect=event.collect,
        face_fen=event.face_fen,
        valid_until=event.valid_until,
    )


@PUBLISHING.on(VoucherExpired)
def voucher_expired(event: VoucherExpired, voucher_id: str) -> contracts.VoucherExpired:
    return _ended(event, voucher_id)


@PUBLISHING.on(VoucherRevoked)
def voucher_revoked(event: VoucherRevoked, voucher_id: str) -> contracts.VoucherExpired:
    """For whoever has built on it both are the same."""
    return _ended(event, voucher_id)


def _ended(event: VoucherExpired | VoucherRevoked, voucher_id: str) -> contracts.VoucherExpired:
    return contracts.VoucherExpired(voucher_id=voucher_id, member_id=event.member_id, campaign_id=event.campaign_id)


@PUBLISHING.on(VoucherReservationRefused)
def voucher_reservation_refused(
    event: VoucherReservationRefused, booking_id: str
) -> contracts.VoucherReservationRefused:
    """Amendment 6."""
    booked = event.booked
    return contracts.VoucherReservationRefused(
        booking_id=booking_id,
        pool_id=booked.pool_id,
        member_id=booked.member_id,
        campaign_id=booked.campaign_id,
        code=event.code,
    )
