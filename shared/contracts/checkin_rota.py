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
