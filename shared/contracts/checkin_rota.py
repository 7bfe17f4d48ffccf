"""What checkin tells about the rota 值班表 after people were put on a duty."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from shared.contracts.model import Code, Contract, Id, Instant

DutyKind: TypeAlias = Literal["chief", "patrol_daily", "patrol_weekly", "patrol_special"]


class DutySwapped(Contract):
    """One person has taken another's place on a duty, as both agreed. Published; key: the duty."""

    duty_id: Id
    kind: DutyKind
    station_id: Id
    from_person: Id
    to_person: Id
    people: list[Id] = Field(description="All who are on the duty now.")


class DutyMissed(Contract):
    """Nobody started a chief's duty, or no report of a patrol was accepted in time. Published; key: the duty."""

    duty_id: Id
    kind: DutyKind
    station_id: Id
    people: list[Id] = Field(description="Who was on it; nobody when no one was ever named.")
    missed_at: Instant


class DutyCancelled(Contract):
    """A duty will not be, and nobody has missed it. Published; key: the duty."""

    duty_id: Id
    kind: DutyKind
    station_id: Id
    reason: Code


class DemandHeard(Contract):
    """A station chief on duty has heard a demand 诉求. Intake; key: the duty."""

    demand_id: Id
    duty_id: Id = Field(description="The chief's duty, which is on at the time.")
    station_id: Id
    chief_id: Id = Field(description="Who heard it; the one who is on the duty.")
    category: Code = Field(
        description="charging, injury_insurance, meals, rest, legal, training, wages, health, facilities or other.",
        examples=["charging"],
    )
    deadline: Instant | None = Field(default=None, description="By when it will be met; always needed, and to come.")
    content_ref: Id = Field(description="The words, posted before to /content.")
    content_hmac: str | None = Field(default=None, pattern=r"^[0-9a-f]{16,128}$", description="As /content answered.")
    member_id: Id | None = Field(default=None, description="Whose demand it is, if he wants to be known.")
    heard_at: Instant | None = Field(
        default=None, description="The device's time. Given together with sent_at by an offline upload."
    )
    sent_at: Instant | None = Field(default=None, description="The device's time when it uploads (K4).")


class DemandRecorded(Contract):
    """A demand that a station chief took up, and by when it will be met. Published; key: the demand."""

    demand_id: Id
    duty_id: Id
    station_id: Id
    category: Code
    deadline: Instant
    member_id: Id | None = None
    content_ref: Id = Field(description="Checkin's reference of the words; ask checkin for them.")
    content_hmac: str | None = None
    heard_at: Instant
    flags: list[Code] = Field(description="clock_corrected, late_beyond_window")
