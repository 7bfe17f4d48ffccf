"""What is told of a visit that began: services used during it, its rating, and that it was none (voided)."""

from __future__ import annotations

from datetime import datetime

from shared.decider import Command, DeadlineCleared
from shared.errors import NotFound, ValidationFailed

from .device_time import Moment
from .member import Member
from .refusals import AlreadyRated, CategoryUnknown, CodeUnknown, VisitNotOpen
from .station import Station
from .values import MOST_SERVICES, RATING_WINDOW, SERVICES
from .visits import STAY, ServiceUsed, VisitRated, Visits, VisitsEvent, VisitVoided


class UseService(Command, frozen=True):
    member_id: str
    station_id: str
    service: str
    qty: int
    use_id: str
    moment: Moment


class RateVisit(Command, frozen=True):
    member_id: str
    visit_id: str
    stars: int
    now: datetime


class VoidVisit(Command, frozen=True):
    member_id: str
    visit_id: str
    station_id: str
    by: str
    reason: str  # a code
    now: datetime


def use(command: UseService, member: Member, station: Station, visits: Visits) -> list[VisitsEvent]:
    """C7: during a visit, up to its end. K4, K5: by the device's time; what comes late counts in its own day."""
    if member.registered is None:
        raise CodeUnknown(field="member_id")
    if station.registered is None:
        raise NotFound(f"no station is registered as {command.station_id}", field="station_id")
    if command.service not in SERVICES:
        raise CategoryUnknown(f"services are {', '.join(sorted(SERVICES))}", field="service")
    if not 1 <= command.qty <= MOST_SERVICES:
        raise ValidationFailed(f"a service is used 1 to {MOST_SERVICES} times at once", field="qty")
    moment = command.moment
    for visit in reversed(visits.recent):
        if visit.station_id == command.station_id and visit.started_at <= moment.at <= visit.ends_at:
            used = ServiceUsed(
                moment.at,
                command.use_id,
                visit.visit_id,
                command.member_id,
                command.station_id,
                command.service,
                command.qty,
                moment.offline,
                moment.clock_corrected,
                ("late_beyond_window",) if moment.late_beyond_window else (),
            )
            return [used]
    raise VisitNotOpen(field="station_id")


def rate(command: RateVisit, visits: Visits) -> list[VisitsEvent]:
    """C7: once, by who was there, while he is inside or within 7 days after."""
    if not 1 <= command.stars <= 5:
        raise ValidationFailed("a rating has one to five stars", field="stars")
    visit = visits.find(command.visit_id)
    if visit is None:
        raise NotFound(f"{command.member_id} has no visit {command.visit_id} that can be rated", field="visit_id")
    if visit.rated_at is not None:
        raise AlreadyRated(field="visit_id")
    if command.now >= visit.ends_at + RATING_WINDOW:
        raise VisitNotOpen(f"a visit is rated within {RATING_WINDOW.days} days after its end", field="visit_id")
    return [VisitRated(command.now, visit.visit_id, command.member_id, visit.station_id, command.stars)]


def void(command: VoidVisit, visits: Visits) -> list[VisitsEvent]:
    """The visit was none: a gate's fault, a tag carried by somebody else. Once more changes nothing."""
    if command.visit_id in visits.voided:
        return []
    visit = visits.find(command.visit_id)
    if visit is None or visit.station_id != command.station_id:
        raise NotFound(f"{command.member_id} has no visit {command.visit_id} at {command.station_id}", field="visit_id")
    about = (visit.visit_id, command.member_id, visit.station_id, visit.started_at)
    voided = VisitVoided(command.now, *about, command.by, command.reason, visit.stars, visit.rated_at)
    return [voided, DeadlineCleared(command.now, STAY, visit.visit_id, "voided")] if visit.open else [voided]
