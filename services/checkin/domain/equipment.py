"""A station's equipment 设备: what its subsystems say of themselves, and which alarms are open.

1,600 stations that report every five minutes report 460,000 times a day, and nearly always the same. So what changes is
an event of the station's equipment, and what says the same again is a heartbeat in a stream of the day, at most one for
half the time that a state is believed. Once a day the equipment's stream takes over what the heartbeats of the last day
have told: a decision reads one long stream that hardly grows, and one that is at most a day long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias, assert_never

import msgspec

from shared.clock import CHINA
from shared.decider import Command, Decider, DomainEvent
from shared.errors import ValidationFailed

from .device_time import Moment
from .values import LONGEST_TTL_S, SAFETY_SUBSYSTEMS, SUBSYSTEMS_KEPT

Status: TypeAlias = Literal["ok", "warning", "fault", "offline"]
Severity: TypeAlias = Literal["general", "major"]


class SubsystemState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    subsystem: str  # a code
    status: Status


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The newest that is known of a subsystem."""

    subsystem: str
    status: Status
    reported_at: datetime
    ttl_s: int

    def repeats(self, state: SubsystemState, ttl_s: int) -> bool:
        return (self.status, self.ttl_s) == (state.status, ttl_s)


class ReportState(Command, frozen=True):
    station_id: str
    moment: Moment
    ttl_s: int  # CK8: for how long to believe it
    subsystems: tuple[SubsystemState, ...]


class RepeatState(Command, frozen=True):
    """A report that is due as a heartbeat."""

    station_id: str
    subsystems: tuple[str, ...]
    at: datetime


class StationStateReported(DomainEvent, frozen=True):
    """Something is new of at least one of these. `at` is when it was so."""

    station_id: str
    ttl_s: int
    subsystems: tuple[SubsystemState, ...]
    clock_corrected: bool
    late_beyond_window: bool  # K5: no alarm follows from it


class EquipmentDayOpened(DomainEvent, frozen=True):
    """From now on heartbeats are written in the stream of this day. These are the readings until then."""

    station_id: str
    day: date
    readings: tuple[Reading, ...]


class SubsystemAlarmRaised(DomainEvent, frozen=True):
    """A second one of the same subsystem says that its severity has changed."""

    station_id: str
    subsystem: str
    severity: Severity


class SubsystemAlarmCleared(DomainEvent, frozen=True):
    station_id: str
    subsystem: str
    severity: Severity  # as it was last


class StationStateRepeated(DomainEvent, frozen=True):
    """A heartbeat: these subsystems are as they were."""

    station_id: str
    subsystems: tuple[str, ...]


EquipmentEvent: TypeAlias = StationStateReported | EquipmentDayOpened | SubsystemAlarmRaised | SubsystemAlarmCleared


class Equipment(msgspec.Struct, frozen=True):
    """Without the heartbeats since its day was opened."""

    readings: dict[str, Reading] = {}
    alarms: dict[str, Severity] = {}
    day: date | None = None


class Heartbeats(msgspec.Struct, frozen=True):
    """Of one station and day: when each subsystem last said that nothing is new."""

    last: dict[str, datetime] = {}


def severity_of(state: SubsystemState) -> Severity | None:
    """A fault of what may hurt somebody is major; whatever else is not as it should be is general."""
    if state.status == "ok":
        return None
    return "major" if state.status == "fault" and state.subsystem in SAFETY_SUBSYSTEMS else "general"


def fresh(equipment: Equipment, heartbeats: Heartbeats) -> Equipment:
    """With what the heartbeats of its day have told: what to decide over."""
    readings = {
        name: msgspec.structs.replace(known, reported_at=max(known.reported_at, heartbeats.last[name]))
        if name in heartbeats.last
        else known
        for name, known in equipment.readings.items()
    }
    return msgspec.structs.replace(equipment, readings=readings)


def decide(report: ReportState, equipment: Equipment) -> list[EquipmentEvent]:
    check_report(report, equipment)
    told = newer(report, equipment)
    late, corrected = report.moment.late_beyond_window, report.moment.clock_corrected
    events: list[EquipmentEvent] = []
    if not repeats(told, report, equipment):
        events.append(StationStateReported(report.moment.at, report.station_id, report.ttl_s, told, corrected, late))
    elif due(report, equipment) and (day := day_of(report, equipment)) != equipment.day:
        known = tuple(equipment.readings[name] for name in sorted(equipment.readings))
        events.append(EquipmentDayOpened(report.moment.received_at, report.station_id, day, known))
    if not late:
        events += alarms(report, told, equipment.alarms)
    return events


