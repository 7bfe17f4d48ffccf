"""member_card: whether a membership is active, and which key the member's code has (CK7). It holds no secret."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Text, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.member import (
    MemberCodeIssued,
    MemberCodeRevoked,
    MemberLeft,
    MemberRegistered,
    MemberReinstated,
    MemberSuspended,
)

MEMBER_CARD = Projection("member_card", 1)
CARD = MEMBER_CARD.table(
    "member_card",
    Column("member_id", Text, primary_key=True),
    Column("trade", Text, nullable=False),
    Column("state", Text, nullable=False),  # active, suspended or left
    Column("key_id", Text),  # of the code that is valid now
)


@MEMBER_CARD.on(MemberRegistered)
def registered(event: MemberRegistered, row: Recorded) -> list[RowChange]:
    return [Put(CARD, {"member_id": row.entity, "trade": event.trade, "state": "active", "key_id": None})]


@MEMBER_CARD.on(MemberCodeIssued)
def code_issued(event: MemberCodeIssued, row: Recorded) -> list[RowChange]:
    return [Set(CARD, {"member_id": row.entity, "key_id": event.key_id})]


@MEMBER_CARD.on(MemberCodeRevoked)
def code_revoked(event: MemberCodeRevoked, row: Recorded) -> list[RowChange]:
    return [Set(CARD, {"member_id": row.entity, "key_id": None})]


@MEMBER_CARD.on(MemberSuspended)
def suspended(event: MemberSuspended, row: Recorded) -> list[RowChange]:
    return [Set(CARD, {"member_id": row.entity, "state": "suspended"})]


@MEMBER_CARD.on(MemberReinstated)
def reinstated(event: MemberReinstated, row: Recorded) -> list[RowChange]:
    return [Set(CARD, {"member_id": row.entity, "state": "active"})]


@MEMBER_CARD.on(MemberLeft)
def left(event: MemberLeft, row: Recorded) -> list[RowChange]:
    return [Set(CARD, {"member_id": row.entity, "state": "left"})]


async def card(view: View, member_id: str) -> dict[str, Any]:
    """One member's card. Raises `NotFound`."""
    row = (await view.db.execute(select(CARD).where(CARD.c.member_id == member_id))).first()
    if row is None:
        raise NotFound(f"no member is registered as {member_id}", field="member_id")
    return dict(row._mapping)
