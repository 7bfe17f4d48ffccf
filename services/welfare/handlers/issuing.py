"""Who gets what from a campaign: the entitlement, the voucher and the budget in one decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from shared.decider import Changes, Draft, Handlers, Read
from shared.errors import Refused
from shared.log.codec import derived_id

from ..domain import refusals
from ..domain.budget import BUDGET, CommitMoney
from ..domain.campaign import CAMPAIGN
from ..domain.entitlement import ENTITLEMENT, NOWHERE, Decline, Grant, Scope, entitlement_id
from ..domain.giving import Claim, EvaluateVisit, RewardReporter, check_eligible, phase_at
from ..domain.live import LIVE
from ..domain.member import MEMBER
from ..domain.station import STATION
from ..domain.takings import day_in_china
from ..domain.terms import CampaignKind, Terms
from ..domain.voucher import VOUCHER
from ..domain.voucher_commands import IssueVoucher

HANDLERS = Handlers(CAMPAIGN, ENTITLEMENT, BUDGET, VOUCHER, MEMBER, LIVE, STATION)


class Gift(NamedTuple):
    """What one member may have of a campaign. `basis` says why: the visit, the list, the phase, what is rewarded."""

    campaign_id: str
    terms: Terms
    member_id: str
    period: str
    basis: str
    scope: Scope = NOWHERE


def voucher_id_of(campaign_id: str, member_id: str, period: str) -> str:
    """One for each period of a member in a campaign, however often it is asked for."""
    return derived_id("voucher", campaign_id, member_id, period)


def issue(draft: Draft, gift: Gift, now: datetime) -> str:
    """Give it: answers the voucher's id. Raises LIMIT_REACHED or what the budget says; then nothing is decided here."""
    campaign_id, terms, member_id, period, basis, scope = gift
    voucher_id, entitlement = voucher_id_of(campaign_id, member_id, period), entitlement_id(campaign_id, member_id)
    draft.state(VOUCHER, voucher_id)
    draft.state(BUDGET, terms.budget_id)
    grant = Grant(period, basis, voucher_id, terms.limit, now, scope)
    ENTITLEMENT.decide(grant, draft.state(ENTITLEMENT, entitlement))  # the limit comes before the money (K10)
    draft.decide(BUDGET, terms.budget_id, CommitMoney(voucher_id, terms.face_fen, now, campaign_id))
    draft.decide(ENTITLEMENT, entitlement, grant)
    facts = (voucher_id, member_id, campaign_id, terms.budget_id, terms.kind, period, terms.face_fen, terms.collect)
    draft.decide(VOUCHER, voucher_id, IssueVoucher(*facts, terms.voucher_ends(now), now))
    return voucher_id


def give(draft: Draft, gift: Gift, now: datetime) -> str:
    """Give it or decline it, once for each period: the outcome is kept (WF9). Answers what became of it just now:
    `granted`, the code of the refusal, or nothing when it was answered before.
    """
    entitlement = entitlement_id(gift.campaign_id, gift.member_id)
    if gift.period in draft.state(ENTITLEMENT, entitlement).periods:
        return ""
    try:
        draft.state(MEMBER, gift.member_id).check(now)
        check_eligible(gift.terms, draft.state(MEMBER, gift.member_id))
        if draft.state(CAMPAIGN, gift.campaign_id).stage != "published":
            raise refusals.CampaignNotOpen(field="campaign_id")
        issue(draft, gift, now)
    except Refused as refusal:
        whose = (gift.campaign_id, gift.member_id, gift.period)
        draft.decide(ENTITLEMENT, entitlement, Decline(*whose, refusal.code, now, gift.scope))
        return refusal.code
    return "granted"


@HANDLERS.on(EvaluateVisit)
def evaluate_visit(visit: EvaluateVisit, read: Read) -> Changes:
    """WF9, for all campaigns at once: a crash loses none of their answers and doubles none.

    A check-in outside a campaign's dates, hours or stations is none of this campaign, and uses up nothing.
    """
    draft = Draft(read)
    station = draft.state(STATION, visit.station_id)
    scope = Scope(draft.state(MEMBER, visit.member_id).trade or "", station.county)
    period = day_in_china(visit.now).isoformat()
    live = draft.state(LIVE, "checkin_gift")
    for campaign_id, terms in _serving(draft, (*live, *station.campaigns), "checkin_gift", visit.now):
        give(draft, Gift(campaign_id, terms, visit.member_id, period, visit.visit_id, scope), visit.now)
    return draft.changes


@HANDLERS.on(RewardReporter)
def reward_reporter(command: RewardReporter, read: Read) -> Changes:
    """Row 8: each reward campaign that is on gives once for each rectification."""
    draft = Draft(read)
    scope = Scope(draft.state(MEMBER, command.member_id).trade or "")
    rewarded = command.rectification_id
    live = draft.state(LIVE, "reward")
    for campaign_id, terms in _serving(draft, live, "reward", command.now):
        give(draft, Gift(campaign_id, terms, command.member_id, rewarded, rewarded, scope), command.now)
    return draft.changes


@HANDLERS.on(Claim)
def claim(command: Claim, read: Read) -> Changes:
    """WF11. A person asks and is told no, so he may ask again: only what is given is kept. In the order of K10."""
    draft = Draft(read)
    member, campaign = draft.state(MEMBER, command.member_id), draft.state(CAMPAIGN, command.campaign_id)
    draft.state(ENTITLEMENT, entitlement_id(command.campaign_id, command.member_id))
    member.check(command.now)
    terms = campaign.open_at(command.now)
    phase = phase_at(terms, command.now)
    if not terms.in_window(command.now):
        raise refusals.OutsideServiceWindow(field="campaign_id")
    check_eligible(terms, member)
    scope = Scope(member.trade or "")
    issue(
        draft,
        Gift(command.campaign_id, terms, command.member_id, phase.phase_id, phase.phase_id, scope),
        command.now,
    )
    return draft.changes


def _serving(draft: Draft, campaigns: Iterable[str], kind: CampaignKind, moment: datetime) -> list[tuple[str, Terms]]:
    """Of these the ones of this kind whose dates and hours the moment is in. One that is paused now is among them."""
    known = [(campaign_id, draft.state(CAMPAIGN, campaign_id).terms) for campaign_id in campaigns]
    return [
        (campaign_id, terms)
        for campaign_id, terms in known
        if terms is not None
        and terms.kind == kind
        and terms.starts_at <= moment < terms.ends_at
        and terms.in_window(moment)
    ]
