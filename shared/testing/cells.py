"""Every cell of a policy table as a request to make: operation x role x whether the relation holds, and the answer.

The rules of the table are said here once more, and shorter, so that the guard is not measured by itself: a role that
is in the line and whose relation holds is let in, `admin` is, and nobody else; where a line is public all are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.access.table import ADMIN, ANY, ANYONE, PUBLIC, Access, Line, Relation
from shared.identity import Grant

STRANGER = "stranger"  # a role that no table names
CALLER, OTHER = "caller-1", "other-2"
HERE, ELSEWHERE = "station-1", "station-2"


@dataclass(frozen=True)
class Cell:
    """One question to the table. No role: no token."""

    line: Line
    role: str | None
    relation: Relation
    holds: bool

    @property
    def expected(self) -> Literal["allowed", 401, 403]:
        if PUBLIC in self.line.who:
            return "allowed"
        if self.role is None:
            return 401
        if self.role == ADMIN:
            return "allowed"
        named = self.role in self.line.who or ANYONE in self.line.who
        return "allowed" if named and self.holds else 403

    def __str__(self) -> str:
        role = "no token" if self.role is None else self.role
        shown = "" if not self.relation.field else f" {'' if self.holds else 'not '}{self.relation.name}"
        return f"{self.line} by {role}{shown}: {self.expected}"

    def value(self) -> str:
        """What the relation's field names. By it alone a caller is himself, or somebody else."""
        if self.relation.name == "self":
            return CALLER if self.holds else OTHER
        return HERE

    def token(self, now: datetime) -> dict[str, Any]:
        """What the issuer is asked for; roles that a relation gives are not among them."""
        roles = [] if self.role is None or self.relation.gives_role else [self.role]
        scope = {"station": HERE if self.holds else ELSEWHERE}.get(self.relation.name)
        grants = self._grants(now) if self.relation.gives_role else []
        return {"roles": roles, "stations": [scope] if scope else [], "grants": grants}

    def _grants(self, now: datetime) -> list[Grant]:
        """A grant that holds; or all that nearly do: another station's, yesterday's, tomorrow's, another role's."""
        moment, hour = int(now.timestamp()), int(timedelta(hours=1).total_seconds())
        role = self.role or ""
        if self.holds:
            return [Grant(role, HERE, moment - hour, moment + hour)]
        return [
            Grant(role, ELSEWHERE, moment - hour, moment + hour),
            Grant(role, HERE, moment - hour, moment),
            Grant(role, HERE, moment + 1, moment + hour),
            Grant(STRANGER, HERE, moment - hour, moment + hour),
        ]

    def request(self) -> dict[str, Any]:
        """Method, address, and no more of a body than the line's relations need: what is let in then lacks the rest."""
        values = dict.fromkeys(_names(self.line.path), HERE) | self._fields()
        asked: dict[str, Any] = {"method": self.line.method, "url": self.line.path.format(**values)}
        if self.line.method == "POST":
            asked["json"] = {name: value for name, value in values.items() if self.line.place(name) == "body"}
        if named := {name: value for name, value in values.items() if self.line.place(name) == "query"}:
            asked["params"] = named
        return asked

    def _fields(self) -> dict[str, str]:
        """What every relation of the line asks for; by those of other roles the caller is nobody."""
        others = [one for one in self.line.who.values() if one.field]
        fields = {one.field: OTHER if one.name == "self" else HERE for one in others}
        return fields | ({self.relation.field: self.value()} if self.relation.field else {})


def _names(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


def cells(access: Access) -> Iterator[Cell]:
    """All of a table: every line by every role that any line names, by one that none names, by admin, by nobody."""
    for line in access:
        yield Cell(line, None, ANY, holds=False)
        yield Cell(line, ADMIN, ANY, holds=False)
        for role in [*access.roles(), STRANGER]:
            relation = line.who.get(role) or line.who.get(ANYONE) or ANY
            yield Cell(line, role, relation, holds=True)
            if relation is not ANY:
                yield Cell(line, role, relation, holds=False)
