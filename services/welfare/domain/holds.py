"""The vouchers that are held at one place 商户预占, so that they can be freed when it stops serving (WF13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

from shared.decider import Command, Decider, DomainEvent


class PlaceHold(Command, frozen=True):
    voucher_id: str
    now: datetime


class RemoveHold(Command, frozen=True):
    voucher_id: str
    now: datetime


class FreeHolds(Command, frozen=True):
    """The place serves nobody since then: what was held before is released, a number at a time."""

    place_id: str
    since: datetime
    now: datetime


class NoteFreed(Command, frozen=True):
    place_id: str
    since: datetime
    freed: int
    now: datetime


class HoldPlaced(DomainEvent, frozen=True):
    voucher_id: str


class HoldRemoved(DomainEvent, frozen=True):
    voucher_id: str


class HoldsFreed(DomainEvent, frozen=True):
    """A number of them; `left` are still to be freed."""

    place_id: str
    since: datetime
    freed: int
    left: int


HoldsCommand: TypeAlias = PlaceHold | RemoveHold | NoteFreed
HoldsEvent: TypeAlias = HoldPlaced | HoldRemoved | HoldsFreed
Holds: TypeAlias = Mapping[str, datetime]  # since when, by voucher


def held_before(holds: Holds, since: datetime) -> list[str]:
    """Vouchers that were held here by then, the first one first."""
    return sorted((voucher for voucher, at in holds.items() if at <= since), key=lambda one: (holds[one], one))


def decide(command: HoldsCommand, holds: Holds) -> Sequence[HoldsEvent]:
    match command:
        case PlaceHold(voucher_id, now):
            return [HoldPlaced(now, voucher_id)]
        case RemoveHold(voucher_id, now):
            return [HoldRemoved(now, voucher_id)] if voucher_id in holds else []
        case NoteFreed(place_id, since, freed, now):
            return [HoldsFreed(now, place_id, since, freed, len(held_before(holds, since)))] if freed else []
        case _:
            assert_never(command)


def evolve(holds: Holds, event: HoldsEvent) -> Holds:
    match event:
        case HoldPlaced(at=at, voucher_id=voucher_id):
            return {**holds, voucher_id: at}
        case HoldRemoved(voucher_id=voucher_id):
            return {voucher: at for voucher, at in holds.items() if voucher != voucher_id}
        case HoldsFreed():
            return holds
        case _:
            assert_never(event)


HOLDS: Decider[HoldsCommand, HoldsEvent, Holds] = Decider("holds", {}, decide, evolve, get_args(HoldsEvent))
