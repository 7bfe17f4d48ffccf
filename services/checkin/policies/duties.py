"""What the rota does by itself: gaps each evening, misses, suspensions, new hours, and reports that points accepts."""

from __future__ import annotations

from datetime import date, datetime

from shared.contracts.points import PatrolReportAccepted, PatrolReportVoided
from shared.decider import Command
from shared.policies import Policies, Timers

from ..domain.duty import DUTY
from ..domain.duty_commands import STATION_RETIRED, STATION_SUSPENDED, EndDuty, FulfilDuty, MissDuty, VoidDutyReport
from ..domain.duty_state import END, MISS
from ..domain.rota import (
    ROTA,
    UNASSIGNED,
    CancelDuties,
    CheckRota,
    OpenRota,
    ReviseStarts,
    station_of,
)
from ..domain.shifts import months_around
from ..domain.station import StationHoursSet, StationRegistered, StationRetired, StationSuspended

POLICIES = Policies()


@POLICIES.on(StationRegistered)
def open_rota_of_registered_station(event: StationRegistered) -> list[Command]:
    return [OpenRota(event.station_id, event.at)]


@POLICIES.on(StationSuspended)
def cancel_duties_of_suspended_station(event: StationSuspended) -> list[Command]:
    return _cancelled(event.station_id, STATION_SUSPENDED, event.at)


@POLICIES.on(StationRetired)
def cancel_duties_of_retired_station(event: StationRetired) -> list[Command]:
    return _cancelled(event.station_id, STATION_RETIRED, event.at)


def _cancelled(station_id: str, reason: str, now: datetime) -> list[Command]:
    """By months, so that a rota that is planned far ahead does not become one large decision."""
    return [CancelDuties(station_id, month, reason, now) for month in months_around(now)]


@POLICIES.on(StationHoursSet)
def revise_starts_by_new_hours(event: StationHoursSet) -> list[Command]:
    return [ReviseStarts(event.station_id, month, event.at) for month in months_around(event.at)]


@POLICIES.on(PatrolReportAccepted)
def fulfil_patrol_duty(event: PatrolReportAccepted) -> list[Command]:
    """Row 4. A publisher that does not say when it accepted is taken to have been in time."""
    return [FulfilDuty(event.duty_id, event.report_id, event.accepted_at or event.performed_from)]


@POLICIES.on(PatrolReportVoided)
def undo_patrol_duty(event: PatrolReportVoided) -> list[Command]:
    """CK11, E34: the same report is its key, so it is told after the acceptance."""
    return [VoidDutyReport(event.duty_id, event.report_id, event.voided_at)]


def check_rota(sheet: str, day: str, due_at: datetime) -> Command:
    return CheckRota(station_of(sheet), date.fromisoformat(day), due_at)


TIMERS: Timers = {
    (ROTA.category, UNASSIGNED): check_rota,
    (DUTY.category, MISS): lambda duty_id, ref, due_at: MissDuty(duty_id, due_at),
    (DUTY.category, END): lambda duty_id, ref, due_at: EndDuty(duty_id, None, due_at),
}
