"""Accounts: what credits them reads the rules too, which say how long a lot lasts."""

from __future__ import annotations

from shared.decider import Change, Changes, Handlers, Read

from ..domain.account import (
    ACCOUNT,
    OPENING,
    AlreadyEarned,
    CreditLot,
    EarnPoints,
    ExpireLot,
    GrantOpeningLot,
    ReversePoints,
)
from ..domain.lots import lot_expiry, lot_id_of
from ..domain.rules import RULE_BOOK, RULES, RuleBook

HANDLERS = Handlers(ACCOUNT, RULES)
HANDLERS.each(ACCOUNT, "member_id", ReversePoints, ExpireLot)


@HANDLERS.on(EarnPoints)
def earn_points(command: EarnPoints, read: Read) -> Changes:
    """Silent the second time: the policy that asks may be repeated (E24)."""
    account = read(ACCOUNT, command.member_id)
    book = read(RULES, RULE_BOOK)
    return [Change(ACCOUNT, command.member_id, ACCOUNT.decide(_lot(command, command.reason, book), account))]


@HANDLERS.on(GrantOpeningLot)
def grant_opening_lot(command: GrantOpeningLot, read: Read) -> Changes:
    """A person asks for this one, so a source that was credited before is said to be."""
    account = read(ACCOUNT, command.member_id)
    book = read(RULES, RULE_BOOK)
    if lot_id_of(OPENING, command.source_ref) in account.earned:
        raise AlreadyEarned
    return [Change(ACCOUNT, command.member_id, ACCOUNT.decide(_lot(command, OPENING, book), account))]


def _lot(command: EarnPoints | GrantOpeningLot, reason: str, book: RuleBook) -> CreditLot:
    """PT5: the rules in force when the points were earned say how long they last."""
    expires_at = lot_expiry(command.earned_at, book.lot_months_at(command.earned_at))
    return CreditLot(command.points, reason, command.source_ref, command.earned_at, expires_at, command.now)
