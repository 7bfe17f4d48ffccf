"""reconciliation: for each account, what its ledger says beside what lies in its lots, less what it owes.

The ledger adds up whole movements; lots and debt add up what was put into each lot and taken out of it. They are one
sum by two ways (E26): a difference is a mistake of ours, and is listed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, Text, func, select

from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange
from shared.queries import View

from ..domain.ledger import (
    LedgerEvent,
    PointsDebtRepaid,
    PointsEarned,
    PointsExpired,
    PointsRefunded,
    PointsReversed,
    PointsSpent,
    owed_or_in_lots,
)
from ..domain.lots import total

RECONCILIATION = Projection("reconciliation", 1)
SUMS = RECONCILIATION.table(
    "account_sums",
    Column("member_id", Text, primary_key=True),
    Column("ledger", Integer, nullable=False, server_default="0"),
    Column("lots", Integer, nullable=False, server_default="0"),
    Column("debt", Integer, nullable=False, server_default="0"),
)
ORG = RECONCILIATION.table(
    "account_org", Column("member_id", Text, primary_key=True), Column("org", Text, nullable=False)
)


@RECONCILIATION.on(PointsEarned)
def earned(event: PointsEarned, row: Recorded) -> list[RowChange]:
    """An account belongs to the union in whose name it was credited last."""
    return [Put(ORG, {"member_id": row.entity, "org": row.context().org}), _sums(row, event, event.points, 0)]


@RECONCILIATION.on(PointsSpent)
def spent(event: PointsSpent, row: Recorded) -> list[RowChange]:
    return [_sums(row, event, -total(event.allocations), event.debt)]


@RECONCILIATION.on(PointsExpired)
def expired(event: PointsExpired, row: Recorded) -> list[RowChange]:
    return [_sums(row, event, -event.points, 0)]


@RECONCILIATION.on(PointsRefunded)
def refunded(event: PointsRefunded, row: Recorded) -> list[RowChange]:
    return [_sums(row, event, total(event.lots), -event.forgiven)]


@RECONCILIATION.on(PointsReversed)
def reversed_(event: PointsReversed, row: Recorded) -> list[RowChange]:
    return [_sums(row, event, -total(event.taken), event.debt)]


@RECONCILIATION.on(PointsDebtRepaid)
def debt_repaid(event: PointsDebtRepaid, row: Recorded) -> list[RowChange]:
    return [_sums(row, event, -total(event.allocations), -event.points)]


def _sums(row: Recorded, event: LedgerEvent, lots: int, debt: int) -> RowChange:
    return Add(SUMS, {"member_id": row.entity, "ledger": owed_or_in_lots(event), "lots": lots, "debt": debt})


async def of(view: View, org: str) -> dict[str, Any]:
    """The sums of a union's accounts, and every account whose ledger differs from its lots less its debt."""
    own = select(SUMS).join(ORG, ORG.c.member_id == SUMS.c.member_id).where(ORG.c.org == org).subquery()
    names = ("ledger", "lots", "debt")
    sums = select(func.count().label("accounts"), *[func.coalesce(func.sum(own.c[n]), 0).label(n) for n in names])
    row = (await view.db.execute(sums)).one()
    differing = select(own).where(own.c.ledger != own.c.lots - own.c.debt).order_by(own.c.member_id)
    differences = [dict(found._mapping) for found in await view.db.execute(differing)]
    return {**{name: int(getattr(row, name)) for name in ("accounts", *names)}, "differences": differences}
