"""HTTP: the other side of the one door. Routes name a command or a query; everything else is here, the same for all.

Every refusal is an RFC 9457 problem with a code; one table maps kinds of refusals to statuses.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, TypeAlias

import msgspec
import psycopg
from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from shared.clock import Clock
from shared.committer import Committer
from shared.content import Vault
from shared.contracts.model import Code, Contract, in_words
from shared.contracts.registry import stored_type, subject_of
from shared.database import Database, is_transient
from shared.decider import Command
from shared.erasing import Eraser
from shared.errors import Kind, Refused, Trouble, ValidationFailed
from shared.identity import Principal
from shared.log.append import Actor, Context
from shared.log.codec import derived_id
from shared.outcomes import Answer
from shared.policies import Intake, Receipt
from shared.projecting import Projection
from shared.queries import Queries, View
from shared.reacting import body_hash, intake_command_id
from shared.telemetry import tracing

log = logging.getLogger(__name__)

ANSWER_WITHIN = 5.0  # seconds; then the outcome is unknown and the caller repeats with the same key
KEY_LENGTH = 128
TOO_LARGE = "CONTENT_TOO_LARGE", "The body is larger than what is taken. Send it in parts, or a smaller one."
ANONYMOUS = Actor("person", "anonymous")

STATUS: Mapping[Kind, int] = {
    "validation": 422,
    "unauthenticated": 401,
    "not_found": 404,
    "gone": 410,
    "forbidden": 403,
    "refused": 409,
    "key_reused": 422,
    "if_match": 412,
    "too_large": 413,
    "media_type": 415,
    "unavailable": 503,
}


@dataclass(frozen=True)
class Api:
    """What the routes of one service share."""

    service: str
    committer: Committer
    queries: Queries
    intake: Intake
    clock: Clock
    epoch: int
    database: Database
    vault: Vault
    eraser: Eraser
    code_secrets: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Caller:
    """One request's caller: who, under which key, and the ways to give a command or to ask."""

    api: Api
    principal: Principal
    path: str
    key: str | None
    traceparent: str | None

    @property
    def now(self) -> datetime:
        return self.api.clock.now()

    async def take(self, event: Contract, *, anonymously: bool = False) -> Response:
        """Give the command of an intake event: the same function, ids and answers as by Kafka.

        `anonymously`: nothing of what it leads to says who gave it.
        """
        source, key = self.principal.id, self.required_key()
        command_id = intake_command_id(source, key)
        receipt = Receipt(command_id, self.now, source, key, subject_of(event), self.api.code_secrets)
        command = self.api.intake.command(event, receipt)
        hashed = body_hash(stored_type(type(event)), event.canonical())
        return await self._give(command_id, command, hashed, ANONYMOUS if anonymously else None)

    async def give(self, command: Command, body: Contract) -> Response:
        """Give a command. `body` is what the caller sent: a repeat of the key must send the same again."""
        return await self._give(self.command_id(), command, body_hash(self.path, body.canonical()))

    async def give_and_show(self, command: Command, body: bytes, show: Callable[[Answer], dict[str, Any]]) -> Response:
        """The same for a body that is no contract, or that must not be hashed as it is; `show` in place of events."""
        return await self._give(self.command_id(), command, body_hash(self.path, body), show=show)

    def command_id(self) -> str:
        """The id that a command given now will have; new entities take theirs from it."""
        return derived_id("http", self.principal.id, self.required_key())

    def reading(
        self, projection: Projection, min_position: str | None, *beside: Projection
    ) -> AbstractAsyncContextManager[View]:
        """A snapshot of a projection's tables, and of those beside it, at or after a position."""
        return self.api.queries.view(projection, min_position, *beside)

    def required_key(self) -> str:
        """The caller's Idempotency-Key. Raises `ValidationFailed` without one."""
        if not self.key or len(self.key) > KEY_LENGTH:
            detail = f"every command needs one, of at most {KEY_LENGTH} characters"
            raise ValidationFailed(detail, field="Idempotency-Key")
        return self.key

    def context(self, command_id: str) -> Context:
        """What the log keeps about where a command came from."""
        actor = Actor("person" if "worker" in self.principal.roles else "system", self.principal.id)
        return Context(command_id, actor, command_id, None, tracing.current() or self.traceparent, self.principal.org)

    def position(self, position: int) -> str:
        """The token of a position, to wait for in queries."""
        return f"{self.api.service}.{self.api.epoch}.{position}"

    async def _give(
        self,
        command_id: str,
        command: Command,
        hashed: bytes,
        actor: Actor | None = None,
        show: Callable[[Answer], dict[str, Any]] | None = None,
    ) -> Response:
        context = self.context(command_id)
        if actor is not None:
            context = msgspec.structs.replace(context, actor=actor)
        async with asyncio.timeout(ANSWER_WITHIN):
            answer = await self.api.committer.submit(command, context, body_hash=hashed)
        return self._respond(command_id, answer, show or _shown)

    def _respond(self, command_id: str, answer: Answer, show: Callable[[Answer], dict[str, Any]]) -> Response:
        if answer.refusal is not None:
            r = answer.refusal
            return problem(STATUS[r.kind], r.code, r.message, r.detail, r.field, command_id)
        body = {
            "outcome": answer.result.outcome,
            "command_id": command_id,
            **show(answer),
            "position": self.position(answer.position),
        }
        headers = {"Idempotency-Replayed": "true"} if answer.repeated else {}
        return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


