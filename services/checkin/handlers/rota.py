"""A station's rota 值班表 as a whole: gaps that are told each evening, suspensions, and new hours."""

from __future__ import annotations

from shared.decider import Change, Changes, Handlers, Read

from ..domain.duty import DUTY
from ..domain.duty_commands import CancelDuty
from ..domain.rota import (
    ROTA,
    AwaitChief,
    CancelDuties,
    CheckRota,
    OpenRota,
    ReportUnassigned,
    ReviseStarts,
    StopAwaiting,
    sheet_of,
    sheet_of_month,
)
from ..domain.shifts import ONE_DAY, first_day_to_check
from ..domain.station import STATION
from .duties import cancel_duty, deadline_revised

HANDLERS = Handlers(STATION, ROTA, DUTY)


@HANDLERS.on(OpenRota)
def open_rota(command: OpenRota, read: Read) -> Changes:
    day = first_day_to_check(command.now)
    sheet_id = sheet_of(command.station_id, day)
    return [Change(ROTA, sheet_id, ROTA.decide(AwaitChief(day, command.now), read(ROTA, sheet_id)))]


@HANDLERS.on(CheckRota)
def check_rota(command: CheckRota, read: Read) -> Changes:
    """CK10: tells the gap of a station in service, and looks again the next evening until the station is retired."""
    station, after = read(STATION, command.station_id), command.day + ONE_DAY
    today, tomorrow = sheet_of(command.station_id, command.day), sheet_of(command.station_id, after)
    sheet, next_sheet = read(ROTA, today), read(ROTA, tomorrow)
    duty_id = sheet.chief_duty(command.day)
    named = duty_id is not None and bool(read(DUTY, duty_id).people)
    if station.retired:
        return [Change(ROTA, today, ROTA.decide(StopAwaiting(command.day, command.now), sheet))]
    changes = [Change(ROTA, tomorrow, ROTA.decide(AwaitChief(after, command.now), next_sheet))]
    if not (named or station.is_draft or station.is_out_of_service(command.now)):
        gap = ReportUnassigned(command.station_id, command.day, command.now)
        changes.insert(0, Change(ROTA, today, ROTA.decide(gap, sheet)))
    return changes


@HANDLERS.on(CancelDuties)
def cancel_duties(command: CancelDuties, read: Read) -> Changes:
    """Row 21: what is not over is cancelled, not missed. What entered the rota after the station was resumed stays.

    While it is out of service nothing enters, so whatever is there was before, also by a clock that is ahead of ours.
    """
    sheet = read(ROTA, sheet_of_month(command.station_id, command.month))
    closed = read(STATION, command.station_id).out_of_service_from is not None
    changes: list[Change] = []
    for duty_id in sheet.not_over(command.now) if closed else sheet.to_come(command.now):
        cancelling = CancelDuty(duty_id, command.station_id, command.reason, command.now, suspended=True)
        changes += cancel_duty(cancelling, read)
    return changes


@HANDLERS.on(ReviseStarts)
def revise_starts(command: ReviseStarts, read: Read) -> Changes:
    """CK10 goes by the hours of the date (CK6), also when they are set after the chief was named."""
    station = read(STATION, command.station_id)
    sheet = read(ROTA, sheet_of_month(command.station_id, command.month))
    chiefs = [duty_id for duty_id, entry in sheet.to_come(command.now).items() if entry.kind == "chief"]
    return [change for duty_id in chiefs for change in deadline_revised(duty_id, station, command.now, read)]
