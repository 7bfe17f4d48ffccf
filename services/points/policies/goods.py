"""What machines ask for, what checkin says about members, and what time does to redemptions."""

from __future__ import annotations

from shared.contracts.checkin import MemberLeft, MemberReinstated, MemberSuspended
from shared.contracts.points_goods import DispenseReported, GoodsRequested, MachineReported
from shared.decider import Command
from shared.errors import ValidationFailed
from shared.policies import Intake, Policies, Receipt, Timers

from ..domain.machine import NoteMachine
from ..domain.redemption import CONFIRM_TIMER, ExpireRedemption, Redeem, ReportDispense
from ..domain.standing import NoteLeaving, NoteReinstatement, NoteSuspension

POLICIES = Policies()
INTAKE = Intake()
TIMERS: Timers = {
    ("redemption", CONFIRM_TIMER): lambda entity, ref, due_at: ExpireRedemption(entity, due_at),
}


@INTAKE.on(GoodsRequested)
def redeem(event: GoodsRequested, received: Receipt) -> Command:
    return Redeem(event.redemption_id, event.member_id, event.machine_id, event.item_id, received.received_at)


@INTAKE.on(DispenseReported)
def report_dispense(event: DispenseReported, received: Receipt) -> Command:
    if event.result == "failed" and event.reason is None:
        raise ValidationFailed("Say why it failed.", field="reason")
    reason = event.reason or ""
    return ReportDispense(event.redemption_id, event.machine_id, event.result, reason, received.received_at)


@INTAKE.on(MachineReported)
def note_machine(event: MachineReported, received: Receipt) -> Command:
    return NoteMachine(event.machine_id, event.state, received.received_at)


@POLICIES.on(MemberSuspended)
def when_member_suspended(event: MemberSuspended) -> list[Command]:
    return [NoteSuspension(event.member_id, event.reason, event.suspended_at)]


@POLICIES.on(MemberReinstated)
def when_member_reinstated(event: MemberReinstated) -> list[Command]:
    return [NoteReinstatement(event.member_id, event.reinstated_at)]


@POLICIES.on(MemberLeft)
def when_member_left(event: MemberLeft) -> list[Command]:
    return [NoteLeaving(event.member_id, event.left_at)]
