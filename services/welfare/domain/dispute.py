"""Dispute 争议: somebody says that a merchant should not be paid for a redemption, and it is decided whether he is.

Before the cut-off the line leaves the takings until that is decided. Afterwards it stays in its one settlement, which
is not approved meanwhile. The line is upheld: it is paid, in the next settlement if it was left out. It is denied: the
redemption is reversed, however long ago it was, so that the money is there again and settled lines are adjusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from . import refusals
from .settlement import Outcome

Stage: TypeAlias = Literal["none", "noted", "open", "upheld", "denied", "reversed"]


class DisputeLine(Command, frozen=True):
    """By hand it names the settlement, or the one to come at the cut-off; by a case (row 18) it does not."""

    redemption_id: str
    reason: str
    by: str
    now: datetime
    settlement_id: str = ""
    case_id: str = ""


class DecideDispute(Command, frozen=True):
    """What becomes of the line."""

    settlement_id: str
    redemption_id: str
    line: Literal["upheld", "denied"]
    by: str
    now: datetime


class NoteDispute(Command, frozen=True):
    """The redemption is not verified yet, as a terminal is offline: it is disputed once it is."""

    case_id: str
    reason: str
    now: datetime


class OpenDispute(Command, frozen=True):
    """`settled`: its settlement was created; else the line leaves the takings of this day."""

    redemption_id: str
    merchant_id: str
    day: date
    settled: bool
    reason: str
    by: str
    case_id: str
    now: datetime


class EndDispute(Command, frozen=True):
    """`day`: in whose takings the line is from now on, if it has moved."""

    outcome: Outcome
    day: date | None
    by: str
    now: datetime


class DisputeNoted(DomainEvent, frozen=True):
    case_id: str
    reason: str


class LineDisputed(DomainEvent, frozen=True):
    redemption_id: str
    merchant_id: str
    day: date
    settled: bool
    reason: str
    by: str
    case_id: str


class DisputeEnded(DomainEvent, frozen=True):
    redemption_id: str
    outcome: Outcome
    settled: bool
    day: date | None
    by: str


DisputeCommand: TypeAlias = NoteDispute | OpenDispute | EndDispute
DisputeEvent: TypeAlias = DisputeNoted | LineDisputed | DisputeEnded


class Dispute(msgspec.Struct, frozen=True):
    """`moved_to` is the day in whose takings the line is since it was upheld; None: it is where it was verified."""

    stage: Stage = "none"
    noted: DisputeNoted | None = None
    opened: LineDisputed | None = None
    moved_to: date | None = None

    @property
    def left_out(self) -> bool:
        """The line is in no takings and in no settlement."""
        return self.stage == "open" and self.opened is not None and not self.opened.settled

    def to_decide(self, command: DecideDispute, settlement_id: str) -> bool:
        """Whether there is something to decide. Raises `NotFound`, or SETTLEMENT_CLOSED when it was otherwise."""
        if self.opened is None or settlement_id != command.settlement_id:
            raise NotFound("No line of this redemption is disputed here.", field="redemption_id")
        if self.stage not in ("open", command.line):
            raise refusals.SettlementClosed(f"The line is {self.stage}.", field="line")
        return self.stage == "open"


def decide(command: DisputeCommand, dispute: Dispute) -> Sequence[DisputeEvent]:
    match command:
        case NoteDispute(case_id, reason, now):
            return [DisputeNoted(now, case_id, reason)] if dispute.stage == "none" else []
        case OpenDispute(redemption_id, merchant_id, day, settled, reason, by, case_id, now):
            told = bool(case_id) and dispute.opened is not None and dispute.opened.case_id == case_id
            if dispute.stage == "open" or told:
                return []
            return [LineDisputed(now, redemption_id, merchant_id, day, settled, reason, by, case_id)]
        case EndDispute(outcome, day, by, now):
            opened = dispute.opened
            if dispute.stage != "open" or opened is None:
                return []
            return [DisputeEnded(now, opened.redemption_id, outcome, opened.settled, day, by)]
        case _:
            assert_never(command)


def evolve(dispute: Dispute, event: DisputeEvent) -> Dispute:
    replace = msgspec.structs.replace
    match event:
        case DisputeNoted():
            return replace(dispute, stage="noted", noted=event)
        case LineDisputed():
            return replace(dispute, stage="open", opened=event)
        case DisputeEnded(outcome=outcome, day=day):
            return replace(dispute, stage=outcome, moved_to=day or dispute.moved_to)
        case _:
            assert_never(event)


DISPUTE: Decider[DisputeCommand, DisputeEvent, Dispute] = Decider(
    "dispute", Dispute(), decide, evolve, get_args(DisputeEvent)
)
