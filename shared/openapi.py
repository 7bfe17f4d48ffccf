"""What every operation answers and takes, said once in the OpenAPI document where it is alike for all.

Commands are answered alike, and so are problems; queries declare their own answers. Each body gets an example: that of
its contract in the registry, or else one made of the examples of its fields. What is called alike is explained alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from shared.access.guard import OPEN
from shared.access.table import Access
from shared.contracts.registry import EVENTS
from shared.errors import Kind
from shared.openapi_words import EXAMPLES, GENERIC, PARAMETERS
from shared.web import KEY_LENGTH, STATUS

_EVENT = {
    "id": "6a0c3f4e-8f2b-5d0e-9b1c-2f1d5e7a9b10",
    "type": "VisitStarted",
    "entity": "W01",
    "version": 3,
    "data": {"visit_id": "5f0c2a5e-6d5b-5c6e-9d5c-0d6f3f1f7a11"},
}
_PROBLEM = {
    "type": "urn:yizhan:problem:validation-failed",
    "title": "A field is not as it must be. Correct the field that is named and send it again.",
    "status": 422,
    "code": "VALIDATION_FAILED",
    "detail": "it is not a position of checkin",
    "errors": [{"field": "min_position", "message": "it is not a position of checkin"}],
    "correlation_id": None,
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
        "required": ["type", "title", "status", "code", "detail", "errors", "correlation_id"],
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
        "example": _PROBLEM,
    },
}
ALWAYS: tuple[Kind, ...] = ("unauthenticated", "forbidden", "validation", "unavailable")
OF_COMMANDS: tuple[Kind, ...] = ("not_found", "refused", "too_large")
SAYS: Mapping[int, str] = {
    401: "No valid token.",
    403: "The caller lacks a role or a relation, which is named.",
    404: "Nothing is known under an id.",
    409: "A rule says no: `code` says which.",
    413: "The body is larger than anything that is taken.",
    422: "A field is not as it must be, or the key was used with another body.",
    503: "A dependency is away or too much waits: repeat with the same key.",
}
KEY: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Makes the command's id; the same key, the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH},
    "example": "scan-000042",
}
# What machines and other systems tell by Kafka too has its example in the registry.
TOLD: Mapping[str, Mapping[str, Any]] = {
    event.model.__name__: event.example for event in EVENTS if event.direction == "intake"
}


def complete(app: FastAPI, access: Access) -> None:
    """Let the document of this application say all that its operations take and answer."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(SCHEMAS)
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for (method, path), operation in _operations(document):
                if (method, path) not in OPEN:
                    line = access.line(method, path)
                    _answers(operation, method, path, public=line is not None and line.public)
                    _takes(operation, method, schemas)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield (method.upper(), path), operation


def _answers(operation: dict[str, Any], method: str, path: str, *, public: bool) -> None:
    answers: dict[str, Any] = operation["responses"]
    told = answers["200"]
    if method == "POST" and told.get("content") == {"application/json": {"schema": {}}}:
        schema = {"$ref": "#/components/schemas/CommandAnswer"}
        answers["200"] = {"description": "Done, or done before.", "content": {"application/json": {"schema": schema}}}
    elif told["description"] == "Successful Response":
        told["description"] = "What was asked for."
    kinds = {*ALWAYS, *(OF_COMMANDS if method == "POST" else ("not_found",) if "{" in path else ())}
    if public:
        kinds -= {"unauthenticated", "forbidden"}
        operation["security"] = []
    for status in sorted({STATUS[kind] for kind in kinds} | {int(status) for status in answers if status != "200"}):
        answers[str(status)] = _problem(status, answers.get(str(status), {}).get("description"))


def _problem(status: int, described: str | None) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    said = (described if status != 422 else None) or SAYS.get(status) or HTTPStatus(status).phrase
    return {"description": said, "content": {"application/problem+json": {"schema": schema}}}


def _takes(operation: dict[str, Any], method: str, schemas: Mapping[str, Any]) -> None:
    """Commands need a key, queries have none. What is sent as JSON has an example."""
    others = [one for one in operation.get("parameters", ()) if one["name"].lower() != KEY["name"].lower()]
    for parameter in others:
        _explain(parameter, schemas)
    operation["parameters"] = [*others, dict(KEY)] if method == "POST" else others
    json = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if json is not None:
        json["example"] = example(json["schema"], schemas)


def _explain(parameter: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """What must be given has an example to try at once; elsewhere trying it would only narrow what is found."""
    name, schema = parameter["name"], parameter["schema"]
    if parameter["in"] == "query" and not parameter.get("description") and name in PARAMETERS:
        parameter["description"] = PARAMETERS[name]
    shown = example(schema, schemas, name)
    if parameter["required"]:
        parameter["example"] = shown
    elif shown is not None:
        schema["examples"] = [shown]


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any], called: str = "") -> Any:
    """That of the registry, of the schema itself or of its name; or made of those of its parts, which are needed."""
    if name := schema.get("$ref", "").rpartition("/")[2]:
        return TOLD.get(name) or example(schemas[name], schemas, called)
    shown = schema.get("examples")
    if shown and shown not in GENERIC:
        return shown[0]
    if called in EXAMPLES and schema.get("type") != "array":
        return EXAMPLES[called]
    if shown or "enum" in schema:
        return (shown or schema["enum"])[0]
    if schema.get("type") == "array":
        return [example(schema["items"], schemas, called)]
    return _whole(schema, schemas) if schema.get("type") == "object" else None


def _whole(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """What may be left out is, unless it has an example of its own."""
    needed, fields = schema.get("required", ()), schema.get("properties", {}).items()
    parts = {name: part for name, part in fields if name in needed or part.get("examples", GENERIC[0]) not in GENERIC}
    made = {name: example(part, schemas, name) for name, part in parts.items()}
    return {name: value for name, value in made.items() if value is not None}
