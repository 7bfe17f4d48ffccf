"""Target lists: uploaded in parts, approved by somebody else, and then given to, a few members at a time."""

from __future__ import annotations

from shared.decider import Changes, Draft, Handlers, Read

from ..domain import refusals
from ..domain.campaign import CAMPAIGN, AdoptList
from ..domain.entitlement import ONCE, Scope
from ..domain.member import MEMBER
from ..domain.target_list import PART, TARGET_LIST, ApproveList, GrantNext, NoteProgress, UploadPart, part_id
from ..domain.values import GRANTED_AT_ONCE
from .campaigns import begin_granting
from .issuing import Gift, give

HANDLERS = Handlers(TARGET_LIST, PART, CAMPAIGN)


@HANDLERS.on(UploadPart)
def upload_part(command: UploadPart, read: Read) -> Changes:
    """The same part again is nothing new."""
    draft = Draft(read)
    campaign = draft.state(CAMPAIGN, command.campaign_id)
    stored = draft.state(PART, part_id(command.list_id, command.part))
    targets = draft.state(TARGET_LIST, command.list_id)
    if campaign.known.kind != "list_gift" or campaign.stage == "closed":
        raise refusals.CampaignNotOpen(field="campaign_id")
    if stored == command.members and targets.campaign_id == command.campaign_id:
        return []
    draft.decide(TARGET_LIST, command.list_id, command)
    draft.decide(PART, part_id(command.list_id, command.part), command)
    return draft.changes


@HANDLERS.on(ApproveList)
def approve_list(command: ApproveList, read: Read) -> Changes:
    """K8. The campaign may still be a draft: then its publication begins the gifts (E44)."""
    draft = Draft(read)
    campaign = draft.state(CAMPAIGN, command.campaign_id)
    targets = draft.state(TARGET_LIST, command.list_id)
    terms = campaign.known
    if terms.kind != "list_gift" or campaign.stage == "closed" or command.now >= terms.ends_at:
        raise refusals.CampaignNotOpen(field="campaign_id")
    if draft.decide(TARGET_LIST, command.list_id, command):
        draft.decide(CAMPAIGN, command.campaign_id, AdoptList(command.list_id, targets.size, command.now))
        begin_granting(draft, command.campaign_id, command.now)
    return draft.changes


@HANDLERS.on(GrantNext)
def grant_next(command: GrantNext, read: Read) -> Changes:
    """Nothing, when all are answered or the campaign gives nothing now: then its resumption asks again."""
    draft = Draft(read)
    campaign_id, now = command.campaign_id, command.now
    campaign = draft.state(CAMPAIGN, campaign_id)
    terms = campaign.terms
    waiting = [one for one in campaign.lists if draft.state(TARGET_LIST, one).next() is not None]
    if terms is None or terms.kind != "list_gift" or not campaign.is_open(now) or not waiting:
        return []
    list_id = waiting[0]
    part, upto = draft.state(TARGET_LIST, list_id).next() or (0, 0)
    members = draft.state(PART, part_id(list_id, part))[upto : upto + GRANTED_AT_ONCE]
    granted = 0
    for member_id in members:
        scope = Scope(draft.state(MEMBER, member_id).trade or "")
        granted += give(draft, Gift(campaign_id, terms, member_id, ONCE, list_id, scope), now) == "granted"
    answered = len(members)
    progress = NoteProgress(campaign_id, list_id, part, upto + answered, answered, granted, now)
    draft.decide(TARGET_LIST, list_id, progress)
    return draft.changes
