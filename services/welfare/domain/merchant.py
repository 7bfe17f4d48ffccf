"""Merchant 商户: who takes vouchers and serves meals, on which terms, and at which terminals.

What an offline terminal tells later is judged by how things stood when it happened: so it is kept since when a merchant
or a terminal is out of service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound

from . import refusals

LEFT = "left"  # the reason of a suspension for good


class MerchantTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was agreed with a merchant. His bank account is content: here is only its reference."""

    category: str
    contract_ref: str
    account_ref: str | None = None


class ApplyAsMerchant(Command, frozen=True):
    """Ask to be taken in. Asked again before that, the last word holds."""

    merchant_id: str
    terms: MerchantTerms
    now: datetime


class OnboardMerchant(Command, frozen=True):
    """Take a merchant in, whether he has applied or not. Onboarded again, the last terms hold."""

    merchant_id: str
    terms: MerchantTerms
    now: datetime


class SuspendMerchant(Command, frozen=True):
    """He serves nobody for now; what was verified before stays payable (WF13)."""

    merchant_id: str
    reason: str
    now: datetime


class ResumeMerchant(Command, frozen=True):
    merchant_id: str
    now: datetime


class LeaveMerchant(Command, frozen=True):
    """For good; what was verified before stays payable."""

    merchant_id: str
    now: datetime


class RegisterTerminal(Command, frozen=True):
    merchant_id: str
    terminal_id: str
    now: datetime


class RemoveTerminal(Command, frozen=True):
    """Its offline allowance is released in the same decision."""

    merchant_id: str
    terminal_id: str
    now: datetime


class MerchantApplied(DomainEvent, frozen=True):
    merchant_id: str
    terms: MerchantTerms


class MerchantOnboarded(DomainEvent, frozen=True):
    """Taken in, or with new terms; `begins`: he serves from now on."""

    merchant_id: str
    terms: MerchantTerms
    begins: bool


class MerchantSuspended(DomainEvent, frozen=True):
    merchant_id: str
    reason: str


class MerchantResumed(DomainEvent, frozen=True):
    merchant_id: str


class MerchantLeft(DomainEvent, frozen=True):
    merchant_id: str


class TerminalRegistered(DomainEvent, frozen=True):
    merchant_id: str
    terminal_id: str


class TerminalRemoved(DomainEvent, frozen=True):
    merchant_id: str
    terminal_id: str


MerchantCommand: TypeAlias = (
    ApplyAsMerchant
    | OnboardMerchant
    | SuspendMerchant
    | ResumeMerchant
    | LeaveMerchant
    | RegisterTerminal
    | RemoveTerminal
)
MerchantEvent: TypeAlias = (
    MerchantApplied
    | MerchantOnboarded
    | MerchantSuspended
    | MerchantResumed
    | MerchantLeft
    | TerminalRegistered
    | TerminalRemoved
)
MerchantStage: TypeAlias = Literal["none", "applied", "active", "suspended", "left"]


class Merchant(msgspec.Struct, frozen=True):
    """`since` is when he was suspended or left. A terminal has the time of its removal, or None while it is in use."""

    stage: MerchantStage = "none"
    terms: MerchantTerms | None = None
    since: datetime | None = None
    terminals: Mapping[str, datetime | None] = {}

    @property
    def live_terminals(self) -> list[str]:
        return sorted(name for name, removed in self.terminals.items() if removed is None)

    def check_here(self) -> None:
        """He was taken in, and has not left. Raises `NotFound`."""
        if self.stage in ("none", "applied", "left"):
            raise NotFound("No merchant is onboarded under this id.", field="merchant_id")

    def check_known(self) -> None:
        """He was taken in at some time. Raises `NotFound`."""
        if self.stage != "left":
            self.check_here()

    def check_serves(self, moment: datetime | None = None) -> None:
        """He serves, or served at this moment. Raises `NotFound` or MERCHANT_SUSPENDED."""
        self.check_known()
        if self.since is None or (moment is not None and moment < self.since):
            return
        self.check_here()
        raise refusals.MerchantSuspended(field="merchant_id")

    def check_terminal(self, terminal_id: str, moment: datetime) -> None:
        """The terminal was his at this moment. Raises TERMINAL_UNKNOWN."""
        removed = self.terminals.get(terminal_id, moment)
        if removed is not None and moment >= removed:
            raise refusals.TerminalUnknown(field="terminal_id")


def decide(command: MerchantCommand, merchant: Merchant) -> Sequence[MerchantEvent]:
    """What he is already is nothing new."""
    match command:
        case ApplyAsMerchant(merchant_id, terms, now):
            open_to = merchant.stage in ("none", "applied") and terms != merchant.terms
            return [MerchantApplied(now, merchant_id, terms)] if open_to else []
        case OnboardMerchant(merchant_id, terms, now):
            taken = merchant.stage in ("active", "suspended")
            if taken and terms == merchant.terms:
                return []
            return [MerchantOnboarded(now, merchant_id, terms, begins=not taken)]
        case _:
            merchant.check_known()
            return _changed(command, merchant)


def _changed(
    command: SuspendMerchant | ResumeMerchant | LeaveMerchant | RegisterTerminal | RemoveTerminal, merchant: Merchant
) -> Sequence[MerchantEvent]:
    stage = merchant.stage
    match command:
        case SuspendMerchant(merchant_id, reason, now):
            return [MerchantSuspended(now, merchant_id, reason)] if stage == "active" else []
        case ResumeMerchant(merchant_id, now):
            return [MerchantResumed(now, merchant_id)] if stage == "suspended" else []
        case LeaveMerchant(merchant_id, now):
            removed = [TerminalRemoved(now, merchant_id, terminal_id) for terminal_id in merchant.live_terminals]
            return [] if stage == "left" else [*removed, MerchantLeft(now, merchant_id)]
        case RegisterTerminal(merchant_id, terminal_id, now):
            merchant.check_here()
            known = terminal_id in merchant.live_terminals
            return [] if known else [TerminalRegistered(now, merchant_id, terminal_id)]
        case RemoveTerminal(merchant_id, terminal_id, now):
            known = terminal_id in merchant.live_terminals
            return [TerminalRemoved(now, merchant_id, terminal_id)] if known else []
        case _:
            assert_never(command)


def evolve(merchant: Merchant, event: MerchantEvent) -> Merchant:
    replace = msgspec.structs.replace
    match event:
        case MerchantApplied(terms=terms):
            return replace(merchant, stage="applied", terms=terms)
        case MerchantOnboarded(terms=terms, begins=begins):
            if not begins:
                return replace(merchant, terms=terms)
            return replace(merchant, stage="active", terms=terms, since=None)
        case MerchantSuspended(at=at):
            return replace(merchant, stage="suspended", since=at)
        case MerchantResumed():
            return replace(merchant, stage="active", since=None)
        case MerchantLeft(at=at):
            return replace(merchant, stage="left", since=min(merchant.since or at, at))
        case TerminalRegistered(terminal_id=terminal_id):
            return replace(merchant, terminals={**merchant.terminals, terminal_id: None})
        case TerminalRemoved(at=at, terminal_id=terminal_id):
            return replace(merchant, terminals={**merchant.terminals, terminal_id: at})
        case _:
            assert_never(event)


MERCHANT: Decider[MerchantCommand, MerchantEvent, Merchant] = Decider(
    "merchant", Merchant(), decide, evolve, get_args(MerchantEvent)
)
