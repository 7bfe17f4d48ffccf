"""What gates and service points ask for, and the timer that ends a stay."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.checkin import MemberScanned, ServiceUsed
from shared.decider import Command
from shared.policies import Intake, Receipt, Timers

from ..domain.aftermath import UseService
from ..domain.device_time import moment_of
from ..domain.member_code import shown
from ..domain.scan import ScanEntry, ScanExit
from ..domain.visits import STAY, VISITS, EndStay

INTAKE = Intake()


@INTAKE.on(MemberScanned)
def scan(event: MemberScanned, received: Receipt) -> Command:
    """The command's id names the scan, and the visit that it starts. CK7: signature and step are checked here."""
    moment = moment_of(event.scanned_at, event.sent_at, received.received_at)
    code = shown(event.code, event.member_id, received.code_secrets, moment) if event.code is not None else None
    where = (event.member_id, event.station_id, event.gate_id, received.command_id, moment)
    return ScanEntry(*where, code=code) if event.direction == "entry" else ScanExit(*where, code=code)


@INTAKE.on(ServiceUsed)
def use_service(event: ServiceUsed, received: Receipt) -> Command:
    moment = moment_of(event.used_at, event.sent_at, received.received_at)
    what = (event.member_id, event.station_id, event.service, event.qty)
    return UseService(*what, received.command_id, moment)


def end_stay(member_id: str, visit_id: str, due_at: datetime) -> Command:
    return EndStay(member_id, visit_id, due_at)


TIMERS: Timers = {(VISITS.category, STAY): end_stay}
