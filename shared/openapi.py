"""What every operation answers, said once in the OpenAPI document: commands, queries and problems are all alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from shared.access.guard import OPEN
from shared.errors import Kind
from shared.web import STATUS

_EVENT = {
    "id": "6a0c3f4e-8f2b-5d0e-9b1c-2f1d5e7a9b10",
    "type": "VisitStarted",
    "entity": "W01",
    "version": 3,
    "data": {"visit_id": "5f0c2a5e-6d5b-5c6e-9d5c-0d6f3f1f7a11"},
}
SCHEMAS: Mapping[str, Any] = {
    "CommandAnswer": {
        "title": "CommandAnswer",
        "description": "What became of a command. The same for every repeat of its Idempotency-Key.",
        "type": "object",
        "required": ["outcome", "command_id", "events", "position"],
        "properties": {
            "outcome": {
                "enum": ["accepted", "unchanged"],
                "description": "`unchanged`: it was so already, and nothing was recorded.",
            },
            "command_id": {"type": "string"},
            "events": {
                "type": "array",
                "description": "What was recorded, in order.",
                "items": {
                    "type": "object",
                    "required": ["id", "type", "entity", "version", "data"],
                    "properties": {
                        "id": {"type": "string"},
                        "type": {"type": "string"},
                        "entity": {"type": "string"},
                        "version": {"type": "integer"},
                        "data": {"type": "object"},
                    },
                },
            },
            "position": {"type": "string", "description": "Give it as `min_position` to a query, to see this."},
        },
        "example": {
            "outcome": "accepted",
            "command_id": "5f0c2a5e-6d5b-5c6e-9d5c-0d6f3f1f7a11",
            "events": [_EVENT],
            "position": "checkin.1.42",
        },
    },
    "Problem": {
        "title": "Problem",
        "description": "RFC 9457. `code` is the contract; docs/errors lists every code with its remedy.",
        "type": "object",
        "required": ["type", "title", "status", "code", "detail", "errors"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string", "description": "What is wrong and what to do about it."},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                },
            },
            "correlation_id": {"type": ["string", "null"]},
        },
    },
    "Found": {
        "title": "Found",
        "description": "A query's answer, and the position that it was read at.",
        "type": "object",
        "required": ["position"],
        "properties": {"position": {"type": "string", "examples": ["checkin.1.42"]}},
    },
}
ALWAYS: tuple[Kind, ...] = ("unauthenticated", "forbidden", "validation", "unavailable")
OF_COMMANDS: tuple[Kind, ...] = ("not_found", "refused")
SAYS: Mapping[int, str] = {
    401: "No valid token.",
    403: "The caller lacks a role or a relation, which is named.",
    404: "Nothing is known under an id.",
    409: "A rule says no: `code` says which.",
    422: "A field is not as it must be, or the key was used with another body.",
    503: "A dependency is away or too much waits: repeat with the same key.",
}


def complete(app: FastAPI) -> None:
    """Let the document of this application say all that its operations answer."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for (method, path), operation in _operations(document):
                if (method, path) not in OPEN:
                    _say(operation, method, path)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(SCHEMAS)
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield (method.upper(), path), operation


def _say(operation: dict[str, Any], method: str, path: str) -> None:
    answers: dict[str, Any] = operation["responses"]
    told = answers.get("200", {})
    if "content" not in told or told["content"] == {"application/json": {"schema": {}}}:
        answers["200"] = _answer("Done, or done before.", "CommandAnswer") if method == "POST" else _answer("", "Found")
    kinds = (*ALWAYS, *OF_COMMANDS) if method == "POST" else (*ALWAYS, *(("not_found",) if "{" in path else ()))
    for status in sorted({STATUS[kind] for kind in kinds}):
        answers[str(status)] = _problem(status)


def _answer(description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description or "What was asked for.", "content": content}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    name = HTTPStatus(status).phrase
    return {"description": SAYS.get(status, name), "content": {"application/problem+json": {"schema": schema}}}
