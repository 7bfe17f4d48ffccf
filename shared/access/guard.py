"""The one place where the policy table is enforced: a dependency of every route but those that need no token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.access.table import ADMIN, Access, Asked, Line, Operation, Relation
from shared.clock import Clock
from shared.database import Database
from shared.errors import Forbidden, ValidationFailed
from shared.identity import NOBODY, Principal, Verifier

# Asked by whoever keeps the process alive, or by a reader of the documentation; none of it is anybody's data.
OPEN: frozenset[Operation] = frozenset(
    ("GET", path)
    for path in ("/livez", "/readyz", "/testing/idle", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")
)

NUL = "\0"

_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", description="A token of the issuer.")


class Guard:
    """Says who is calling, and lets through whom the table lets through. Raises `TokenInvalid` and `Forbidden`.

    Where a line is public nobody is asked who calls: a token that is bad or run out does no harm either.
    """

    def __init__(self, access: Access, verifier: Verifier, clock: Clock, database: Database) -> None:
        self._access, self._verifier, self._clock, self._database = access, verifier, clock, database

    async def __call__(
        self, request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)] = None
    ) -> None:
        _check_text(request)
        line = self._access.line(request.method, request.scope["route"].path)
        if line is not None and line.public:
            request.state.principal = NOBODY
            return
        principal = self._verifier.principal(request.headers.get("authorization"))
        if line is None:
            raise Forbidden(f"{request.method} {request.scope['route'].path} is in no line of the policy table")
        if ADMIN not in principal.roles:
            await self._admit(line, principal, request)
        request.state.principal = principal

    async def _admit(self, line: Line, principal: Principal, request: Request) -> None:
        unnamed: str | None = None
        lacking: list[Relation] = []
        for role, relation in line.who.items():
            if not relation.may_hold(role, principal):
                continue
            value = await _value(request, line, relation.field) if relation.field else ""
            if value is None:
                unnamed = unnamed or relation.field  # the roles before `anyone` say more about the caller
            elif await self._holds(relation, Asked(principal, role, value, self._clock.now())):
                return
            else:
                lacking.append(relation)
        if unnamed is not None:  # whoever may do this to some may be told what is wrong; nothing is done either way
            raise ValidationFailed("who may do this depends on it: send it as text", field=unnamed)
        raise _forbidden(line, principal, lacking)

    async def _holds(self, relation: Relation, asked: Asked) -> bool:
        if relation.holds(asked):
            return True
        if relation.lookup is None:
            return False
        async with self._database.borrowed() as connection:
            return await relation.lookup(connection, asked)


async def _value(request: Request, line: Line, field: str) -> str | None:
    """What the request names in this field. The body is parsed as the route's own will be, and once."""
    match line.place(field):
        case "path":
            value = request.path_params.get(field)
        case "query":
            value = request.query_params.get(field)
        case "body":
            try:
                body = await request.json()
            except ValueError:
                return None
            value = body.get(field) if isinstance(body, dict) else None
    return value if isinstance(value, str) and NUL not in value else None


def _check_text(request: Request) -> None:
    """Raises `ValidationFailed` for a NUL in the address: PostgreSQL has no text with one, so nothing is called so."""
    for name, value in (*request.path_params.items(), *request.query_params.multi_items()):
        if NUL in str(value):
            raise ValidationFailed("it has a NUL character, which no text here has", field=name)


def _forbidden(line: Line, principal: Principal, lacking: list[Relation]) -> Forbidden:
    """Which role or relation is missing, and what can be done about it."""
    needed = " or ".join(line.described()).replace("`", "")
    has = ", ".join(sorted(principal.roles)) or "no role"
    if not lacking:
        return Forbidden(f"this needs the role {needed}; you have {has}. Ask for the role where you got your token.")
    why = "; ".join(relation.lacking for relation in lacking)
    return Forbidden(f"this needs the role {needed}; {why}. {lacking[-1].remedy}", field=lacking[-1].field)


def operations(contexts: Iterable[RouteContext]) -> dict[Operation, RouteContext]:
    """Every operation that these routes answer."""
    return {(method, one.path or ""): one for one in contexts for method in (one.methods or ()) if method != "HEAD"}


def check_complete(app: FastAPI, access: Access, guard: Guard) -> None:
    """Every route has its line and asks the guard, every line has its route. Raises `TypeError`, at start."""
    there = {name: one for name, one in operations(iter_route_contexts(app.routes)).items() if name not in OPEN}
    told = {line.operation for line in access}
    faults = [f"{method} {path} has no line" for method, path in sorted(there.keys() - told)]
    faults += [f"{method} {path} has a line and no route" for method, path in sorted(told - there.keys())]
    faults += [f"{method} {path} is not guarded" for (method, path), one in there.items() if not _asks(one, guard)]
    if faults:
        raise TypeError(f"the policy table and the routes of {app.title} differ: {', '.join(faults)}")


def _asks(context: RouteContext, guard: Guard) -> bool:
    route = context.original_route
    dependencies = getattr(context, "dependencies", ()) if isinstance(route, APIRoute) else ()
    return any(dependency.dependency is guard for dependency in dependencies)
