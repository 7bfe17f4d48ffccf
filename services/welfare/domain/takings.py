"""Takings 待结算: what one merchant has taken until one cut-off, and what is corrected of earlier days (WF8).

A redemption and its line are one decision, so none is verified before a cut-off and missed by it. Once the takings are
closed, everything later is of the next day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.clock import CHINA
from shared.decider import Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent

from .values import CUT_OFF

CUT_OFF_TIMER = "cut_off"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One verified redemption: the merchant is owed `fen`."""

    redemption_id: str
    receipt_no: str
    campaign_id: str
    budget_id: str
    fen: int
    verified_at: datetime


class Adjustment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an earlier settlement had too much or too little, for this redemption; negative: the merchant owes it."""

    redemption_id: str
    fen: int
    reason: str


class AddLine(Command, frozen=True):
    merchant_id: str
    day: date
    line: Line
    now: datetime


class DropLine(Command, frozen=True):
    """The redemption was reversed before it was settled: its line vanishes (WF7)."""

    redemption_id: str
    now: datetime


class AddAdjustment(Command, frozen=True):
    merchant_id: str
    day: date
    adjustment: Adjustment
    now: datetime


class AwaitCutOff(Command, frozen=True):
    """There is something to pay at this cut-off, also if nothing is taken until then."""

    merchant_id: str
    day: date
    now: datetime


class CloseTakings(Command, frozen=True):
    """They are settled: nothing is added to them any more."""

    now: datetime


class SettleTakings(Command, frozen=True):
    """A cut-off has come: over takings, balance and settlement, in one decision."""

    merchant_id: str
    day: date
    now: datetime


class LineAdded(DomainEvent, frozen=True):
    merchant_id: str
    day: date
    line: Line


class LineDropped(DomainEvent, frozen=True):
    redemption_id: str


class AdjustmentAdded(DomainEvent, frozen=True):
    merchant_id: str
    day: date
    adjustment: Adjustment


class TakingsClosed(DomainEvent, frozen=True):
    """`at` is the cut-off."""


TakingsCommand: TypeAlias = AddLine | DropLine | AddAdjustment | AwaitCutOff | CloseTakings
TakingsEvent: TypeAlias = LineAdded | LineDropped | AdjustmentAdded | TakingsClosed | DeadlineSet | DeadlineCleared


class Takings(msgspec.Struct, frozen=True):
    """`count` numbers the receipts: it never falls, so no number is given twice."""

    lines: Mapping[str, Line] = {}
    adjustments: tuple[Adjustment, ...] = ()
    count: int = 0
    waits: bool = False  # its cut-off has a deadline
    closed: bool = False


def takings_id(merchant_id: str, day: date) -> str:
    """No id has a slash in it, so that no two pairs have one name."""
    return f"{merchant_id}/{day.isoformat()}"


def whose(entity: str) -> tuple[str, date]:
    """The merchant and the day of a takings id."""
    merchant_id, _, day = entity.rpartition("/")
    return merchant_id, date.fromisoformat(day)


def cut_off(day: date) -> datetime:
    return datetime.combine(day, CUT_OFF, CHINA)


def day_in_china(moment: datetime) -> date:
    """K1."""
    return moment.astimezone(CHINA).date()


def day_of(moment: datetime) -> date:
    """By which day's cut-off this moment is settled; the cut-off itself belongs to the next day (K1)."""
    day = moment.astimezone(CHINA).date()
    return day if moment < cut_off(day) else day + timedelta(days=1)


def receipt_no(merchant_id: str, day: date, takings: Takings) -> str:
    """The number of the next line's receipt."""
    return f"{merchant_id}-{day:%Y%m%d}-{takings.count + 1:05}"


def decide(command: TakingsCommand, takings: Takings) -> Sequence[TakingsEvent]:
    match command:
        case AddLine(merchant_id, day, line, now):
            return [LineAdded(now, merchant_id, day, line), *_deadline(merchant_id, day, now, takings)]
        case DropLine(redemption_id, now):
            return [LineDropped(now, redemption_id)] if redemption_id in takings.lines else []
        case AddAdjustment(merchant_id, day, adjustment, now):
            return [AdjustmentAdded(now, merchant_id, day, adjustment), *_deadline(merchant_id, day, now, takings)]
        case AwaitCutOff(merchant_id, day, now):
            return _deadline(merchant_id, day, now, takings)
        case CloseTakings(now):
            return [] if takings.closed else [TakingsClosed(now)]
        case _:
            assert_never(command)


def _deadline(merchant_id: str, day: date, now: datetime, takings: Takings) -> list[TakingsEvent]:
    ref = takings_id(merchant_id, day)
    return [] if takings.waits else [DeadlineSet(now, CUT_OFF_TIMER, ref, cut_off(day))]


def evolve(takings: Takings, event: TakingsEvent) -> Takings:
    replace = msgspec.structs.replace
    match event:
        case LineAdded(line=line):
            lines = {**takings.lines, line.redemption_id: line}
            return replace(takings, lines=lines, count=takings.count + 1)
        case LineDropped(redemption_id=dropped):
            return replace(takings, lines={ref: line for ref, line in takings.lines.items() if ref != dropped})
        case AdjustmentAdded(adjustment=adjustment):
            return replace(takings, adjustments=(*takings.adjustments, adjustment))
        case TakingsClosed():
            return replace(takings, closed=True)
        case DeadlineSet():
            return replace(takings, waits=True)
        case DeadlineCleared():
            return takings
        case _:
            assert_never(event)


TAKINGS: Decider[TakingsCommand, TakingsEvent, Takings] = Decider(
    "takings", Takings(), decide, evolve, get_args(TakingsEvent)
)
