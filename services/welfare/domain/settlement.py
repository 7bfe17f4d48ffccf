"""Settlement 结算: what a merchant is paid for one day's takings (WF8).

created → verified → approved → paid; it is verified and approved by two people (K8). Nothing to pay: closed. Less than
nothing: carried forward. Denied before it is approved: its amount is carried forward, too. What it consists of never
changes: mistakes are corrected in the merchant's next one (K6, E41).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from . import refusals
from .takings import Adjustment, Line

Stage: TypeAlias = Literal["none", "created", "verified", "approved", "paid", "denied", "closed", "carried"]
Outcome: TypeAlias = Literal["upheld", "denied", "reversed"]


class CreateSettlement(Command, frozen=True):
    """The cut-off has come: the takings are closed in the same decision."""

    merchant_id: str
    day: date
    lines: tuple[Line, ...]
    adjustments: tuple[Adjustment, ...]
    opening_fen: int
    now: datetime


class VerifySettlement(Command, frozen=True):
    settlement_id: str
    by: str
    now: datetime


class ApproveSettlement(Command, frozen=True):
    settlement_id: str
    by: str
    now: datetime


class DenySettlement(Command, frozen=True):
    """It is not paid as it stands: what it comes to is the opening of the merchant's next one."""

    settlement_id: str
    reason: str
    by: str
    now: datetime


class PaySettlement(Command, frozen=True):
    """The bank has paid it."""

    settlement_id: str
    bank_ref: str
    by: str
    now: datetime


class PaySettlements(Command, frozen=True):
    """What the bank has paid together: all of it is noted or none."""

    payments: tuple[PaySettlement, ...]


class HoldSettlement(Command, frozen=True):
    """One of its lines is disputed: it is not approved until that is decided."""

    redemption_id: str
    now: datetime


class FreeSettlement(Command, frozen=True):
    """It is decided what becomes of the line."""

    redemption_id: str
    outcome: Outcome
    now: datetime


class SettlementCreated(DomainEvent, frozen=True):
    """`at` is the cut-off. net = opening + lines + adjustments."""

    merchant_id: str
    day: date
    lines: tuple[Line, ...]
    adjustments: tuple[Adjustment, ...]
    opening_fen: int
    net_fen: int


class SettlementVerified(DomainEvent, frozen=True):
    by: str


class SettlementApproved(DomainEvent, frozen=True):
    by: str


class SettlementDenied(DomainEvent, frozen=True):
    merchant_id: str
    fen: int
    reason: str
    by: str


class SettlementPaid(DomainEvent, frozen=True):
    merchant_id: str
    day: date
    fen: int
    bank_ref: str
    by: str


class SettlementDisputed(DomainEvent, frozen=True):
    redemption_id: str


class SettlementDisputeEnded(DomainEvent, frozen=True):
    redemption_id: str
    outcome: Outcome


SettlementCommand: TypeAlias = (
    CreateSettlement
    | VerifySettlement
    | ApproveSettlement
    | DenySettlement
    | PaySettlement
    | HoldSettlement
    | FreeSettlement
)
SettlementEvent: TypeAlias = (
    SettlementCreated
    | SettlementVerified
    | SettlementApproved
    | SettlementDenied
    | SettlementPaid
    | SettlementDisputed
    | SettlementDisputeEnded
)


class Settlement(msgspec.Struct, frozen=True):
    """`by` is who took the last step."""

    created: SettlementCreated | None = None
    stage: Stage = "none"
    by: str = ""
    bank_ref: str = ""
    disputed: frozenset[str] = frozenset()

    @property
    def known(self) -> SettlementCreated:
        """What it consists of. Raises `NotFound`."""
        if self.created is None:
            raise NotFound("No settlement was created under this id.", field="settlement_id")
        return self.created


def settlement_id_of(merchant_id: str, day: date) -> str:
    """As in `K1-2026-01-23`. The last ten characters are the day, so that no two pairs have one name."""
    return f"{merchant_id}-{day.isoformat()}"


def decide(command: SettlementCommand, settlement: Settlement) -> Sequence[SettlementEvent]:
    match command:
        case CreateSettlement(merchant_id, day, lines, adjustments, opening_fen, now):
            net = opening_fen + sum(line.fen for line in lines) + sum(one.fen for one in adjustments)
            return [SettlementCreated(now, merchant_id, day, lines, adjustments, opening_fen, net)]
        case HoldSettlement(redemption_id, now):
            return [SettlementDisputed(now, redemption_id)]
        case FreeSettlement(redemption_id, outcome, now):
            return [SettlementDisputeEnded(now, redemption_id, outcome)]
        case _:
            return _stepped(command, settlement)


def _stepped(
    command: VerifySettlement | ApproveSettlement | DenySettlement | PaySettlement, settlement: Settlement
) -> Sequence[SettlementEvent]:
    """A step that its taker repeats is nothing new; any other that is not due is SETTLEMENT_CLOSED."""
    created = settlement.known
    match command:
        case VerifySettlement(_, by, now) if settlement.stage == "created":
            return [SettlementVerified(now, by)]
        case ApproveSettlement() if settlement.stage == "verified":
            return _approved(command, settlement)
        case DenySettlement(_, reason, by, now) if settlement.stage in ("created", "verified"):
            _check_undisputed(settlement)  # as the next one would pay its amount meanwhile
            return [SettlementDenied(now, created.merchant_id, created.net_fen, reason, by)]
        case PaySettlement(_, bank_ref, by, now) if settlement.stage == "approved":
            return [SettlementPaid(now, created.merchant_id, created.day, created.net_fen, bank_ref, by)]
        case PaySettlement():
            same = settlement.stage == "paid" and settlement.bank_ref == command.bank_ref
        case _:
            reached = {VerifySettlement: "verified", ApproveSettlement: "approved", DenySettlement: "denied"}
            same = settlement.stage == reached[type(command)] and settlement.by == command.by
    if same:
        return []
    raise refusals.SettlementClosed(f"The settlement is {settlement.stage}.", field="settlement_id")


def _approved(command: ApproveSettlement, settlement: Settlement) -> Sequence[SettlementEvent]:
    if command.by == settlement.by:
        raise refusals.FourEyesRequired(field="settlement_id")
    _check_undisputed(settlement)
    return [SettlementApproved(command.now, command.by)]


def _check_undisputed(settlement: Settlement) -> None:
    if settlement.disputed:
        raise refusals.SettlementDisputed(f"Disputed: {', '.join(sorted(settlement.disputed))}.")


def evolve(settlement: Settlement, event: SettlementEvent) -> Settlement:
    replace = msgspec.structs.replace
    match event:
        case SettlementCreated(net_fen=net):
            return Settlement(event, "created" if net > 0 else "carried" if net < 0 else "closed")
        case SettlementVerified(by=by):
            return replace(settlement, stage="verified", by=by)
        case SettlementApproved(by=by):
            return replace(settlement, stage="approved", by=by)
        case SettlementDenied(by=by):
            return replace(settlement, stage="denied", by=by)
        case SettlementPaid(by=by, bank_ref=bank_ref):
            return replace(settlement, stage="paid", by=by, bank_ref=bank_ref)
        case SettlementDisputed(redemption_id=redemption_id):
            return replace(settlement, disputed=settlement.disputed | {redemption_id})
        case SettlementDisputeEnded(redemption_id=redemption_id):
            return replace(settlement, disputed=settlement.disputed - {redemption_id})
        case _:
            assert_never(event)


SETTLEMENT: Decider[SettlementCommand, SettlementEvent, Settlement] = Decider(
    "settlement", Settlement(), decide, evolve, get_args(SettlementEvent)
)
