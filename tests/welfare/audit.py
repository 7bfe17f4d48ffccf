"""The audit of each decision of welfare: what budgets promise and owe changes as what they promise and owe it for.

Only changes are compared, so it holds for scenarios whose past is told in part: a test of a redemption need not tell
how the voucher was issued.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from services.welfare.domain.allowance import ALLOWANCE, allowance_ref
from services.welfare.domain.budget import (
    BUDGET,
    BudgetCommitted,
    BudgetConsumed,
    BudgetReleased,
    BudgetRestored,
)
from services.welfare.domain.dispute import DISPUTE
from services.welfare.domain.redemption import REDEMPTION, Redemption
from services.welfare.domain.takings import TAKINGS, AdjustmentAdded, LineAdded, LineDropped, Takings
from services.welfare.domain.voucher import VOUCHER
from services.welfare.domain.voucher_state import Voucher
from services.welfare.handlers import HANDLERS
from shared.decider import Change, Changes, Command, Decider, DomainEvent, Handlers, Read
from shared.errors import Refused


class _Account(NamedTuple):
    """Of one budget, and what it is for where that is known beforehand: a voucher or an allowance."""

    budget_id: str
    ref: str


class Audited(Handlers):
    """Welfare's handlers, which fail when a decision's money does not add up."""

    def __init__(self) -> None:
        super().__init__(*HANDLERS.deciders)

    def handle(self, command: Command, read: Read) -> Changes:
        try:
            changes = HANDLERS.handle(command, read)
        except Refused as refusal:
            check(refusal.record, read)
            raise
        check(changes, read)
        return changes


class Turn(NamedTuple):
    """One stream before and after a decision, and the events between."""

    entity: str
    before: Any
    after: Any
    events: list[DomainEvent]


def check(changes: Sequence[Change], read: Read) -> None:
    """Raises `AssertionError`, naming the budget and what it is for."""
    promised, owed = _moves(changes)
    vouchers, redemptions = _turns(VOUCHER, changes, read), _turns(REDEMPTION, changes, read)
    allowances, takings = _turns(ALLOWANCE, changes, read), _turns(TAKINGS, changes, read)
    holding: Counter[_Account] = Counter()
    for turn in vouchers:
        issued = turn.after.known
        account = _Account(issued.budget_id, turn.entity)
        holding[account] += _held(turn.after) - _held(turn.before)
    for turn in allowances:
        ref = allowance_ref(turn.entity.partition("/")[2])
        for budget_id in {*turn.before.left, *turn.after.left}:
            account = _Account(budget_id, ref)
            holding[account] += turn.after.left.get(budget_id, 0) - turn.before.left.get(budget_id, 0)
    _same("committed", promised, holding)
    written_off: Counter[str] = Counter()
    for turn in redemptions:
        for redemption, sign in ((turn.after, 1), (turn.before, -1)):
            budget_id, fen = _written_off(redemption)
            written_off[budget_id] += sign * fen
    _same("consumed", owed, written_off)
    credited = sum(_credited(turn) for turn in takings) + _left_out(changes, redemptions, read)
    assert credited == sum(written_off.values()), f"merchants are credited {credited}, of {dict(written_off)}"


def _moves(changes: Sequence[Change]) -> tuple[Counter[_Account], Counter[str]]:
    """What is promised more for each purpose, and owed more by each budget."""
    promised: Counter[_Account] = Counter()
    owed: Counter[str] = Counter()
    for decider, budget_id, events in changes:
        if decider is not BUDGET:
            continue
        for event in events:
            match event:
                case BudgetCommitted(ref=ref, fen=fen):
                    promised[_Account(budget_id, ref)] += fen
                case BudgetReleased(ref=ref, fen=fen):
                    promised[_Account(budget_id, ref)] -= fen
                case BudgetConsumed(ref=ref, fen=fen):
                    promised[_Account(budget_id, ref)] -= fen
                    owed[budget_id] += fen
                case BudgetRestored(fen=fen):
                    owed[budget_id] -= fen
    return promised, owed


def _turns(decider: Decider[Any, Any, Any], changes: Sequence[Change], read: Read) -> list[Turn]:
    events: dict[str, list[DomainEvent]] = {}
    for changed, entity, more in changes:
        if changed is decider:
            events.setdefault(entity, []).extend(more)
    before = {entity: read(decider, entity) for entity in events}
    return [Turn(one, before[one], decider.fold(new, before[one]), new) for one, new in events.items()]


def _held(voucher: Voucher) -> int:
    return voucher.known.face_fen if voucher.promised else 0


def _written_off(redemption: Redemption) -> tuple[str, int]:
    verified = redemption.verified
    if verified is None or redemption.reversed:
        return "", 0
    return verified.purchase.budget_id, verified.split.union_fen


def _credited(turn: Turn) -> int:
    """What merchants get more of by this change."""
    before: Takings = turn.before
    lines = dict(before.lines)
    credited = 0
    for event in turn.events:
        match event:
            case LineAdded(line=line):
                lines[line.redemption_id] = line
                credited += line.fen
            case LineDropped(redemption_id=redemption_id):
                credited -= lines[redemption_id].fen
            case AdjustmentAdded(adjustment=adjustment):
                credited += adjustment.fen
    return credited


def _left_out(changes: Sequence[Change], redemptions: Sequence[Turn], read: Read) -> int:
    """What is in no takings more than before, as it is disputed."""
    after = {turn.entity: turn.after for turn in redemptions}
    more = 0
    for turn in _turns(DISPUTE, changes, read):
        before = read(REDEMPTION, turn.entity)
        now = after.get(turn.entity, before)
        more += _written_off(now)[1] if turn.after.left_out else 0
        more -= _written_off(before)[1] if turn.before.left_out else 0
    return more


def _same(what: str, moved: Counter[Any], wanted: Counter[Any]) -> None:
    for account in {*moved, *wanted}:
        assert moved[account] == wanted[account], f"{what} of {account}: {moved[account]}, but {wanted[account]} is due"
