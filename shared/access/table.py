"""The policy table of a service: one line for each operation, who may and under which relation.

    ACCESS = Access(
        line("POST /members", officer=ANY),
        line("GET /members/{member_id}/visits", officer=ANY, anyone=own("member_id")),
        line("POST /scans/override", chief=on_duty("station_id")),
        line("GET /map", public=ANY),
    )

A cell is a role and a relation: the caller has the role, and the relation between the caller and what is asked for
holds. `anyone` is every caller with a valid token. `admin` has all and needs no cell. What is in no cell is forbidden.
`public` is everybody: no token is asked for and none is looked at, so the answer is the same for all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, TypeAlias

from shared.database import Connection
from shared.identity import Principal

ADMIN, ANYONE, PUBLIC = "admin", "anyone", "public"

Place: TypeAlias = Literal["path", "query", "body"]
Operation: TypeAlias = tuple[str, str]  # method and path, as in ("GET", "/members/{member_id}/visits")


@dataclass(frozen=True)
class Asked:
    """One question: does the relation hold between this caller, in this role, and the value of the relation's field?"""

    principal: Principal
    role: str
    value: str
    now: datetime


Lookup: TypeAlias = Callable[[Connection, Asked], Awaitable[bool]]


def _never(_asked: Asked) -> bool:
    return False


@dataclass(frozen=True)
class Relation:
    """What must be so between the caller and what is asked for. The texts are for the page and for who is refused.

    `holds` decides by the token alone; where it says no, `lookup` is asked, which reads the service's own data.
    A relation that `gives_role` is itself how one has the role, as a duty of today makes a chief.
    """

    name: str
    field: str
    means: str
    lacking: str
    remedy: str
    holds: Callable[[Asked], bool] = _never
    lookup: Lookup | None = None
    gives_role: bool = False

    def may_hold(self, role: str, principal: Principal) -> bool:
        """Whether this cell concerns the caller at all."""
        if not self.gives_role:
            return role == ANYONE or role in principal.roles
        return self.lookup is not None or any(grant.role == role for grant in principal.grants)


ANY = Relation("any", "", "", "", "", lambda _asked: True)


def own(field: str) -> Relation:
    """The caller is the person that the field names."""
    return Relation(
        "self",
        field,
        f"`{field}` is the caller",
        f"{field} names somebody else",
        "Ask with your own id, or let a person do it who has the role.",
        lambda asked: asked.principal.id == asked.value,
    )


def at(field: str) -> Relation:
    """The station that the field names is in the station scope of the caller's token."""
    return Relation(
        "station",
        field,
        f"`{field}` is one of the caller's stations",
        f"the station in {field} is not one of yours",
        "Ask the issuer for a token whose stations include it.",
        lambda asked: asked.principal.serves(asked.value),
    )


def on_duty(field: str, lookup: Lookup | None = None) -> Relation:
    """The caller has the role now, at the station that the field names: by a grant in the token, or as `lookup` knows.

    Windows are half-open and are judged by the service's clock, as every window of the domain is.
    """
    return Relation(
        "on duty",
        field,
        f"on duty now at the station in `{field}`",
        f"you are not on duty now at the station in {field}",
        "Get a token with the grant once you are on duty, or let the one who is on duty do it.",
        lambda asked: any(grant.holds(asked.role, asked.value, asked.now) for grant in asked.principal.grants),
        lookup,
        gives_role=True,
    )


def found(name: str, field: str, means: str, remedy: str, lookup: Lookup) -> Relation:
    """A relation of the service's own, which only its data can tell."""
    return Relation(name, field, means, f"it does not hold that {means.replace('`', '')}", remedy, lookup=lookup)


@dataclass(frozen=True)
class Line:
    """One operation and who may do it."""

    method: str
    path: str
    who: Mapping[str, Relation]

    @property
    def operation(self) -> Operation:
        return self.method, self.path

    @property
    def public(self) -> bool:
        """Whether it is open to everybody, with or without a token."""
        return PUBLIC in self.who

    def place(self, field: str) -> Place:
        """Where a field is read from. One place only: a second one could say something else than the first."""
        if f"{{{field}}}" in self.path:
            return "path"
        return "query" if self.method == "GET" else "body"

    def described(self) -> list[str]:
        """Each cell in words, as in `chief (on duty now at the station in station_id)`."""
        return [role + (f" ({relation.means})" if relation.means else "") for role, relation in self.who.items()]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def line(operation: str, **who: Relation) -> Line:
    """A line of the table: `METHOD /path` as the route has it, and for each role the relation that it needs."""
    method, _, path = operation.partition(" ")
    if method not in {"GET", "POST"} or not path.startswith("/") or not who or ADMIN in who:
        raise TypeError(f"{operation!r} is no line: name GET or POST, a path, and at least one role that is not admin")
    if PUBLIC in who and (method != "GET" or who != {PUBLIC: ANY}):
        raise TypeError(f"{operation!r} is no line: what is public is a query, and is open to all alike")
    return Line(method, path, MappingProxyType(who))


class Access:
    """The table of one service."""

    def __init__(self, *lines: Line) -> None:
        self._lines: dict[Operation, Line] = {}
        for one in lines:
            if self._lines.setdefault(one.operation, one) is not one:
                raise TypeError(f"{one} has two lines")

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    def line(self, method: str, path: str) -> Line | None:
        return self._lines.get((method, path))

    def roles(self) -> list[str]:
        """Every role that the table names, by name."""
        return sorted({role for one in self for role in one.who} - {ANYONE, PUBLIC})
