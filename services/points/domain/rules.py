"""PointsRules 积分规则: what each kind of patrol pays from when on, and the key periods 重点时段 of stations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import Refused, ValidationFailed

from .values import DAILY_POINTS, HAZARD_POINTS, KEY_PERIOD_POINTS, LOT_MONTHS, SPECIAL_POINTS, WEEKLY_POINTS

RULE_BOOK = "default"  # one rule book for all, until unions ask for their own: then the entity is the org


class PublishRules(Command, frozen=True):
    """Pay these values for patrols performed from `effective_from` on. `lot_months` None: points never expire."""

    version: int
    effective_from: datetime
    now: datetime
    daily: int = DAILY_POINTS
    weekly: int = WEEKLY_POINTS
    key_period: int = KEY_PERIOD_POINTS
    special: int = SPECIAL_POINTS
    hazard: int = HAZARD_POINTS
    lot_months: int | None = LOT_MONTHS


class DeclareKeyPeriod(Command, frozen=True):
    """Pay the key-period value for patrols begun at these stations in [window_from, window_to)."""

    stations: tuple[str, ...]
    window_from: datetime
    window_to: datetime
    code: str
    now: datetime


class PointsRulesPublished(DomainEvent, frozen=True):
    version: int
    effective_from: datetime
    daily: int
    weekly: int
    key_period: int
    special: int
    hazard: int
    lot_months: int | None


class KeyPeriodDeclared(DomainEvent, frozen=True):
    stations: tuple[str, ...]
    window_from: datetime
    window_to: datetime
    code: str


RulesCommand: TypeAlias = PublishRules | DeclareKeyPeriod
RulesEvent: TypeAlias = PointsRulesPublished | KeyPeriodDeclared


class RuleBook(msgspec.Struct, frozen=True):
    """All versions, earliest effect first, and all key periods."""

    versions: tuple[PointsRulesPublished, ...] = ()
    key_periods: tuple[KeyPeriodDeclared, ...] = ()

    def in_force_at(self, moment: datetime) -> PointsRulesPublished | None:
        """PT1: the version with the latest effect not after this moment."""
        return next((v for v in reversed(self.versions) if v.effective_from <= moment), None)

    def is_key_period(self, station_id: str, moment: datetime) -> bool:
        return any(p.window_from <= moment < p.window_to and station_id in p.stations for p in self.key_periods)

    def lot_months_at(self, moment: datetime) -> int | None:
        """PT5: what was earned before the first version (opening balances) expires as that version says."""
        version = self.in_force_at(moment) or (self.versions[0] if self.versions else None)
        return version.lot_months if version else LOT_MONTHS


class RulesOverlap(Refused):
    """Other rules have this version or take effect at this moment. Publish with a new version and another moment."""


def decide(command: RulesCommand, book: RuleBook) -> Sequence[RulesEvent]:
    match command:
        case PublishRules():
            return _published(command, book)
        case DeclareKeyPeriod():
            return _declared(command, book)
        case _:
            assert_never(command)


def _published(command: PublishRules, book: RuleBook) -> list[RulesEvent]:
    _check_values(command)
    event = PointsRulesPublished(
        at=command.now,
        version=command.version,
        effective_from=command.effective_from,
        daily=command.daily,
        weekly=command.weekly,
        key_period=command.key_period,
        special=command.special,
        hazard=command.hazard,
        lot_months=command.lot_months,
    )
    for known in book.versions:
        if msgspec.structs.replace(known, at=event.at) == event:
            return []
        if known.version == event.version or known.effective_from == event.effective_from:
            raise RulesOverlap(
                f"Version {known.version} is in effect from {known.effective_from.isoformat()}. "
                "Publish with a new version and another moment."
            )
    return [event]


def _check_values(command: PublishRules) -> None:
    if command.version < 1:
        raise ValidationFailed("The version must be 1 or more.", field="version")
    if command.lot_months is not None and command.lot_months < 1:
        raise ValidationFailed("Give 1 month or more, or leave it empty for no expiry.", field="lot_months")
    for kind in ("daily", "weekly", "key_period", "special", "hazard"):
        if getattr(command, kind) < 0:
            raise ValidationFailed("Points must be 0 or more.", field=kind)


def _declared(command: DeclareKeyPeriod, book: RuleBook) -> list[RulesEvent]:
    """Periods may overlap: a patrol in two of them still pays the key-period value once."""
    if not command.stations:
        raise ValidationFailed("Name at least one station.", field="stations")
    if command.window_from >= command.window_to:
        raise ValidationFailed("The period must end after it begins.", field="window_to")
    event = KeyPeriodDeclared(
        at=command.now,
        stations=command.stations,
        window_from=command.window_from,
        window_to=command.window_to,
        code=command.code,
    )
    known = any(msgspec.structs.replace(p, at=event.at) == event for p in book.key_periods)
    return [] if known else [event]


def evolve(book: RuleBook, event: RulesEvent) -> RuleBook:
    match event:
        case PointsRulesPublished():
            versions = sorted((*book.versions, event), key=lambda version: version.effective_from)
            return msgspec.structs.replace(book, versions=tuple(versions))
        case KeyPeriodDeclared():
            return msgspec.structs.replace(book, key_periods=(*book.key_periods, event))
        case _:
            assert_never(event)


RULES: Decider[RulesCommand, RulesEvent, RuleBook] = Decider("rules", RuleBook(), decide, evolve, get_args(RulesEvent))