def _shown(answer: Answer) -> dict[str, Any]:
    events = [
        {"id": identity, "type": type(event).__name__, "entity": entity, "version": version, "data": event}
        for identity, entity, version, event in answer.events
    ]
    return {"events": events}


async def _caller(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(description="Makes the command's id; the same key, the same answer.")
    ] = None,
    traceparent: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Caller:
    parent = traceparent if tracing.parse(traceparent) else None  # what is none is not stored and handed on
    principal: Principal = request.state.principal  # the guard has put it there: shared/access/guard.py
    return Caller(request.app.state.api, principal, request.url.path, idempotency_key, parent)


Call: TypeAlias = Annotated[Caller, Depends(_caller)]
MinPosition: TypeAlias = Annotated[
    str | None,
    Query(description="Answer from a state at or after this position token of the service.", examples=["checkin.1.42"]),
]


class Reason(Contract):
    """The body of a command that wants to know why, as a code."""

    reason: Code


class Nothing(Contract):
    """The body of a command that needs no more than its path: an empty object."""


def found(view: View, body: Any) -> Response:
    """A query's answer: the rows, and the position they were read at."""
    answer = msgspec.json.encode({"position": view.token, **body})
    return Response(answer, media_type="application/json", headers={"ETag": f'"{view.token}"'})


def problem(
    status: int, code: str, title: str, detail: str = "", field: str | None = None, correlation: str | None = None
) -> JSONResponse:
    """An RFC 9457 problem."""
    body: dict[str, Any] = {
        "type": f"urn:yizhan:problem:{code.lower().replace('_', '-')}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
        "errors": [{"field": field, "message": detail or title}] if field else [],
        "correlation_id": correlation,
    }
    headers = {"Retry-After": "1"} if status == 503 else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def answer_problems(app: FastAPI) -> None:
    """Make every error of this application a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(TimeoutError, _unavailable)
    for kind in (Trouble, psycopg.Error, SQLAlchemyError, Exception):
        app.add_exception_handler(kind, _failed)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return problem(STATUS[error.kind], error.code, error.message(), error.detail, error.field)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{"field": _field(fault), "message": _said(fault)} for fault in error.errors()]
    answer = problem(422, "VALIDATION_FAILED", ValidationFailed.message(), faults[0]["message"], faults[0]["field"])
    body = {**msgspec.json.decode(bytes(answer.body)), "errors": faults}
    return JSONResponse(body, 422, media_type="application/problem+json")


def _field(fault: Mapping[str, Any]) -> str:
    """Where the fault is; what is not JSON has no fields, only a place in its bytes."""
    return "body" if fault["type"] == "json_invalid" else ".".join(str(part) for part in fault["loc"][1:]) or "body"


def _said(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "missing" and tuple(fault["loc"]) == ("body",):
        return "Send a JSON object as the body: {} where it has no fields"
    return in_words(fault)


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        answer = problem(error.status_code, *TOO_LARGE, error.detail, "body")
        answer.headers.update(error.headers or {})
        return answer
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return problem(400, "BAD_REQUEST", "The body cannot be read. Send JSON in UTF-8.", field="body")
    return problem(error.status_code, HTTPStatus(error.status_code).name, str(error.detail))


async def _unavailable(_request: Request, _error: Exception) -> Response:
    title = "A dependency is away or too much waits. Repeat with the same Idempotency-Key."
    return problem(503, "UNAVAILABLE", title)


async def _failed(request: Request, error: Exception) -> Response:
    if is_transient(error):
        return await _unavailable(request, error)
    log.error("%s %s failed", request.method, request.url.path, exc_info=error, extra={"action": "request_failed"})
    return problem(500, "INTERNAL_ERROR", "Something failed here. Report it with the time of the request.")
