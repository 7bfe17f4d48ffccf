"""When something happened, by the server's clock and by the device's (K4), and how late we were told (K5)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.clock import by_our_clock
from shared.errors import ValidationFailed

from .values import CLOCK_TOLERANCE, OLDEST_UPLOAD, REACTION_WINDOW

CLOCK_CORRECTED, LATE = "clock_corrected", "late_beyond_window"


class Moment(msgspec.Struct, frozen=True):
    """When it happened, by our clock. `told` is the device's own time; None: it was online."""

    at: datetime
    told: datetime | None = None
    flags: tuple[str, ...] = ()

    @property
    def offline(self) -> bool:
        return self.told is not None


def moment_of(device_at: datetime | None, sent_at: datetime | None, received_at: datetime, field: str) -> Moment:
    """K4. A device that is online sends no time of its own: the receipt is the time. `field` names the first one."""
    if device_at is None and sent_at is None:
        return Moment(received_at)
    if device_at is None or sent_at is None:
        missing = field if device_at is None else "sent_at"
        raise ValidationFailed(f"{missing} is missing: an offline upload gives both times.", field=missing)
    if device_at > sent_at:
        raise ValidationFailed(f"{field} is after sent_at: it happened before it was sent.", field=field)
    if sent_at - device_at > OLDEST_UPLOAD:
        raise ValidationFailed(f"{field} is more than ten years before sent_at.", field=field)
    happened, corrected = by_our_clock(device_at, sent_at, received_at, CLOCK_TOLERANCE)
    flags = (CLOCK_CORRECTED,) if corrected else ()
    return Moment(happened, device_at, (*flags, LATE) if received_at - happened > REACTION_WINDOW else flags)
