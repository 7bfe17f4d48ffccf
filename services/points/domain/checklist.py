"""The answered checklist of a patrol."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shared.errors import Refused, ValidationFailed


class CheckedItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answered line of the checklist; a failed item is an answer too."""

    item: str
    ok: bool | None  # None: not answered


def is_complete(checklist: Sequence[CheckedItem]) -> bool:
    """PT3: whether every line has an answer; a failed line has one."""
    return all(answer.ok is not None for answer in checklist)


class ChecklistIncomplete(Refused):
    """The checklist has no answers. Answer every item, failed ones too, and send the report again."""


def check_answers(checklist: Sequence[CheckedItem]) -> None:
    """Raises `ChecklistIncomplete` without any answer, `ValidationFailed` with two to one item."""
    if all(answer.ok is None for answer in checklist):
        raise ChecklistIncomplete
    if len({answer.item for answer in checklist}) < len(checklist):
        raise ValidationFailed("An item of the checklist is answered twice.", field="checklist")
