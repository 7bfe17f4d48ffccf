"""What is believed of the times that a device reports: how far it may be ahead (K4), and how late it may tell (K5)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.clock import by_our_clock
from shared.errors import ValidationFailed

from .values import CLOCK_TOLERANCE, LONGEST_PATROL, OLDEST_UPLOAD, REACTION_WINDOW


def believed_end(begin: datetime, end: datetime, received_at: datetime) -> datetime:
    """K4: a device a little ahead of us is believed, but nothing ends after we heard of it."""
    if end - received_at > CLOCK_TOLERANCE:
        raise ValidationFailed("The patrol ends after the report was received.", field="performed_to")
    if received_at - end > OLDEST_UPLOAD:
        raise ValidationFailed("The patrol ended more than ten years ago.", field="performed_to")
    believed = min(end, received_at)
    if begin >= believed:
        raise ValidationFailed("The patrol must end after it begins, and before it is reported.", field="performed_to")
    if believed - begin > LONGEST_PATROL:
        raise ValidationFailed("The patrol lasts more than a day: report each day's on its own.", field="performed_to")
    return believed


def comes_late(ended_at: datetime, received_at: datetime) -> bool:
    """K5: so late that it is recorded only."""
    return received_at - ended_at > REACTION_WINDOW


class Moment(msgspec.Struct, frozen=True):
    """When something happened, by our clock."""

    at: datetime
    clock_corrected: bool = False


def moment_of(seen_at: datetime | None, sent_at: datetime | None, received_at: datetime, field: str) -> Moment:
    """K4. A device that is online sends no time of its own: the receipt is the time. `field` names the first one."""
    if seen_at is None and sent_at is None:
        return Moment(received_at)
    if seen_at is None or sent_at is None:
        missing = field if seen_at is None else "sent_at"
        raise ValidationFailed(f"{missing} is missing: an offline upload gives both times.", field=missing)
    if seen_at > sent_at:
        raise ValidationFailed(f"{field} is after sent_at: the device saw it before it sent it.", field=field)
    if sent_at - seen_at > OLDEST_UPLOAD:
        raise ValidationFailed(f"{field} is more than ten years before sent_at.", field=field)
    return Moment(*by_our_clock(seen_at, sent_at, received_at, CLOCK_TOLERANCE))
