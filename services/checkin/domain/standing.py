"""What counts for a station's stars in one period 星级评定, gathered from visits, the rota, demands and cases (CK12).

Sums where a cause comes once (each visit is rated once, each demand closed once, and a policy's effect happens once);
ids where several causes tell of the same, as of a patrol. In whatever order they come, it is the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from .values import SATISFIED_FROM

PatrolNote: TypeAlias = Literal["scheduled", "missed", "fulfilled", "revoked", "cancelled"]


class CountRating(Command, frozen=True):
    station_id: str
    period: str
    visit_id: str
    stars: int
    now: datetime


class TakeBackRating(Command, frozen=True):
    """The visit was none."""

    station_id: str
    period: str
    visit_id: str
    stars: int
    now: datetime


class NotePatrol(Command, frozen=True):
    station_id: str
    period: str
    duty_id: str
    note: PatrolNote
    now: datetime


class NoteDemand(Command, frozen=True):
    """It falls due in this period."""

    station_id: str
    period: str
    demand_id: str
    deadline: datetime
    now: datetime


class NoteDemandClosed(Command, frozen=True):
    station_id: str
    period: str
    demand_id: str
    in_time: bool
    now: datetime


class NoteAnswerRated(Command, frozen=True):
    """How content a requester is with the answer to his case."""

    station_id: str
    period: str
    case_id: str
    round: int
    stars: int
    now: datetime


class NoteActionOverdue(Command, frozen=True):
    """What an inquiry meeting promised was not done in time."""

    station_id: str
    period: str
    proposal_id: str
    now: datetime


class RatingCounted(DomainEvent, frozen=True):
    station_id: str
    period: str
    visit_id: str
    stars: int


class RatingTakenBack(DomainEvent, frozen=True):
    station_id: str
    period: str
    visit_id: str
    stars: int


class PatrolNoted(DomainEvent, frozen=True):
    station_id: str
    period: str
    duty_id: str
    note: PatrolNote


class DemandNoted(DomainEvent, frozen=True):
    station_id: str
    period: str
    demand_id: str
    deadline: datetime


class DemandClosingNoted(DomainEvent, frozen=True):
    station_id: str
    period: str
    demand_id: str
    in_time: bool


class AnswerRatingNoted(DomainEvent, frozen=True):
    station_id: str
    period: str
    case_id: str
    round: int
    satisfied: bool


class ActionOverdueNoted(DomainEvent, frozen=True):
    station_id: str
    period: str
    proposal_id: str


StandingCommand: TypeAlias = (
    CountRating | TakeBackRating | NotePatrol | NoteDemand | NoteDemandClosed | NoteAnswerRated | NoteActionOverdue
)
StandingEvent: TypeAlias = (
    RatingCounted
    | RatingTakenBack
    | PatrolNoted
    | DemandNoted
    | DemandClosingNoted
    | AnswerRatingNoted
    | ActionOverdueNoted
)


class Patrol(msgspec.Struct, frozen=True):
    """One duty. A fulfilment is revoked when its report is voided, and another report may fulfil the duty again."""

    missed: bool = False
    cancelled: bool = False
    fulfilments: int = 0  # less those revoked


class Standing(msgspec.Struct, frozen=True):
    """What a review reads. Answers and overdue actions are only shown: CK12 has no term for them."""

    ratings: int = 0
    stars: int = 0
    patrols: dict[str, Patrol] = {}
    due: int = 0
    met: int = 0
    actions: tuple[str, ...] = ()

    @property
    def scheduled(self) -> int:
        """E15: duties, not rounds. What is cancelled was not scheduled."""
        return sum(not patrol.cancelled for patrol in self.patrols.values())

    @property
    def fulfilled(self) -> int:
        return sum(patrol.fulfilments > 0 and not patrol.cancelled for patrol in self.patrols.values())


def standing_of(station_id: str, period: str) -> str:
    """The name of a station's standing, and of its review."""
    return f"{station_id}_{period}"


def decide(command: StandingCommand, standing: Standing) -> list[StandingEvent]:
    where = (command.now, command.station_id, command.period)
    match command:
        case CountRating(visit_id=visit_id, stars=stars):
            return [RatingCounted(*where, visit_id, stars)]
        case TakeBackRating(visit_id=visit_id, stars=stars):
            return [RatingTakenBack(*where, visit_id, stars)]
        case NotePatrol(duty_id=duty_id, note=note):
            known = standing.patrols.get(duty_id)
            return [] if known and noted(known, note) == known else [PatrolNoted(*where, duty_id, note)]
        case NoteDemand(demand_id=demand_id, deadline=deadline):
            return [DemandNoted(*where, demand_id, deadline)]
        case NoteDemandClosed(demand_id=demand_id, in_time=in_time):
            return [DemandClosingNoted(*where, demand_id, in_time)]
        case NoteAnswerRated(case_id=case_id, round=round_, stars=stars):
            return [AnswerRatingNoted(*where, case_id, round_, stars >= SATISFIED_FROM)]
        case NoteActionOverdue(proposal_id=proposal_id):
            return [] if proposal_id in standing.actions else [ActionOverdueNoted(*where, proposal_id)]
        case _:
            assert_never(command)


def noted(patrol: Patrol, note: PatrolNote) -> Patrol:
    match note:
        case "scheduled":
            return patrol
        case "missed":
            return msgspec.structs.replace(patrol, missed=True)
        case "cancelled":
            return msgspec.structs.replace(patrol, cancelled=True)
        case "fulfilled" | "revoked":
            change = 1 if note == "fulfilled" else -1
            return msgspec.structs.replace(patrol, fulfilments=patrol.fulfilments + change)
        case _:
            assert_never(note)


def evolve(standing: Standing, event: StandingEvent) -> Standing:
    changed = msgspec.structs.replace
    match event:
        case RatingCounted(stars=stars):
            return changed(standing, ratings=standing.ratings + 1, stars=standing.stars + stars)
        case RatingTakenBack(stars=stars):
            return changed(standing, ratings=standing.ratings - 1, stars=standing.stars - stars)
        case PatrolNoted(duty_id=duty_id, note=note):
            patrol = noted(standing.patrols.get(duty_id, Patrol()), note)
            return changed(standing, patrols={**standing.patrols, duty_id: patrol})
        case DemandNoted():
            return changed(standing, due=standing.due + 1)
        case DemandClosingNoted(in_time=in_time):
            return changed(standing, met=standing.met + in_time)
        case ActionOverdueNoted(proposal_id=proposal_id):
            return changed(standing, actions=(*standing.actions, proposal_id))
        case AnswerRatingNoted():
            return standing
        case _:
            assert_never(event)


STANDING: Decider[StandingCommand, StandingEvent, Standing] = Decider(
    "standing", Standing(), decide, evolve, get_args(StandingEvent)
)
