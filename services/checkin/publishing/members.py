"""What others are told about members: what they work as, and whom to serve no longer."""

from __future__ import annotations

from shared.contracts import checkin as contracts
from shared.publishing import Publishing

from ..domain.member import MemberLeft, MemberRegistered, MemberReinstated, MemberSuspended

PUBLISHING = Publishing()


@PUBLISHING.on(MemberRegistered)
def member_registered(event: MemberRegistered, entity: str) -> contracts.MemberRegistered:
    return contracts.MemberRegistered(member_id=entity, trade=event.trade, registered_at=event.at)


@PUBLISHING.on(MemberSuspended)
def member_suspended(event: MemberSuspended, entity: str) -> contracts.MemberSuspended:
    return contracts.MemberSuspended(member_id=entity, reason=event.reason, suspended_at=event.at)


@PUBLISHING.on(MemberReinstated)
def member_reinstated(event: MemberReinstated, entity: str) -> contracts.MemberReinstated:
    return contracts.MemberReinstated(member_id=entity, reinstated_at=event.at)


@PUBLISHING.on(MemberLeft)
def member_left(event: MemberLeft, entity: str) -> contracts.MemberLeft:
    return contracts.MemberLeft(member_id=entity, left_at=event.at)
