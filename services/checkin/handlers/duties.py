"""The rota 值班表: which streams its commands read and change."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeAlias

from shared.decider import Change, Changes, Handlers, Read, decided
from shared.errors import NotFound

from ..domain.chief_day import CHIEF_DAY, FreeChiefDay, TakeChiefDay, chief_day
from ..domain.duty import DUTY
from ..domain.duty_commands import (
    STATION_SUSPENDED,
    AcceptSwap,
    AssignDuty,
    CancelDuty,
    EndDuty,
    FulfilDuty,
    MissDuty,
    NameDeputy,
    OfferSwap,
    PlanDuty,
    SetDeadline,
    StartDuty,
    VoidDutyReport,
    WithdrawSwap,
)
from ..domain.duty_state import Duty
from ..domain.refusals import StationSuspended
from ..domain.rota import ROTA, EnterDuty, StrikeDuty, sheet_of
from ..domain.shifts import check_window, day_of, start_by, start_revised
from ..domain.station import STATION, Station

HANDLERS = Handlers(STATION, DUTY, ROTA, CHIEF_DAY)
HANDLERS.each(DUTY, "duty_id", NameDeputy, OfferSwap, WithdrawSwap, EndDuty, FulfilDuty, VoidDutyReport)

_Naming: TypeAlias = PlanDuty | AssignDuty


@HANDLERS.on(PlanDuty)
def plan_duty(command: PlanDuty, read: Read) -> Changes:
    return _entered(command, (), read)


@HANDLERS.on(AssignDuty)
def assign_duty(command: AssignDuty, read: Read) -> Changes:
    """CK10: the duty, the station's date, and for a chief the person's date, or nothing at all."""
    return _entered(command, command.people if command.kind == "chief" else (), read)


def _entered(command: _Naming, chiefs: tuple[str, ...], read: Read) -> Changes:
    station, duty = read(STATION, command.station_id), read(DUTY, command.duty_id)
    day = day_of(command.window_from)
    sheet_id = sheet_of(command.station_id, day)
    sheet = read(ROTA, sheet_id)
    days = [(chief_day(person, day), read(CHIEF_DAY, chief_day(person, day))) for person in chiefs]
    if duty.stage in ("unknown", "planned"):
        _check_in_service(station, command.station_id)
        check_window(command.window_from, command.window_to, command.now, chief=command.kind == "chief")
    decision = DUTY.decide(command, duty)
    if not decision:
        return []
    entry = EnterDuty(command.duty_id, command.kind, day, command.window_to, command.now)
    taking = TakeChiefDay(command.station_id, command.duty_id, command.now)
    duty = DUTY.fold(decision, duty)
    due = start_by(station, command.window_from, command.now)
    deadline = DUTY.decide(SetDeadline(command.duty_id, due, command.now), duty)
    return [
        Change(DUTY, command.duty_id, [*decision, *deadline]),
        Change(ROTA, sheet_id, ROTA.decide(entry, sheet)),
        *(Change(CHIEF_DAY, name, CHIEF_DAY.decide(taking, state)) for name, state in days),
    ]


def _check_in_service(station: Station, station_id: str) -> None:
    if station.registered is None:
        raise NotFound(f"no station is registered as {station_id}", field="station_id")
    if station.retired:
        raise StationSuspended("the station is retired for good: name another one", field="station_id")
    if station.out_of_service_from is not None:
        raise StationSuspended("a suspended station has no duties: resume it first", field="station_id")


@HANDLERS.on(AcceptSwap)
def accept_swap(command: AcceptSwap, read: Read) -> Changes:
    """A chief's date goes from the one to the other."""
    duty = read(DUTY, command.duty_id)
    names = [chief_day(who, _day(duty)) for who in (command.from_person, command.to_person)] if _is_chief(duty) else []
    days = [read(CHIEF_DAY, name) for name in names]
    swapped = DUTY.decide(command, duty)
    changes = [Change(DUTY, command.duty_id, swapped)]
    if swapped and names:
        freed = CHIEF_DAY.decide(FreeChiefDay(command.duty_id, command.now), days[0])
        taken = CHIEF_DAY.decide(TakeChiefDay(duty.known.station_id, command.duty_id, command.now), days[1])
        changes += [Change(CHIEF_DAY, names[0], freed), Change(CHIEF_DAY, names[1], taken)]
    return changes


def _is_chief(duty: Duty) -> bool:
    return duty.slot is not None and duty.slot.kind == "chief"


def _day(duty: Duty) -> date:
    return day_of(duty.known.window_from)


@HANDLERS.on(StartDuty)
def start_duty(command: StartDuty, read: Read) -> Changes:
    """A deputy's date is taken by it, too: he is chief at no other station."""
    duty = read(DUTY, command.duty_id)
    known = duty.known
    station, name = read(STATION, known.station_id), chief_day(command.person, _day(duty))
    day = read(CHIEF_DAY, name)
    if station.is_out_of_service(command.now):
        raise StationSuspended(field="duty_id")
    started = DUTY.decide(command, duty)
    taken = CHIEF_DAY.decide(TakeChiefDay(known.station_id, command.duty_id, command.now), day) if started else []
    return [Change(DUTY, command.duty_id, started), Change(CHIEF_DAY, name, taken)]


@HANDLERS.on(MissDuty)
def miss_duty(command: MissDuty, read: Read) -> Changes:
    """Hours may have changed, and the station may be out of service, before this was told to the duty."""
    duty = read(DUTY, command.duty_id)
    station = read(STATION, duty.known.station_id)
    if not duty.waits:
        return []
    if station.is_out_of_service(command.now) and not duty.is_over(command.now):
        known = duty.known
        return cancel_duty(CancelDuty(known.duty_id, known.station_id, STATION_SUSPENDED, command.now, True), read)
    later = deadline_revised(command.duty_id, station, command.now, read)
    return later or [decided(DUTY, command.duty_id, command, read)]


def deadline_revised(duty_id: str, station: Station, now: datetime, read: Read) -> list[Change]:
    """The deadline of a chief's duty by the station's hours as they are now; nothing when it stays."""
    duty = read(DUTY, duty_id)
    if not _is_chief(duty) or duty.miss_due is None:
        return []
    due = start_revised(station, duty.known.window_from, duty.miss_due, now)
    revised = DUTY.decide(SetDeadline(duty_id, due, now), duty)
    return [Change(DUTY, duty_id, revised)] if revised else []


@HANDLERS.on(CancelDuty)
def cancel_duty(command: CancelDuty, read: Read) -> Changes:
    """Its date may have another chief then, and its chief another station."""
    duty = read(DUTY, command.duty_id)
    sheet_id = sheet_of(command.station_id, _day(duty))
    sheet = read(ROTA, sheet_id)
    deputy = {duty.started.person} if duty.started else set()
    names = [chief_day(who, _day(duty)) for who in sorted({*duty.people, *deputy})] if _is_chief(duty) else []
    days = [read(CHIEF_DAY, name) for name in names]
    over = DUTY.decide(command, duty)
    if not over:
        return []
    freed = FreeChiefDay(command.duty_id, command.now)
    return [
        Change(DUTY, command.duty_id, over),
        Change(ROTA, sheet_id, ROTA.decide(StrikeDuty(command.duty_id, command.now), sheet)),
        *(Change(CHIEF_DAY, name, CHIEF_DAY.decide(freed, day)) for name, day in zip(names, days, strict=True)),
    ]
