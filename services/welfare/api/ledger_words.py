"""What is wrong with a row of a ledger's file, in words; and the places of pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from shared.errors import NotFound, Refused, ValidationFailed

from ..domain import refusals
from ..domain.ledger_sorting import NOT_AWAITED, Fault

_REFUSALS: tuple[type[Refused], ...] = (
    refusals.PathCLimit,
    refusals.AmountNotPositive,
    refusals.DuplicateLedgerLine,
    refusals.LedgerLineConflict,
    refusals.AccountInvalid,
    refusals.RefundAlreadyPaid,
)
MESSAGES: Mapping[str, str] = {
    **{refusal.code: refusal.message() for refusal in _REFUSALS},
    NOT_AWAITED: "This transfer came back before, and is not waited for any more. Ask the bank which file is right.",
    NotFound.code: "No transfer of this reference was sent. Take the reference from the bank file.",
}
REASONS: Mapping[str, str] = {
    "missing": "The cell is empty. Fill it in.",
    "not_an_id": "This is no id: up to 48 letters, digits, dots, hyphens. Correct it.",
    "not_yes_or_no": "Write yes or no, 是 or 否.",
    "not_an_amount": "Write yuan with at most two decimals, as in 1200.00.",
    "too_large": "The amount is of more than ten digits. Correct it.",
    "not_of_this_ledger": "The reference is of another quarter. Take the bank's file for this one.",
    "not_paid_or_returned": "Write paid or returned, 成功 or 退回.",
}


def told(fault: Fault | Mapping[str, Any]) -> dict[str, Any]:
    """A fault with its reason in words."""
    known = msgspec.structs.asdict(fault) if isinstance(fault, Fault) else dict(fault)
    return {**known, "message": REASONS.get(known["reason"] or "") or MESSAGES.get(known["code"], "")}


def after_of(cursor: str | None) -> tuple[str, int] | None:
    """A page's end, as `next` of the page before tells it."""
    if cursor is None:
        return None
    name, _, number = cursor.rpartition(":")
    if not name.isprintable() or not name or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise ValidationFailed("it is not the `next` of a page", field="after")
    return name, int(number)
