"""K4 and K5: when a scan happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.checkin.domain.device_time import Moment, moment_of
from services.checkin.domain.refusals import ScanInFuture
from services.checkin.domain.values import OLDEST_UPLOAD
from shared.errors import ValidationFailed
from tests.checkin.town import HOUR, MINUTE, SECOND, at

RECEIVED = at("09:10")


def test_k4_a_scan_online_happened_when_it_was_received() -> None:
    assert moment_of(None, None, RECEIVED) == Moment(RECEIVED, RECEIVED)


def test_k4_a_device_clock_120_seconds_wrong_is_believed() -> None:
    for sent in (RECEIVED + 120 * SECOND, RECEIVED - 120 * SECOND):
        assert moment_of(sent - HOUR, sent, RECEIVED) == Moment(sent - HOUR, RECEIVED, offline=True)


def test_k4_a_device_clock_121_seconds_wrong_is_corrected() -> None:
    for sent in (RECEIVED + 121 * SECOND, RECEIVED - 121 * SECOND):
        expected = Moment(RECEIVED - HOUR, RECEIVED, offline=True, clock_corrected=True)
        assert moment_of(sent - HOUR, sent, RECEIVED) == expected


def test_k4_the_gate_that_is_seven_minutes_fast_is_put_right() -> None:
    """Step 4 of the day: device 06:57, sent at its 09:17, received 09:10."""
    moment = moment_of(at("06:57"), at("09:17"), RECEIVED)
    assert (moment.at, moment.clock_corrected) == (at("06:50"), True)


def test_k4_a_scan_never_happened_after_its_receipt() -> None:
    fast = RECEIVED + MINUTE
    assert moment_of(fast, fast, RECEIVED) == Moment(RECEIVED, RECEIVED, offline=True)


@pytest.mark.parametrize("scanned_at,sent_at,missing", [(RECEIVED, None, "sent_at"), (None, RECEIVED, "scanned_at")])
def test_k4_an_offline_upload_gives_both_times(
    scanned_at: datetime | None, sent_at: datetime | None, missing: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        moment_of(scanned_at, sent_at, RECEIVED)
    assert refused.value.field == missing


def test_k4_a_scan_after_its_own_sending_is_refused() -> None:
    assert moment_of(RECEIVED, RECEIVED, RECEIVED).offline
    with pytest.raises(ScanInFuture):
        moment_of(RECEIVED + SECOND, RECEIVED, RECEIVED)


@pytest.mark.parametrize("ahead", [0 * HOUR, 7900 * 365 * 24 * HOUR], ids=["right", "of another age"])
def test_k4_what_a_device_has_kept_for_more_than_ten_years_is_refused(ahead: timedelta) -> None:
    """Whatever its clock says: nothing is reckoned back to before there were years."""
    sent = RECEIVED + ahead
    assert moment_of(sent - OLDEST_UPLOAD, sent, RECEIVED).late_beyond_window
    for scanned in (sent - OLDEST_UPLOAD - SECOND, datetime.min.replace(tzinfo=UTC)):
        with pytest.raises(ValidationFailed, match="ten years") as refused:
            moment_of(scanned, sent, RECEIVED)
        assert refused.value.field == "scanned_at"


def test_k5_72_hours_are_in_time_and_a_second_more_is_late() -> None:
    assert not moment_of(RECEIVED - 72 * HOUR, RECEIVED, RECEIVED).late_beyond_window
    assert moment_of(RECEIVED - 72 * HOUR - SECOND, RECEIVED, RECEIVED).late_beyond_window
