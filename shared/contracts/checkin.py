"""What checkin takes from other systems, and what it tells them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from shared.contracts.model import Code, Contract, Count, Flag, Id, Instant

CodeText: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,159}$", examples=["W01.3f9a1c20.58971360.MFRGGZDFMZTWQ2LK"]),
]


class MemberScanned(Contract):
    """A gate read a member code 会员码. Intake; key: the member."""

    member_id: Id = Field(description="The member whose code was read.")
    station_id: Id = Field(description="The station whose gate read it.")
    gate_id: Id = Field(description="The gate; it is part of the event's source too.")
    direction: Literal["entry", "exit"] = Field(description="Which way the gate opens.")
    code: CodeText | None = Field(
        default=None,
        description="The text of the rotating code (CK7). Left out, the member is known by his card's number alone, "
        "which is enough for members who never had a code issued.",
    )
    scanned_at: Instant | None = Field(
        default=None, description="The device's time of the scan. Given together with sent_at by an offline upload."
    )
    sent_at: Instant | None = Field(
        default=None, description="The device's time when it uploads; tells how wrong the device's clock is (K4)."
    )


class ServiceUsed(Contract):
    """A member has used a service 服务 of a station: charge, water, haircut ... Intake; key: the member."""

    member_id: Id
    station_id: Id
    service: Code = Field(description="What was used; a code of the closed list.", examples=["charge"])
    qty: Count = Field(default=1, ge=1, description="How often, or how many.")
    used_at: Instant | None = Field(
        default=None, description="The device's time of the use. Given together with sent_at by an offline upload."
    )
    sent_at: Instant | None = Field(
        default=None, description="The device's time when it uploads; tells how wrong the device's clock is (K4)."
    )


class MemberRegistered(Contract):
    """Somebody is a member. Who and where he is stays with checkin. Published; key: the member."""

    member_id: Id
    trade: Code = Field(description="What he works as.", examples=["courier"])
    registered_at: Instant


class MemberSuspended(Contract):
    """A membership is suspended: nothing is given to this member until it is reinstated. Published; key: the member."""

    member_id: Id
    reason: Code
    suspended_at: Instant


class MemberReinstated(Contract):
    """A suspension is lifted. Published; key: the member."""

    member_id: Id
    reinstated_at: Instant


class MemberLeft(Contract):
    """A member has left for good. Published; key: the member."""

    member_id: Id
    left_at: Instant


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


class VisitVoided(Contract):
    """A visit was none: whatever was concluded from it is to be undone. Published; key: the member."""

    visit_id: Id
    member_id: Id
    station_id: Id
    started_at: Instant
    voided_at: Instant
    reason: Code


class DutyAssigned(Contract):
    """People were put on a duty of the rota 值班表. Published; key: the duty."""

    duty_id: Id
    kind: Literal["chief", "patrol_daily", "patrol_weekly", "patrol_special"]
    station_id: Id
    window_from: Instant
    window_to: Instant
    people: list[Id]
    theme: Code | None = None
