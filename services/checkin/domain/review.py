"""The star review 星级评定 of a station and a period: the standard 八有 is inspected, then it is closed (C5)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound, ValidationFailed

from .period import Period, period_named
from .refusals import ReviewAlreadyClosed, ReviewNotDue, StandardNotInspected
from .scoring import Tally, stars_for, terms
from .standing import Standing
from .station import Station
from .values import STANDARD_ITEMS


class StandardItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    passed: bool


class InspectStandard(Command, frozen=True):
    station_id: str
    period: str
    items: tuple[StandardItem, ...]
    by: str
    now: datetime


class CloseReview(Command, frozen=True):
    station_id: str
    period: str
    by: str
    now: datetime


class AwardStars(Command, frozen=True):
    """Close the review over what the station's other streams say."""

    closing: CloseReview
    standing: Standing
    overdue: int  # rectifications, at the end of the period


class StandardInspected(DomainEvent, frozen=True):
    """All eight, in the order of the standard."""

    station_id: str
    period: str
    items: tuple[StandardItem, ...]
    by: str


class StarRatingAwarded(DomainEvent, frozen=True):
    """With all that the score was made from, so that it can be explained whatever is told later."""

    station_id: str
    period: str
    score_e2: int
    stars: int
    caps: tuple[str, ...]  # the items that failed
    tally: Tally
    by: str


ReviewCommand: TypeAlias = InspectStandard | AwardStars
ReviewEvent: TypeAlias = StandardInspected | StarRatingAwarded
Stage: TypeAlias = Literal["open", "scored"]


class Review(msgspec.Struct, frozen=True):
    """`failed` is none until the standard was inspected."""

    stage: Stage = "open"
    failed: tuple[str, ...] | None = None


def check_time(station_id: str, station: Station, period_name: str, now: datetime) -> Period:
    """K10: a station that is known, a period that has begun and in which the station was there."""
    if station.registered is None:
        raise NotFound(f"no station is registered as {station_id}", field="station_id")
    period = period_named(period_name)
    if now < period.begins:
        raise ValidationFailed("this period has not begun", field="period")
    if station.registered.at >= period.ends:
        raise ValidationFailed("the station was registered after this period", field="period")
    return period


def check_due(period: Period, now: datetime) -> None:
    """What counts is told by then (K5), and every patrol of the period is fulfilled or missed (CK11)."""
    if now < period.close_from:
        raise ReviewNotDue(f"{period.name} may be closed from {period.close_from.isoformat()} on", field="period")


def decide(command: ReviewCommand, review: Review) -> list[ReviewEvent]:
    match command:
        case InspectStandard():
            return _inspect(command, review)
        case AwardStars():
            return _award(command, review)
        case _:
            assert_never(command)


def _inspect(command: InspectStandard, review: Review) -> list[ReviewEvent]:
    """The eight items, each once; a later inspection replaces the one before, until the review is closed."""
    results = {item.code: item for item in command.items}
    if strange := sorted(set(results) - set(STANDARD_ITEMS)):
        raise ValidationFailed(f"{strange[0]} is no item of the standard: {', '.join(STANDARD_ITEMS)}", field="items")
    if missing := [code for code in STANDARD_ITEMS if code not in results]:
        raise ValidationFailed(f"all eight are inspected, without {', '.join(missing)} it is not whole", field="items")
    if len(command.items) > len(results):
        raise ValidationFailed("each item is inspected once", field="items")
    if review.stage == "scored":
        raise ReviewAlreadyClosed(field="period")
    items = tuple(results[code] for code in STANDARD_ITEMS)
    return [StandardInspected(command.now, command.station_id, command.period, items, command.by)]


def _award(command: AwardStars, review: Review) -> list[ReviewEvent]:
    """CK12. Once: what is told afterwards changes no stars."""
    closing, standing = command.closing, command.standing
    if review.stage == "scored":
        raise ReviewAlreadyClosed(field="period")
    if review.failed is None:
        raise StandardNotInspected(field="period")
    tally = Tally(
        len(STANDARD_ITEMS) - len(review.failed),
        standing.ratings,
        standing.stars,
        standing.scheduled,
        standing.fulfilled,
        standing.due,
        standing.met,
        command.overdue,
    )
    score_e2, caps = terms(tally).score_e2, review.failed
    stars = stars_for(score_e2, capped=bool(caps))
    return [
        StarRatingAwarded(closing.now, closing.station_id, closing.period, score_e2, stars, caps, tally, closing.by)
    ]


def evolve(review: Review, event: ReviewEvent) -> Review:
    match event:
        case StandardInspected(items=items):
            return Review(review.stage, tuple(item.code for item in items if not item.passed))
        case StarRatingAwarded():
            return Review("scored", review.failed)
        case _:
            assert_never(event)


REVIEW: Decider[ReviewCommand, ReviewEvent, Review] = Decider("review", Review(), decide, evolve, get_args(ReviewEvent))
