"""What checkin takes from other systems, and what it tells them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.model import Code, Contract, Flag, Id, Instant


class MemberScanned(Contract):
    """A gate read a member code 会员码. Intake; key: the member."""

    member_id: Id = Field(description="The member whose code was read.")
    station_id: Id = Field(description="The station whose gate read it.")
    gate_id: Id = Field(description="The gate; it is part of the event's source too.")
    direction: Literal["entry", "exit"] = Field(description="Which way the gate opens.")
    scanned_at: Instant | None = Field(
        default=None, description="The device's time of the scan. Given together with sent_at by an offline upload."
    )
    sent_at: Instant | None = Field(
        default=None, description="The device's time when it uploads; tells how wrong the device's clock is (K4)."
    )


class VisitStarted(Contract):
    """A member is inside a station. Published; key: the member."""

    visit_id: Id
    member_id: Id
    station_id: Id
    gate_id: Id
    started_at: Instant
    offline: Flag
    clock_corrected: Flag
    counted: Flag = Field(description="False when it starts less than 30 minutes after the last visit there (CK4).")
    flags: list[Code] = Field(description="impossible_travel, over_capacity, out_of_hours, late_beyond_window ...")


class VisitEnded(Contract):
    """A member has left a station, or the stay was ended for him. Published; key: the member."""

    visit_id: Id
    member_id: Id
    station_id: Id
    started_at: Instant
    ended_at: Instant
    exit_kind: Literal["scanned", "auto", "superseded", "chief"]


class DutyAssigned(Contract):
    """People were put on a duty of the rota 值班表. Published; key: the duty."""

    duty_id: Id
    kind: Literal["chief", "patrol_daily", "patrol_weekly", "patrol_special"]
    station_id: Id
    window_from: Instant
    window_to: Instant
    people: list[Id]
    theme: Code | None = None
