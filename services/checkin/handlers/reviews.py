"""Star reviews 星级评定: decided over the station, its standing in the period, and what it has left overdue."""

from __future__ import annotations

from typing import TypeAlias

from shared.decider import Change, Changes, Command, Handler, Handlers, Read, decided

from ..domain.overdue import OVERDUE, NoteOverdue, NoteSettled
from ..domain.review import REVIEW, AwardStars, CloseReview, InspectStandard, check_due, check_time
from ..domain.standing import (
    STANDING,
    CountRating,
    NoteActionOverdue,
    NoteAnswerRated,
    NoteDemand,
    NoteDemandClosed,
    NotePatrol,
    TakeBackRating,
    standing_of,
)
from ..domain.station import STATION

HANDLERS = Handlers(STATION, REVIEW, STANDING, OVERDUE)

_Counted: TypeAlias = CountRating | TakeBackRating | NotePatrol | NoteDemand | NoteDemandClosed
_Told: TypeAlias = NoteAnswerRated | NoteActionOverdue


@HANDLERS.on(InspectStandard)
def inspect_standard(command: InspectStandard, read: Read) -> Changes:
    review_id = standing_of(command.station_id, command.period)
    review = read(REVIEW, review_id)
    check_time(command.station_id, read(STATION, command.station_id), command.period, command.now)
    return [Change(REVIEW, review_id, REVIEW.decide(command, review))]


@HANDLERS.on(CloseReview)
def close_review(command: CloseReview, read: Read) -> Changes:
    """CK12, over all that counts as it is now: nothing that is told at the same time is half counted."""
    review_id = standing_of(command.station_id, command.period)
    station, review = read(STATION, command.station_id), read(REVIEW, review_id)
    standing, overdue = read(STANDING, review_id), read(OVERDUE, command.station_id)
    period = check_time(command.station_id, station, command.period, command.now)
    check_due(period, command.now)
    award = AwardStars(command, standing, overdue.count(period.ends))
    return [Change(REVIEW, review_id, REVIEW.decide(award, review))]


def counted(command: _Counted, read: Read) -> Changes:
    """What we have decided ourselves is of a station that we know."""
    return [decided(STANDING, standing_of(command.station_id, command.period), command, read)]


def told(command: _Told, read: Read) -> Changes:
    """Of a station that we do not know there is nothing to say, as in row 7."""
    name = standing_of(command.station_id, command.period)
    known = read(STATION, command.station_id).registered is not None
    return [decided(STANDING, name, command, read)] if known else []


def told_of_rectification(command: NoteOverdue | NoteSettled, read: Read) -> Changes:
    known = read(STATION, command.station_id).registered is not None
    return [decided(OVERDUE, command.station_id, command, read)] if known else []


def _each(handler: Handler, *commands: type[Command]) -> None:
    for command in commands:
        HANDLERS.on(command)(handler)


_each(counted, CountRating, TakeBackRating, NotePatrol, NoteDemand, NoteDemandClosed)
_each(told, NoteAnswerRated, NoteActionOverdue)
_each(told_of_rectification, NoteOverdue, NoteSettled)
