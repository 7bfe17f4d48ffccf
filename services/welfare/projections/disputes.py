"""disputes: which lines somebody said should not be paid, where they were then, and what was decided."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Text, select

from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.dispute import DisputeEnded, LineDisputed
from ..domain.settlement import settlement_id_of

DISPUTES = Projection("disputes", 1)
DISPUTE = DISPUTES.table(
    "dispute",
    Column("redemption_id", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("org_id", Text, nullable=False),
    Column("settlement_id", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("disputed_by", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("disputed_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("moved_to", Date),
)
Index("dispute_v1_state", DISPUTE.c.org_id, DISPUTE.c.state, DISPUTE.c.place)


@DISPUTES.on(LineDisputed)
def disputed(event: LineDisputed, row: Recorded) -> list[RowChange]:
    """Disputed again, what was decided before is replaced."""
    facts = {
        "redemption_id": event.redemption_id,
        "place": row.position,
        "org_id": row.context().org,
        "settlement_id": settlement_id_of(event.merchant_id, event.day),
        "merchant_id": event.merchant_id,
        "settled": event.settled,
        "state": "open",
        "reason": event.reason,
        "disputed_by": event.by,
        "case_id": event.case_id,
        "disputed_at": event.at,
        **dict.fromkeys(("decided_by", "decided_at", "moved_to")),
    }
    return [Put(DISPUTE, facts)]


@DISPUTES.on(DisputeEnded)
def ended(event: DisputeEnded, row: Recorded) -> list[RowChange]:
    facts = {"decided_by": event.by, "decided_at": event.at, "moved_to": event.day}
    return [Set(DISPUTE, {"redemption_id": event.redemption_id, "state": event.outcome, **facts})]


async def page(
    view: View, org_id: str, state: str | None, merchant_id: str | None, limit: int, before: int | None
) -> list[dict[str, Any]]:
    """The last told first."""
    query = select(DISPUTE).where(DISPUTE.c.org_id == org_id).order_by(DISPUTE.c.place.desc()).limit(limit)
    for column, value in ((DISPUTE.c.state, state), (DISPUTE.c.merchant_id, merchant_id)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(DISPUTE.c.place < before)
    found = await view.db.execute(query)
    return [{name: value for name, value in row._mapping.items() if name != "org_id"} for row in found]
