"""What equipment tells, and what rectifications of hazards mean for a station's facilities (row 7)."""

from __future__ import annotations

from shared.contracts.checkin_stations import StationStateReported
from shared.contracts.grievance import RectificationClosed, RectificationNoticeIssued
from shared.decider import Command
from shared.policies import Intake, Policies, Receipt

from ..domain.device_time import moment_of
from ..domain.equipment import ReportState, SubsystemState
from ..domain.facilities import HoldFacility, ReleaseFacility
from ..domain.values import MAJOR_FIX_WITHIN, STATE_TTL_S

INTAKE = Intake()
POLICIES = Policies()


@INTAKE.on(StationStateReported)
def report_state(event: StationStateReported, received: Receipt) -> Command:
    """K4: a report of now has no time of its own; one that waited has the device's."""
    moment = moment_of(event.reported_at, event.sent_at, received.received_at, "reported_at")
    subsystems = tuple(SubsystemState(name, event.subsystems[name]) for name in sorted(event.subsystems))
    return ReportState(event.station_id, moment, STATE_TTL_S if event.ttl_s is None else event.ttl_s, subsystems)


@POLICIES.on(RectificationNoticeIssued)
def when_rectification_notice_issued(event: RectificationNoticeIssued) -> list[Command]:
    """A general hazard takes nothing out of service. The notice does not say when it was issued, but when it is due."""
    if event.severity != "major" or event.facility is None:
        return []
    issued_at = event.due_at - MAJOR_FIX_WITHIN
    return [HoldFacility(event.station_id, event.facility, event.rectification_id, issued_at)]


@POLICIES.on(RectificationClosed)
def when_rectification_closed(event: RectificationClosed) -> list[Command]:
    return [ReleaseFacility(event.station_id, event.rectification_id, event.closed_at)]
