"""What others are told about members: whom they may no longer serve."""

from __future__ import annotations

from shared.contracts import checkin as contracts
from shared.publishing import Publishing

from ..domain.member import MemberLeft, MemberReinstated, MemberSuspended

PUBLISHING = Publishing()


@PUBLISHING.on(MemberSuspended)
def member_suspended(event: MemberSuspended, entity: str) -> contracts.MemberSuspended:
    return contracts.MemberSuspended(member_id=entity, reason=event.reason, suspended_at=event.at)


@PUBLISHING.on(MemberReinstated)
def member_reinstated(event: MemberReinstated, entity: str) -> contracts.MemberReinstated:
    return contracts.MemberReinstated(member_id=entity, reinstated_at=event.at)


@PUBLISHING.on(MemberLeft)
def member_left(event: MemberLeft, entity: str) -> contracts.MemberLeft:
    return contracts.MemberLeft(member_id=entity, left_at=event.at)
