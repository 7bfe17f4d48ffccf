"""Star reviews as their tests need them: causes told through the policies, to the streams they are decided over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from services.checkin.domain.review import CloseReview, InspectStandard, StandardItem, StarRatingAwarded
from services.checkin.domain.values import STANDARD_ITEMS
from services.checkin.handlers import HANDLERS
from services.checkin.policies.reviews import POLICIES
from shared.contracts.grievance import ActionOverdue, RectificationClosed, RectificationOverdue, SatisfactionGiven
from shared.decider import Change, Command, Decider
from tests.checkin.town import at

Q1 = "2026-Q1"
NOON = at("12:00")
DUE = at("00:00", 4, 4)  # 72 hours after the quarter
ALL_PASS = tuple(StandardItem(code, True) for code in STANDARD_ITEMS)


def inspect(*failed: str, station: str = "S1", period: str = Q1, now: datetime = DUE) -> InspectStandard:
    items = tuple(msgspec.structs.replace(item, passed=item.code not in failed) for item in ALL_PASS)
    return InspectStandard(station, period, items, "I1", now)


def close(station: str = "S1", period: str = Q1, now: datetime = DUE) -> CloseReview:
    return CloseReview(station, period, "P1", now)


def overdue(rectification: str, due_at: datetime, station: str = "S1") -> RectificationOverdue:
    return RectificationOverdue(rectification_id=rectification, station_id=station, due_at=due_at)


def put_right(rectification: str, closed_at: datetime, station: str = "S1") -> RectificationClosed:
    return RectificationClosed(rectification_id=rectification, station_id=station, closed_at=closed_at)


def content(case: str, stars: int, round_: int = 1, station: str | None = "S1") -> SatisfactionGiven:
    return SatisfactionGiven(case_id=case, station_id=station, round=round_, stars=stars)


def action_overdue(proposal: str, due_at: datetime, station: str | None = "S1") -> ActionOverdue:
    return ActionOverdue(proposal_id=proposal, station_id=station, due_at=due_at)


def asked(cause: Any, happened_at: datetime | None = None) -> list[Command]:
    """What the policies of reviews ask for."""
    reactions = POLICIES.reactions.get(type(cause), [])
    at_that_time = getattr(cause, "at", NOON) if happened_at is None else happened_at
    return [command for one in reactions for command in POLICIES.ask(one, cause, at_that_time)]


class Books:
    """The streams of checkin as a past and a row of causes leave them."""

    def __init__(self, *past: Change) -> None:
        self.states: dict[str, Any] = {}
        self.events: list[Any] = []
        for change in past:
            self._keep(change)

    def hear(self, *causes: Any) -> Books:
        for cause in causes:
            for command in asked(cause):
                self.do(command)
        return self

    def do(self, command: Command) -> list[Any]:
        """The events that it leads to. Raises `Refused`."""
        changes = HANDLERS.handle(command, self.read)
        for change in changes:
            self._keep(change)
        return [event for change in changes for event in change.events]

    def read(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        return self.states.get(decider.stream(entity), decider.initial)

    def _keep(self, change: Change) -> None:
        state = change.decider.fold(change.events, self.read(change.decider, change.entity))
        self.states[change.decider.stream(change.entity)] = state
        self.events += change.events


def close_of(books: Books, *failed: str, station: str = "S1") -> StarRatingAwarded:
    """What is awarded when the standard was inspected and the review is closed in time."""
    books.do(inspect(*failed, station=station))
    (awarded,) = books.do(close(station))
    assert isinstance(awarded, StarRatingAwarded)
    return awarded
