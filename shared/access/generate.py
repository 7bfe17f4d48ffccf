"""Writes `docs/access` from the policy tables: a page for each service, which says who may do what.

`python -m shared.access.generate` writes; with `--check` it only says what is not as the tables have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from shared import content_api, generated
from shared.access.guard import OPEN, operations
from shared.access.table import ADMIN, ANYONE, PUBLIC, Line, Operation, Relation
from shared.contracts.registry import SERVICES
from shared.service import Service

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "access"

INDEX = """# Access

Who may do what, by service. These pages are made from the policy tables, `services/<name>/access.py`: change those,
then run `python -m shared.access.generate`. What the pages say is what is enforced (`shared/access/guard.py`), and a
test makes a request for each cell, with the relation and without.

| service | page |
|---|---|
"""
CLAIMS = """
## Tokens

A caller shows a token of the issuer: a JWT, ES256, as `Authorization: Bearer`. Without a valid one the answer is 401.
These claims decide what the caller may do:

| claim | example | meaning |
|---|---|---|
| `sub` | `"W01"` | the person's pseudonym, or a machine's name |
| `roles` | `["officer"]` | what the caller may act as |
| `stations` | `["S1"]` | the stations that the caller serves; `["*"]` is all of them |
| `grants` | {grant} | a role at one station for a time, [from, to) in seconds since 1970 |
| `org` | `"nanyang"` | the caller's union |

`iss`, `aud` and `exp` must be there and right, `nbf` is honoured. Their times are the machine's; a grant's window is
judged by the service's clock, as all windows of the domain are.
"""
GRANT = '`[{"role": "chief", "station": "S1", "from": 1769122800, "to": 1769166000}]`'
HEAD = """# Who may do what in {name}

This page is made from `services/{name}/access.py`: change that, then run `python -m shared.access.generate`.

A caller needs one of the roles of a line, and the relation that stands beside the role. `anyone` is every caller with
a valid token; `admin` may do everything. Otherwise the answer is 403, which names what is missing; see
[tokens](README.md#tokens). `everybody` needs no token, and none is looked at.

| operation | what it does | who may |
|---|---|---|
"""
FREE = "\nWithout a token: {}.\n"


def documents() -> dict[str, str]:
    """Every page, by its name."""
    rows = "".join(f"| {name} | [{name}.md]({name}.md) |\n" for name in SERVICES)
    return {
        "README.md": INDEX + rows + CLAIMS.format(grant=GRANT),
        **{f"{name}.md": page(service(name)) for name in SERVICES},
    }


def service(name: str) -> Service:
    """A service by its name: the kernel imports none, so they are found when they are needed."""
    found: Service = import_module(f"services.{name}.main").SERVICE
    return found


def page(service: Service) -> str:
    """The page of one service."""
    told = purposes(service)
    rows = "".join(_row(line, told[line.operation]) for line in service.access)
    free = ", ".join(f"`{method} {path}`" for method, path in sorted(OPEN) if not path.startswith("/testing"))
    return HEAD.format(name=service.name) + rows + "".join(_relations(service)) + FREE.format(free)


def purposes(service: Service) -> dict[Operation, str]:
    """What each operation does: the first sentence of its route's docstring."""
    app = FastAPI()
    for router in (content_api.router, *service.routers):
        app.include_router(router)
    routes = operations(iter_route_contexts(app.routes))
    return {name: (one.endpoint.__doc__ or "").split("\n")[0] for name, one in routes.items() if one.endpoint}


def _row(line: Line, purpose: str) -> str:
    return f"| `{line}` | {purpose} | {'<br>'.join(_cells(line))} |\n"


def _cells(line: Line) -> Iterator[str]:
    for role, relation in line.who.items():
        shown = {ANYONE: "anyone", PUBLIC: "everybody"}.get(role, f"**{role}**")
        where = f", {relation.means} ({line.place(relation.field)})" if relation.field else ""
        yield f"{shown}{where}"


def _relations(service: Service) -> Iterator[str]:
    """What to do where a relation is missing."""
    there: dict[str, Relation] = {r.name: r for line in service.access for r in line.who.values() if r.field}
    yield "\n| relation | where it is missing |\n|---|---|\n"
    yield from (f"| {name} | {relation.remedy} |\n" for name, relation in sorted(there.items()))
    roles = ", ".join(f"`{role}`" for role in sorted({*service.access.roles(), ADMIN}))
    yield f"\nRoles: {roles}.\n"


def drift(folder: Path = FOLDER) -> list[str]:
    """Which files are not as they would be made, are missing, or are there for nothing."""
    return generated.drift(documents(), folder)


def write(folder: Path = FOLDER) -> None:
    """Make the folder what the tables say, no more and no less."""
    generated.write(documents(), folder)


if __name__ == "__main__":
    generated.main("shared.access.generate", __doc__, "the policy tables say", documents(), FOLDER)
