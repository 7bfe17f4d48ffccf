"""Members: what checkin tells of them."""

from __future__ import annotations

from shared.decider import Handlers

from ..domain.member import MEMBER, NoteLeaving, NoteMember, NoteReinstatement, NoteSuspension

HANDLERS = Handlers(MEMBER)
HANDLERS.each(MEMBER, "member_id", NoteMember, NoteSuspension, NoteReinstatement, NoteLeaving)
