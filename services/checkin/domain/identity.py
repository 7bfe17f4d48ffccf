"""Who is at the gate: the first check of every scan (K10), by the code that was shown (CK7) or by the card's number."""

from __future__ import annotations

from shared.errors import Refused

from . import refusals
from .gates import Direction
from .member import Member
from .scan import ScanEntry, ScanExit
from .values import SECOND_TAP
from .visits import VisitFlag, Visits

# E1: what a gate let through while it was offline has happened, and is only flagged.
FLAGS: dict[type[Refused], VisitFlag] = {
    refusals.CodeUnknown: "code_unverified",
    refusals.CodeExpired: "code_expired",
    refusals.CodeRevoked: "code_revoked",
    refusals.CodeReplayed: "code_replayed",
}


def identified(scan: ScanEntry | ScanExit, member: Member, visits: Visits) -> list[VisitFlag]:
    """The flags of an offline scan whose code would have been refused. Raises what refuses an online one."""
    if member.registered is None:
        raise refusals.CodeUnknown(field="member_id")
    fault = fault_of(scan, member, visits)
    if fault is None:
        return []
    if not scan.moment.offline:
        raise fault
    return [FLAGS[type(fault)]]


def fault_of(scan: ScanEntry | ScanExit, member: Member, visits: Visits) -> Refused | None:
    """CK7: signature, key, step, and whether this step has opened a gate in this direction before."""
    code, moment = scan.code, scan.moment.at
    if member.has_left(moment):
        return refusals.CodeRevoked("the member has left", field="member_id")
    if code is None:
        return missing(scan, member)
    if code.fault == "unknown":
        return refusals.CodeUnknown("this code is not the member's", field="code")
    if member.is_revoked(code.key_id, moment):
        return refusals.CodeRevoked(field="code")
    if code.fault == "expired":
        return refusals.CodeExpired(field="code")
    direction: Direction = "entry" if isinstance(scan, ScanEntry) else "exit"
    return refusals.CodeReplayed(field="code") if replayed(scan, code.ref, direction, visits) else None


def missing(scan: ScanEntry | ScanExit, member: Member) -> Refused | None:
    """Without a code the card's number is enough for whoever never had one, and where a chief vouches for him."""
    vouched = isinstance(scan, ScanEntry) and scan.override_by is not None
    if vouched or not member.needs_code(scan.moment.at):
        return None
    if member.key_id is None:
        return refusals.CodeRevoked(field="code")
    return refusals.CodeUnknown("this member has a code: the card's number alone opens no gate", field="code")


def replayed(scan: ScanEntry | ScanExit, ref: str, direction: Direction, visits: Visits) -> bool:
    """E13. A second tap at the gate where the code has just let him in is CK1's duplicate; else it is a copy."""
    first = visits.first_use(ref, direction)
    if first is None:
        return False
    visit, at = visits.find(first.visit_id), scan.moment.at
    inside = visit is not None and visit.open and visit.covers(at) and visit.station_id == scan.station_id
    second_tap = first.gate_id == scan.gate_id and abs(at - first.at) < SECOND_TAP
    return not (direction == "entry" and inside and second_tap)