def newer(report: ReportState, equipment: Equipment) -> tuple[SubsystemState, ...]:
    """What is older than what is known of a subsystem, or as old, says nothing about it."""
    known = equipment.readings
    at = report.moment.at
    return tuple(s for s in report.subsystems if s.subsystem not in known or at > known[s.subsystem].reported_at)


def repeats(told: tuple[SubsystemState, ...], report: ReportState, equipment: Equipment) -> bool:
    known = equipment.readings
    return all(s.subsystem in known and known[s.subsystem].repeats(s, report.ttl_s) for s in told)


def due(report: ReportState, equipment: Equipment) -> RepeatState | None:
    """The heartbeat to record: of what is as it was, when half the time that it is believed has passed."""
    told, at = newer(report, equipment), report.moment.at
    half = timedelta(seconds=report.ttl_s) / 2
    if not repeats(told, report, equipment):
        return None
    if all(at - equipment.readings[s.subsystem].reported_at < half for s in told):
        return None
    return RepeatState(report.station_id, tuple(s.subsystem for s in told), at)


def day_of(report: ReportState, equipment: Equipment) -> date:
    """The day of receipt; it never goes back, as a report may be decided after one that came later."""
    today = report.moment.received_at.astimezone(CHINA).date()
    return max(equipment.day or today, today)


def check_report(report: ReportState, equipment: Equipment) -> None:
    if not 1 <= report.ttl_s <= LONGEST_TTL_S:
        raise ValidationFailed(f"a state is believed for 1 to {LONGEST_TTL_S} seconds", field="ttl_s")
    if not report.subsystems:
        raise ValidationFailed("a report is about one subsystem at least", field="subsystems")
    if len(equipment.readings.keys() | {state.subsystem for state in report.subsystems}) > SUBSYSTEMS_KEPT:
        raise ValidationFailed(f"a station has at most {SUBSYSTEMS_KEPT} subsystems", field="subsystems")


def alarms(
    report: ReportState, told: tuple[SubsystemState, ...], open_: Mapping[str, Severity]
) -> Iterator[SubsystemAlarmRaised | SubsystemAlarmCleared]:
    """Once for each change, not once for each report."""
    for state in told:
        severity, before = severity_of(state), open_.get(state.subsystem)
        if severity is not None and severity != before:
            yield SubsystemAlarmRaised(report.moment.at, report.station_id, state.subsystem, severity)
        elif severity is None and before is not None:
            yield SubsystemAlarmCleared(report.moment.at, report.station_id, state.subsystem, before)


def evolve(equipment: Equipment, event: EquipmentEvent) -> Equipment:
    match event:
        case StationStateReported(at, ttl_s=ttl_s, subsystems=subsystems):
            told = {s.subsystem: Reading(s.subsystem, s.status, at, ttl_s) for s in subsystems}
            return msgspec.structs.replace(equipment, readings={**equipment.readings, **told})
        case EquipmentDayOpened(day=day, readings=readings):
            return msgspec.structs.replace(equipment, readings={known.subsystem: known for known in readings}, day=day)
        case SubsystemAlarmRaised(subsystem=subsystem, severity=severity):
            return msgspec.structs.replace(equipment, alarms={**equipment.alarms, subsystem: severity})
        case SubsystemAlarmCleared(subsystem=cleared):
            left = {name: severity for name, severity in equipment.alarms.items() if name != cleared}
            return msgspec.structs.replace(equipment, alarms=left)
        case _:
            assert_never(event)


def repeat(command: RepeatState, _heartbeats: Heartbeats) -> list[StationStateRepeated]:
    return [StationStateRepeated(command.at, command.station_id, command.subsystems)]


def beat(heartbeats: Heartbeats, event: StationStateRepeated) -> Heartbeats:
    return Heartbeats({**heartbeats.last, **dict.fromkeys(event.subsystems, event.at)})


EQUIPMENT: Decider[ReportState, EquipmentEvent, Equipment] = Decider(
    "equipment",
    Equipment(),
    decide,
    evolve,
    (StationStateReported, EquipmentDayOpened, SubsystemAlarmRaised, SubsystemAlarmCleared),
)
HEARTBEATS: Decider[RepeatState, StationStateRepeated, Heartbeats] = Decider(
    "heartbeats", Heartbeats(), repeat, beat, (StationStateRepeated,)
)
