"""What equipment and rectifications ask of stations."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.checkin.domain.equipment import ReportState, SubsystemState
from services.checkin.domain.facilities import HoldFacility, ReleaseFacility
from services.checkin.domain.refusals import ScanInFuture
from services.checkin.handlers import HANDLERS
from services.checkin.policies import INTAKE
from services.checkin.policies.stations import when_rectification_closed, when_rectification_notice_issued
from shared.contracts.checkin_stations import StationStateReported
from shared.contracts.grievance import RectificationClosed, RectificationNoticeIssued
from shared.errors import ValidationFailed
from shared.policies import Receipt
from tests.checkin.town import at, offline, online

RECEIPT = Receipt(command_id="c1", received_at=at("09:10"), source="box/1", id="1", subject="S1")
TOLD = (SubsystemState("energy", "ok"), SubsystemState("video", "fault"))


def told(reported_at: datetime | None = None, sent_at: datetime | None = None, **more: int) -> StationStateReported:
    subsystems = {"video": "fault", "energy": "ok"}
    return StationStateReported.model_validate(
        {"station_id": "S1", "subsystems": subsystems, "reported_at": reported_at, "sent_at": sent_at, **more}
    )


def test_ck8_a_state_is_believed_for_300_seconds_unless_the_report_says_otherwise() -> None:
    assert INTAKE.command(told(), RECEIPT) == ReportState("S1", online(at("09:10")), 300, TOLD)
    assert INTAKE.command(told(ttl_s=60), RECEIPT) == ReportState("S1", online(at("09:10")), 60, TOLD)
    assert INTAKE.command(told(ttl_s=0), RECEIPT) == ReportState("S1", online(at("09:10")), 0, TOLD), "to be refused"


def test_k4_a_report_that_waited_is_of_the_devices_time() -> None:
    command = INTAKE.command(told(at("07:08"), at("09:10")), RECEIPT)
    assert command == ReportState("S1", offline(at("07:08"), at("09:10")), 300, TOLD)


def test_k4_times_that_contradict_one_another_are_refused_with_the_field_named() -> None:
    with pytest.raises(ValidationFailed) as missing:
        INTAKE.command(told(None, at("09:10")), RECEIPT)
    assert missing.value.field == "reported_at"
    with pytest.raises(ScanInFuture) as future:
        INTAKE.command(told(at("09:11"), at("09:10")), RECEIPT)
    assert future.value.field == "reported_at"


def notice(severity: str = "major", facility: str | None = "power_strips") -> RectificationNoticeIssued:
    facts = {"rectification_id": "RC-1", "station_id": "S2", "severity": severity, "due_at": at("19:25")}
    return RectificationNoticeIssued.model_validate(facts | ({"facility": facility} if facility else {}))


def test_row_7_the_notice_of_a_major_hazard_takes_the_facility_out_of_service() -> None:
    """GR11: it is due four hours after it was issued."""
    assert when_rectification_notice_issued(notice()) == [HoldFacility("S2", "power_strips", "RC-1", at("15:25"))]


def test_row_7_a_general_hazard_or_one_of_no_facility_takes_nothing() -> None:
    assert when_rectification_notice_issued(notice(severity="general")) == []
    assert when_rectification_notice_issued(notice(facility=None)) == []


def test_row_7_the_closing_gives_back_what_the_rectification_holds() -> None:
    closed = RectificationClosed(rectification_id="RC-1", station_id="S2", closed_at=at("11:30", 24))
    assert when_rectification_closed(closed) == [ReleaseFacility("S2", "RC-1", at("11:30", 24))]


def test_what_is_asked_for_has_a_handler() -> None:
    assert {ReportState, HoldFacility, ReleaseFacility} <= HANDLERS.commands.keys()
