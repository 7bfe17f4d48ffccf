"""Members: each command concerns one of them alone."""

from __future__ import annotations

from shared.decider import Handlers

from ..domain.member import MEMBER, RegisterMember, ReinstateMember, SuspendMember

HANDLERS = Handlers(MEMBER)
HANDLERS.each(MEMBER, "member_id", RegisterMember, SuspendMember, ReinstateMember)
