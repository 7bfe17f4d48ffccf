"""Members: each command concerns one of them alone."""

from __future__ import annotations

from shared.decider import Handlers

from ..domain.member import (
    MEMBER,
    IssueCode,
    LeaveMembership,
    RegisterMember,
    ReinstateMember,
    RevokeCode,
    SuspendMember,
)

HANDLERS = Handlers(MEMBER)
HANDLERS.each(MEMBER, "member_id", RegisterMember, IssueCode, RevokeCode)
HANDLERS.each(MEMBER, "member_id", SuspendMember, ReinstateMember, LeaveMembership)
