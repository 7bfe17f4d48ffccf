"""rota: every duty with its people and what became of it, and the dates that had no chief in time.

`rota_week` and `patrol_coverage` are read from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, ColumnElement, Date, DateTime, Index, Integer, Text

from shared.access.table import Asked
from shared.database import Connection
from shared.log.read import Recorded
from shared.projecting import Add, Drop, Projection, Put, RowChange, Set

from ..domain.duty_events import (
    DeputyNamed,
    DutyAssigned,
    DutyCancelled,
    DutyCompleted,
    DutyFulfilled,
    DutyFulfilmentRevoked,
    DutyMissed,
    DutyPlanned,
    DutyReportVoided,
    DutyStarted,
    DutySwapped,
    SwapOffered,
    SwapWithdrawn,
)
from ..domain.rota import DutyUnassigned
from ..domain.shifts import day_of
from ..domain.station import StationRegistered, StationResumed, StationRetired, StationSuspended
from ..domain.values import CHIEF_OVERTIME
from ..domain.working_days import CalendarPublished

ROTA = Projection("rota", 1)
DUTY = ROTA.table(
    "duty",
    Column("duty_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),  # in the order they entered the rota
    Column("kind", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("window_from", DateTime(timezone=True), nullable=False),
    Column("window_to", DateTime(timezone=True), nullable=False),
    Column("theme", Text),
    Column("state", Text, nullable=False),  # as in `duty_state.Stage`
    Column("people", Text, nullable=False),  # those on it now, by spaces
    Column("deputy", Text),
    Column("started_by", Text),
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("missed_at", DateTime(timezone=True)),
    Column("report_id", Text),  # what fulfilled it, in time or beside its miss
    Column("reason", Text),  # why it was cancelled
)
Index("duty_v1_station", DUTY.c.station_id, DUTY.c.day)
Index("duty_v1_day", DUTY.c.day)
SWAPS = ROTA.table(
    "duty_swaps",
    Column("duty_id", Text, primary_key=True),
    Column("swaps", Integer, nullable=False),
)
PERSON = ROTA.table(
    "duty_person",
    Column("person_id", Text, primary_key=True),
    Column("duty_id", Text, primary_key=True),
)
OFFER = ROTA.table(
    "swap_offer",
    Column("duty_id", Text, primary_key=True),
    Column("from_person", Text, primary_key=True),
    Column("to_person", Text, nullable=False, index=True),
)
GAP = ROTA.table(
    "rota_gap",
    Column("station_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("told_at", DateTime(timezone=True), nullable=False),
)
STATION = ROTA.table(
    "rota_station",
    Column("station_id", Text, primary_key=True),
    Column("org", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("state", Text, nullable=False),
)
CALENDAR = ROTA.table("calendar_version", Column("version", Integer, primary_key=True))
OVERRIDE = ROTA.table(
    "calendar_override",
    Column("version", Integer, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("kind", Text, nullable=False),
)


@ROTA.on(DutyPlanned)
def planned(event: DutyPlanned, row: Recorded) -> list[RowChange]:
    return [Put(DUTY, _slot(event, row, "planned", ()))]


@ROTA.on(DutyAssigned)
def assigned(event: DutyAssigned, row: Recorded) -> list[RowChange]:
    return [Put(DUTY, _slot(event, row, "assigned", event.people)), *_on_it(event.duty_id, event.people)]


def _slot(event: DutyPlanned | DutyAssigned, row: Recorded, state: str, people: Iterable[str]) -> dict[str, Any]:
    window = {"window_from": event.window_from, "window_to": event.window_to, "day": day_of(event.window_from)}
    what = {"duty_id": event.duty_id, "kind": event.kind, "station_id": event.station_id, "theme": event.theme}
    return {**what, **window, "number": row.position, "state": state, "people": " ".join(people)}


def _on_it(duty_id: str, people: Iterable[str]) -> list[RowChange]:
    return [Put(PERSON, {"person_id": person, "duty_id": duty_id}) for person in people]


@ROTA.on(DeputyNamed)
def deputy_named(event: DeputyNamed, row: Recorded) -> list[RowChange]:
    return [Set(DUTY, {"duty_id": event.duty_id, "deputy": event.person}), *_on_it(event.duty_id, (event.person,))]


@ROTA.on(SwapOffered)
def swap_offered(event: SwapOffered, row: Recorded) -> list[RowChange]:
    return [Put(OFFER, {"duty_id": event.duty_id, "from_person": event.from_person, "to_person": event.to_person})]


@ROTA.on(SwapWithdrawn)
def swap_withdrawn(event: SwapWithdrawn, row: Recorded) -> list[RowChange]:
    return [Drop(OFFER, {"duty_id": event.duty_id, "from_person": event.from_person})]


@ROTA.on(DutySwapped)
def swapped(event: DutySwapped, row: Recorded) -> list[RowChange]:
    return [
        Set(DUTY, {"duty_id": event.duty_id, "people": " ".join(event.people)}),
        Add(SWAPS, {"duty_id": event.duty_id, "swaps": 1}),
        Drop(OFFER, {"duty_id": event.duty_id, "from_person": event.from_person}),
        Drop(PERSON, {"person_id": event.from_person, "duty_id": event.duty_id}),
        *_on_it(event.duty_id, (event.to_person,)),
    ]


@ROTA.on(DutyStarted)
def started(event: DutyStarted, row: Recorded) -> list[RowChange]:
    by = {"started_by": event.person, "started_at": event.at}
    return [Set(DUTY, {"duty_id": event.duty_id, "state": "on_duty", **by})]


@ROTA.on(DutyCompleted)
def completed(event: DutyCompleted, row: Recorded) -> list[RowChange]:
    return [Set(DUTY, {"duty_id": event.duty_id, "state": "completed", "ended_at": event.at})]


@ROTA.on(DutyFulfilled)
def fulfilled(event: DutyFulfilled, row: Recorded) -> list[RowChange]:
    """In time it takes the miss back; too late it stands beside it."""
    kept = {"state": "fulfilled", "missed_at": None} if event.in_time else {}
    return [Set(DUTY, {"duty_id": event.duty_id, "report_id": event.report_id, **kept})]


@ROTA.on(DutyReportVoided)
def report_voided(event: DutyReportVoided, row: Recorded) -> list[RowChange]:
    return [Set(DUTY, {"duty_id": event.duty_id, "report_id": event.left})]


@ROTA.on(DutyFulfilmentRevoked)
def fulfilment_revoked(event: DutyFulfilmentRevoked, row: Recorded) -> list[RowChange]:
    return [Set(DUTY, {"duty_id": event.duty_id, "state": "assigned"})]


@ROTA.on(DutyMissed)
def missed(event: DutyMissed, row: Recorded) -> list[RowChange]:
    return [Set(DUTY, {"duty_id": event.duty_id, "state": "missed", "missed_at": event.at})]


@ROTA.on(DutyCancelled)
def cancelled(event: DutyCancelled, row: Recorded) -> list[RowChange]:
    over = {"state": "cancelled", "ended_at": event.at, "reason": event.reason}
    return [Set(DUTY, {"duty_id": event.duty_id, **over})]


@ROTA.on(DutyUnassigned)
def unassigned(event: DutyUnassigned, row: Recorded) -> list[RowChange]:
    return [Put(GAP, {"station_id": event.station_id, "day": event.day, "told_at": event.at})]


@ROTA.on(StationRegistered)
def registered(event: StationRegistered, row: Recorded) -> list[RowChange]:
    place = {"org": event.org_id, "city": event.city, "county": event.county, "state": "in_service"}
    return [Put(STATION, {"station_id": event.station_id, **place})]


@ROTA.on(StationSuspended)
def suspended(event: StationSuspended, row: Recorded) -> list[RowChange]:
    return [Set(STATION, {"station_id": event.station_id, "state": "suspended"})]


@ROTA.on(StationResumed)
def resumed(event: StationResumed, row: Recorded) -> list[RowChange]:
    return [Set(STATION, {"station_id": event.station_id, "state": "in_service"})]


@ROTA.on(StationRetired)
def retired(event: StationRetired, row: Recorded) -> list[RowChange]:
    return [Set(STATION, {"station_id": event.station_id, "state": "retired"})]


@ROTA.on(CalendarPublished)
def calendar_published(event: CalendarPublished, row: Recorded) -> list[RowChange]:
    version = {"version": event.version}
    days = [Put(OVERRIDE, {**version, "day": one.date, "kind": one.kind}) for one in event.overrides]
    return [Put(CALENDAR, version), *days]


CHIEF_NOW = f"""select from {DUTY.name} where station_id = %s and kind = 'chief' and state = 'on_duty'
  and started_by = %s and started_at <= %s and window_to > %s"""


class Where(NamedTuple):
    """Which stations are asked for; what is left out does not matter."""

    station_id: str | None = None
    county: str | None = None
    org: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        named = ((STATION.c[name], value) for name, value in self._asdict().items())
        return [column == value for column, value in named if value is not None]


async def is_chief_now(db: Connection, asked: Asked) -> bool:
    """Whether the caller is the chief on duty at the station, as the rota knows."""
    values = (asked.value, asked.principal.id, asked.now, asked.now - CHIEF_OVERTIME)
    return await (await db.execute(CHIEF_NOW, values)).fetchone() is not None
