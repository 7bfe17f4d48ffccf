"""What gates ask for, and the timer that ends a stay."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.checkin import MemberScanned
from shared.decider import Command
from shared.policies import Intake, Receipt, Timers

from ..domain.device_time import moment_of
from ..domain.visits import STAY, VISITS, EndStay, ScanEntry, ScanExit

INTAKE = Intake()


@INTAKE.on(MemberScanned)
def scan(event: MemberScanned, received: Receipt) -> Command:
    """The command's id names the scan, and the visit that it starts."""
    moment = moment_of(event.scanned_at, event.sent_at, received.received_at)
    if event.direction == "entry":
        return ScanEntry(event.member_id, event.station_id, event.gate_id, received.command_id, moment)
    return ScanExit(event.member_id, event.station_id, event.gate_id, received.command_id, moment)


def end_stay(member_id: str, visit_id: str, due_at: datetime) -> Command:
    return EndStay(member_id, visit_id, due_at)


TIMERS: Timers = {(VISITS.category, STAY): end_stay}
