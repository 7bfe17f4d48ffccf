"""Scans 扫码: a gate has read a member's code, on the way in or out. Decided in `entry.py` and `leaving.py`."""

from __future__ import annotations

from shared.decider import Command

from .device_time import Moment
from .member_code import ShownCode


class ScanEntry(Command, frozen=True):
    member_id: str
    station_id: str
    gate_id: str
    scan_id: str  # becomes the id of the visit
    moment: Moment
    override_by: str | None = None  # CK5: the chief who lets someone into a full station
    override_reason: str | None = None  # a code
    code: ShownCode | None = None  # without one, the member is known by the number on his card


class ScanExit(Command, frozen=True):
    member_id: str
    station_id: str
    gate_id: str
    scan_id: str
    moment: Moment
    code: ShownCode | None = None


def code_ref(scan: ScanEntry | ScanExit) -> str | None:
    """CK7: which code has opened the gate, where its signature was right."""
    return scan.code.ref or None if scan.code else None
