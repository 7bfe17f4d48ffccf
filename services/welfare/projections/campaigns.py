"""campaigns: what each campaign says, where it stands, its phases, and its target lists."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Text, func, select

from shared.errors import NotFound
from shared.log.read import Recorded
from shared.projecting import Add, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.campaign import (
    CampaignClosed,
    CampaignDrafted,
    CampaignPaused,
    CampaignPublished,
    CampaignResumed,
    PhaseClosed,
    PhaseOpened,
)
from ..domain.target_list import ListApproved, ListProgressed, ListStarted, PartAdded
from ..domain.terms import CampaignKind, Terms

KINDS = get_args(CampaignKind)

CAMPAIGNS = Projection("campaigns", 1)
CAMPAIGN = CAMPAIGNS.table(
    "campaign",
    Column("campaign_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("reason", Text),
    Column("terms", Text, nullable=False),  # JSON, shown as it is
)
PHASE = CAMPAIGNS.table(
    "campaign_phase",
    Column("campaign_id", Text, primary_key=True),
    Column("phase_id", Text, primary_key=True),
    Column("turned", Text, nullable=False),  # opened, then closed
    Column("at", DateTime(timezone=True), nullable=False),
)
LIST = CAMPAIGNS.table(
    "target_list",
    Column("list_id", Text, primary_key=True),
    Column("campaign_id", Text),
    Column("approved", Boolean, nullable=False, server_default="false"),
    Column("approved_by", Text),
    Column("answered", Integer, nullable=False, server_default="0"),
    Column("granted", Integer, nullable=False, server_default="0"),
)
PART = CAMPAIGNS.table(
    "target_list_part",
    Column("list_id", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("size", Integer, nullable=False),
)
Index("target_list_v1_campaign", LIST.c.campaign_id)


@CAMPAIGNS.on(CampaignDrafted)
def drafted(event: CampaignDrafted, row: Recorded) -> list[RowChange]:
    return [_said(row, "draft", event.terms)]


@CAMPAIGNS.on(CampaignPublished)
def published(event: CampaignPublished, row: Recorded) -> list[RowChange]:
    return [_said(row, "published", event.terms)]


@CAMPAIGNS.on(CampaignPaused)
def paused(event: CampaignPaused, row: Recorded) -> list[RowChange]:
    return [Set(CAMPAIGN, {"campaign_id": row.entity, "stage": "paused", "reason": event.reason})]


@CAMPAIGNS.on(CampaignResumed)
def resumed(event: CampaignResumed, row: Recorded) -> list[RowChange]:
    return [] if event.held else [Set(CAMPAIGN, {"campaign_id": row.entity, "stage": "published", "reason": None})]


@CAMPAIGNS.on(CampaignClosed)
def closed(_event: CampaignClosed, row: Recorded) -> list[RowChange]:
    return [Set(CAMPAIGN, {"campaign_id": row.entity, "stage": "closed", "reason": None})]


@CAMPAIGNS.on(PhaseOpened)
def phase_opened(event: PhaseOpened, row: Recorded) -> list[RowChange]:
    return [_turned(row, event.phase_id, "open")]


@CAMPAIGNS.on(PhaseClosed)
def phase_closed(event: PhaseClosed, row: Recorded) -> list[RowChange]:
    return [_turned(row, event.phase_id, "closed")]


@CAMPAIGNS.on(ListStarted)
def list_started(event: ListStarted, row: Recorded) -> list[RowChange]:
    return [Put(LIST, {"list_id": row.entity, "campaign_id": event.campaign_id})]


@CAMPAIGNS.on(PartAdded)
def part_added(event: PartAdded, row: Recorded) -> list[RowChange]:
    return [Put(PART, {"list_id": row.entity, "part": event.part, "size": event.size})]


@CAMPAIGNS.on(ListApproved)
def list_approved(event: ListApproved, row: Recorded) -> list[RowChange]:
    return [Set(LIST, {"list_id": row.entity, "approved": True, "approved_by": event.by})]


@CAMPAIGNS.on(ListProgressed)
def list_progressed(event: ListProgressed, row: Recorded) -> list[RowChange]:
    return [Add(LIST, {"list_id": row.entity, "answered": event.answered, "granted": event.granted})]


def _said(row: Recorded, stage: str, terms: Terms) -> RowChange:
    text = msgspec.json.encode(terms).decode()
    return Put(CAMPAIGN, {"campaign_id": row.entity, "kind": terms.kind, "stage": stage, "reason": None, "terms": text})


def _turned(row: Recorded, phase_id: str, how: str) -> RowChange:
    return Put(PHASE, {"campaign_id": row.entity, "phase_id": phase_id, "turned": how, "at": row.occurred_at})


async def of(view: View, campaign_id: str, *, drafts: bool = True) -> dict[str, Any]:
    """One campaign. Raises `NotFound`."""
    row = (await view.db.execute(select(CAMPAIGN).where(CAMPAIGN.c.campaign_id == campaign_id))).first()
    if row is None or (row.stage == "draft" and not drafts):
        raise NotFound("No campaign is known under this id.", field="campaign_id")
    turns = await view.db.execute(select(PHASE).where(PHASE.c.campaign_id == campaign_id))
    turned = {one.phase_id: one.turned for one in turns}
    shown = _shown(row)
    phases = [{**phase, "stage": turned.get(phase["phase_id"], "to_come")} for phase in shown["terms"]["phases"]]
    return {**shown, "phases": phases}


async def page(
    view: View, kind: str | None, stage: str | None, after: str, limit: int, *, drafts: bool
) -> list[dict[str, Any]]:
    """Campaigns by id, of a kind and a stage if these are given."""
    query = select(CAMPAIGN).where(CAMPAIGN.c.campaign_id > after).order_by(CAMPAIGN.c.campaign_id).limit(limit)
    if kind is not None:
        query = query.where(CAMPAIGN.c.kind == kind)
    if not drafts:
        query = query.where(CAMPAIGN.c.stage != "draft")
    if stage is not None:
        query = query.where(CAMPAIGN.c.stage == stage)
    return [_shown(row) for row in await view.db.execute(query)]


async def lists(view: View, campaign_id: str, after: str, limit: int) -> list[dict[str, Any]]:
    """A campaign's target lists by id, each with how many members it has and how many have their outcome."""
    size = select(func.coalesce(func.sum(PART.c.size), 0)).where(PART.c.list_id == LIST.c.list_id).scalar_subquery()
    wanted = select(LIST, size.label("size")).where(LIST.c.campaign_id == campaign_id, LIST.c.list_id > after)
    names = ("list_id", "size", "approved", "approved_by", "answered", "granted")
    rows = await view.db.execute(wanted.order_by(LIST.c.list_id).limit(limit))
    return [{name: row._mapping[name] for name in names} for row in rows]


def _shown(row: Any) -> dict[str, Any]:
    terms = msgspec.json.decode(row.terms)
    return {"campaign_id": row.campaign_id, "stage": row.stage, "reason": row.reason, "terms": terms}
