"""reconciliation: the same money by two ways, and every place where they differ, which is a mistake of ours.

What a budget's own events say it has promised and owes, beside what vouchers, allowances and redemptions say; what was
settled with a merchant beside what he was paid, is to be paid and is carried; and each redemption in exactly one place:
open takings, left out by a dispute, or one settlement (WF8).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, Text

from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange, Set

from ..domain.allowance import AllowanceUsed, OfflineAllowanceSet, allowance_ref
from ..domain.balance import BalanceCarriedForward, BalanceTaken
from ..domain.budget import BudgetAllocated, BudgetCommitted, BudgetConsumed, BudgetReleased, BudgetRestored
from ..domain.dispute import DisputeEnded, LineDisputed
from ..domain.redemption_events import RedemptionReversed, RedemptionVerified
from ..domain.settlement import SettlementCreated, SettlementDenied, SettlementPaid
from ..domain.takings import AdjustmentAdded, LineAdded, LineDropped
from ..domain.voucher_events import VoucherExpired, VoucherIssued, VoucherRedeemed, VoucherReinstated, VoucherRevoked

RECONCILIATION = Projection("reconciliation", 1)


def _sums(*names: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False, server_default="0") for name in names]


BUDGET = RECONCILIATION.table(
    "budget_sums", Column("budget_id", Text, primary_key=True), *_sums("allocated", "committed", "consumed")
)
OWNER = RECONCILIATION.table(
    "budget_owner", Column("budget_id", Text, primary_key=True), Column("org_id", Text, nullable=False)
)
PROMISE = RECONCILIATION.table(  # as the budget says, for each voucher, meal and allowance
    "promise", Column("budget_id", Text, primary_key=True), Column("ref", Text, primary_key=True), *_sums("fen")
)
HOLDER = RECONCILIATION.table(  # as vouchers say
    "voucher_promise",
    Column("voucher_id", Text, primary_key=True),
    Column("budget_id", Text, nullable=False),
    Column("face_fen", BigInteger, nullable=False),
    Column("live", Boolean, nullable=False),
)
LEFT = RECONCILIATION.table(  # as allowances say
    "allowance_left",
    Column("budget_id", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    *_sums("fen"),
)
REDEEMED = RECONCILIATION.table(
    "redeemed",
    Column("redemption_id", Text, primary_key=True),
    Column("budget_id", Text, nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("live", Boolean, nullable=False),
)
PLACES = RECONCILIATION.table(
    "redemption_places",
    Column("redemption_id", Text, primary_key=True),
    *[Column(name, Integer, nullable=False, server_default="0") for name in ("open", "left_out", "settled")],
    *_sums("adjusted"),
)
MERCHANT = RECONCILIATION.table(
    "merchant_sums", Column("merchant_id", Text, primary_key=True), *_sums("settled", "paid", "unpaid", "carried")
)
PAYER = RECONCILIATION.table(
    "merchant_org", Column("merchant_id", Text, primary_key=True), Column("org_id", Text, nullable=False)
)


@RECONCILIATION.on(BudgetAllocated)
def allocated(event: BudgetAllocated, row: Recorded) -> list[RowChange]:
    owner = Put(OWNER, {"budget_id": row.entity, "org_id": row.context().org})
    return [owner, _budget(row, allocated=event.fen)]


@RECONCILIATION.on(BudgetCommitted)
def committed(event: BudgetCommitted, row: Recorded) -> list[RowChange]:
    return [_budget(row, committed=event.fen), _promise(row, event.ref, event.fen)]


@RECONCILIATION.on(BudgetReleased)
def released(event: BudgetReleased, row: Recorded) -> list[RowChange]:
    return [_budget(row, committed=-event.fen), _promise(row, event.ref, -event.fen)]


@RECONCILIATION.on(BudgetConsumed)
def consumed(event: BudgetConsumed, row: Recorded) -> list[RowChange]:
    return [_budget(row, committed=-event.fen, consumed=event.fen), _promise(row, event.ref, -event.fen)]


@RECONCILIATION.on(BudgetRestored)
def restored(event: BudgetRestored, row: Recorded) -> list[RowChange]:
    return [_budget(row, consumed=-event.fen)]


@RECONCILIATION.on(VoucherIssued)
def voucher_issued(event: VoucherIssued, _row: Recorded) -> list[RowChange]:
    facts = {"budget_id": event.budget_id, "face_fen": event.face_fen, "live": True}
    return [Put(HOLDER, {"voucher_id": event.voucher_id, **facts})]


@RECONCILIATION.on(VoucherRedeemed)
def voucher_redeemed(_event: VoucherRedeemed, row: Recorded) -> list[RowChange]:
    return [_voucher(row, live=False)]


@RECONCILIATION.on(VoucherExpired)
def voucher_expired(_event: VoucherExpired, row: Recorded) -> list[RowChange]:
    return [_voucher(row, live=False)]


@RECONCILIATION.on(VoucherRevoked)
def voucher_revoked(_event: VoucherRevoked, row: Recorded) -> list[RowChange]:
    return [_voucher(row, live=False)]


@RECONCILIATION.on(VoucherReinstated)
def voucher_reinstated(_event: VoucherReinstated, row: Recorded) -> list[RowChange]:
    return [_voucher(row, live=True)]


@RECONCILIATION.on(OfflineAllowanceSet)
def allowance_set(event: OfflineAllowanceSet, _row: Recorded) -> list[RowChange]:
    return [_allowance(event, event.fen - event.before)]


@RECONCILIATION.on(AllowanceUsed)
def allowance_used(event: AllowanceUsed, _row: Recorded) -> list[RowChange]:
    return [_allowance(event, -event.fen)]


@RECONCILIATION.on(RedemptionVerified)
def verified(event: RedemptionVerified, row: Recorded) -> list[RowChange]:
    facts = {"budget_id": event.purchase.budget_id, "fen": event.split.union_fen, "live": True}
    return [Put(REDEEMED, {"redemption_id": row.entity, **facts})]


@RECONCILIATION.on(RedemptionReversed)
def reversed_(_event: RedemptionReversed, row: Recorded) -> list[RowChange]:
    return [Set(REDEEMED, {"redemption_id": row.entity, "live": False})]


@RECONCILIATION.on(LineAdded)
def line_added(event: LineAdded, _row: Recorded) -> list[RowChange]:
    return [_places(event.line.redemption_id, open=1)]


@RECONCILIATION.on(LineDropped)
def line_dropped(event: LineDropped, _row: Recorded) -> list[RowChange]:
    return [_places(event.redemption_id, open=-1)]


@RECONCILIATION.on(AdjustmentAdded)
def adjustment_added(event: AdjustmentAdded, _row: Recorded) -> list[RowChange]:
    return [_places(event.adjustment.redemption_id, adjusted=event.adjustment.fen)]


@RECONCILIATION.on(LineDisputed)
def line_disputed(event: LineDisputed, _row: Recorded) -> list[RowChange]:
    return [] if event.settled else [_places(event.redemption_id, left_out=1)]


@RECONCILIATION.on(DisputeEnded)
def dispute_ended(event: DisputeEnded, _row: Recorded) -> list[RowChange]:
    return [] if event.settled else [_places(event.redemption_id, left_out=-1)]


@RECONCILIATION.on(SettlementCreated)
def settled(event: SettlementCreated, row: Recorded) -> list[RowChange]:
    payer = Put(PAYER, {"merchant_id": event.merchant_id, "org_id": row.context().org})
    sums = _merchant(event.merchant_id, settled=event.net_fen - event.opening_fen, unpaid=max(event.net_fen, 0))
    return [payer, sums, *[_places(line.redemption_id, open=-1, settled=1) for line in event.lines]]


@RECONCILIATION.on(SettlementPaid)
def paid(event: SettlementPaid, _row: Recorded) -> list[RowChange]:
    return [_merchant(event.merchant_id, paid=event.fen, unpaid=-event.fen)]


@RECONCILIATION.on(SettlementDenied)
def denied(event: SettlementDenied, _row: Recorded) -> list[RowChange]:
    return [_merchant(event.merchant_id, unpaid=-event.fen)]


@RECONCILIATION.on(BalanceCarriedForward)
def carried_forward(event: BalanceCarriedForward, row: Recorded) -> list[RowChange]:
    return [_merchant(row.entity, carried=event.fen)]


@RECONCILIATION.on(BalanceTaken)
def balance_taken(event: BalanceTaken, row: Recorded) -> list[RowChange]:
    return [_merchant(row.entity, carried=-event.fen)]


# All columns of a table each time, so that the many moves of a page are one statement.
def _budget(row: Recorded, *, allocated: int = 0, committed: int = 0, consumed: int = 0) -> RowChange:
    sums = {"allocated": allocated, "committed": committed, "consumed": consumed}
    return Add(BUDGET, {"budget_id": row.entity, **sums})


def _promise(row: Recorded, ref: str, fen: int) -> RowChange:
    return Add(PROMISE, {"budget_id": row.entity, "ref": ref, "fen": fen})


def _voucher(row: Recorded, *, live: bool) -> RowChange:
    return Set(HOLDER, {"voucher_id": row.entity, "live": live})


def _allowance(event: OfflineAllowanceSet | AllowanceUsed, fen: int) -> RowChange:
    return Add(LEFT, {"budget_id": event.budget_id, "ref": allowance_ref(event.terminal_id), "fen": fen})


def _places(redemption_id: str, *, open: int = 0, left_out: int = 0, settled: int = 0, adjusted: int = 0) -> RowChange:
    places: dict[str, Any] = {"open": open, "left_out": left_out, "settled": settled, "adjusted": adjusted}
    return Add(PLACES, {"redemption_id": redemption_id, **places})


def _merchant(merchant_id: str, *, settled: int = 0, paid: int = 0, unpaid: int = 0, carried: int = 0) -> RowChange:
    sums = {"settled": settled, "paid": paid, "unpaid": unpaid, "carried": carried}
    return Add(MERCHANT, {"merchant_id": merchant_id, **sums})
