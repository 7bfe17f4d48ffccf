"""When a scan or a report happened, by the server's clock and by the device's (K4, K5)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.clock import by_our_clock
from shared.errors import ValidationFailed

from .refusals import ScanInFuture
from .values import CLOCK_TOLERANCE, LATENESS_WINDOW, OLDEST_UPLOAD


class Moment(msgspec.Struct, frozen=True):
    """When something happened and when we were told. The fields below the first two say how we know."""

    at: datetime
    received_at: datetime
    offline: bool = False
    clock_corrected: bool = False

    @property
    def late_beyond_window(self) -> bool:
        """K5: recorded and counted in its own day, but no reaction."""
        return self.received_at - self.at > LATENESS_WINDOW


def moment_of(
    device_at: datetime | None, sent_at: datetime | None, received_at: datetime, field: str = "scanned_at"
) -> Moment:
    """K4. A device that is online sends no time of its own: the receipt is the time. `field` is the device's time."""
    if device_at is None and sent_at is None:
        return Moment(at=received_at, received_at=received_at)
    if device_at is None or sent_at is None:
        missing = field if device_at is None else "sent_at"
        raise ValidationFailed(f"{missing} is missing: an offline upload gives both times", field=missing)
    if device_at > sent_at:
        raise ScanInFuture(field=field)
    if sent_at - device_at > OLDEST_UPLOAD:
        raise ValidationFailed(f"{field} is more than ten years before sent_at", field=field)
    happened, corrected = by_our_clock(device_at, sent_at, received_at, CLOCK_TOLERANCE)
    return Moment(happened, received_at, offline=True, clock_corrected=corrected)
