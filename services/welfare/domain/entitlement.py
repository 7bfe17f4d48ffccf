"""Entitlement 资格: what one member has had from one campaign, period by period.

The period is the day of a check-in gift or a meal, the phase of a phased campaign, `once` of a gift by list, and what
is rewarded of a reward. Each is answered once (WF9): the outcome is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent

from . import refusals

Outcome: TypeAlias = Literal["granted", "declined", "used", "expired", "revoked"]
ONCE = "once"


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of whom and where it was, as far as is known, for who looks at how far a campaign reaches."""

    trade: str = ""
    county: str = ""


NOWHERE = Scope()


class Grant(Command, frozen=True):
    """The member gets it: `ref` is the voucher."""

    period: str
    basis: str
    ref: str
    limit: int
    now: datetime
    scope: Scope = NOWHERE


class Decline(Command, frozen=True):
    """The member does not get it, for the reason that the code says."""

    campaign_id: str
    member_id: str
    period: str
    code: str
    now: datetime
    scope: Scope = NOWHERE


class Use(Command, frozen=True):
    """What the period gives is used up, by this redemption."""

    period: str
    ref: str
    limit: int
    now: datetime
    scope: Scope = NOWHERE


class GiveBack(Command, frozen=True):
    """The redemption was reversed: the period has it again."""

    period: str
    ref: str
    now: datetime


class End(Command, frozen=True):
    """What was granted cannot be used any more."""

    period: str
    how: Literal["expired", "revoked"]
    now: datetime


class EntitlementGranted(DomainEvent, frozen=True):
    period: str
    basis: str
    ref: str
    scope: Scope = NOWHERE


class EntitlementDeclined(DomainEvent, frozen=True):
    campaign_id: str
    member_id: str
    period: str
    code: str
    scope: Scope = NOWHERE


class EntitlementUsed(DomainEvent, frozen=True):
    period: str
    ref: str
    scope: Scope = NOWHERE


class EntitlementRestored(DomainEvent, frozen=True):
    period: str
    ref: str
    scope: Scope = NOWHERE


class EntitlementExpired(DomainEvent, frozen=True):
    period: str
    scope: Scope = NOWHERE


class EntitlementRevoked(DomainEvent, frozen=True):
    period: str
    scope: Scope = NOWHERE


EntitlementCommand: TypeAlias = Grant | Decline | Use | GiveBack | End
EntitlementEvent: TypeAlias = (
    EntitlementGranted
    | EntitlementDeclined
    | EntitlementUsed
    | EntitlementRestored
    | EntitlementExpired
    | EntitlementRevoked
)


class Entitlement(msgspec.Struct, frozen=True):
    """`granted` counts what the member has had in all; `scopes` is what is known of the periods granted."""

    periods: Mapping[str, Outcome] = {}
    granted: int = 0
    scopes: Mapping[str, Scope] = {}


def entitlement_id(campaign_id: str, member_id: str) -> str:
    """No id has a slash in it, so that no two pairs have one name."""
    return f"{campaign_id}/{member_id}"


def decide(command: EntitlementCommand, entitlement: Entitlement) -> Sequence[EntitlementEvent]:
    before = entitlement.periods.get(command.period)
    scope = entitlement.scopes.get(command.period, NOWHERE)
    match command:
        case Grant(period, basis, ref, limit, now, granted_in):
            if before is not None or _at_limit(entitlement, limit):
                raise refusals.LimitReached
            return [EntitlementGranted(now, period, basis, ref, granted_in)]
        case Decline(campaign_id, member_id, period, code, now, declined_in):
            declined = EntitlementDeclined(now, campaign_id, member_id, period, code, declined_in)
            return [declined] if before is None else []
        case Use(period, ref, limit, now, used_in):
            if before == "used" or (before is None and _at_limit(entitlement, limit)):
                raise refusals.LimitReached
            return [EntitlementUsed(now, period, ref, used_in if before is None else scope)]
        case GiveBack(period, ref, now):
            return [EntitlementRestored(now, period, ref, scope)] if before == "used" else []
        case End(period, how, now):
            if before != "granted":
                return []
            expired = how == "expired"
            return [EntitlementExpired(now, period, scope) if expired else EntitlementRevoked(now, period, scope)]
        case _:
            assert_never(command)


def _at_limit(entitlement: Entitlement, limit: int) -> bool:
    return limit > 0 and entitlement.granted >= limit


def evolve(entitlement: Entitlement, event: EntitlementEvent) -> Entitlement:
    known = event.period in entitlement.periods
    match event:
        case EntitlementGranted():
            return _with(entitlement, event, "granted", 1)
        case EntitlementDeclined():
            return _with(entitlement, event, "declined", 0)
        case EntitlementUsed():
            return _with(entitlement, event, "used", 0 if known else 1)
        case EntitlementRestored():
            return _with(entitlement, event, "granted", 0)
        case EntitlementExpired():
            return _with(entitlement, event, "expired", 0)
        case EntitlementRevoked():
            return _with(entitlement, event, "revoked", 0)
        case _:
            assert_never(event)


def _with(entitlement: Entitlement, event: EntitlementEvent, outcome: Outcome, more: int) -> Entitlement:
    scopes = entitlement.scopes
    if event.scope != NOWHERE:
        scopes = {**scopes, event.period: event.scope}
    return Entitlement({**entitlement.periods, event.period: outcome}, entitlement.granted + more, scopes)


ENTITLEMENT: Decider[EntitlementCommand, EntitlementEvent, Entitlement] = Decider(
    "entitlement", Entitlement(), decide, evolve, get_args(EntitlementEvent)
)
