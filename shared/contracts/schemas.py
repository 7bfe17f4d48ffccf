"""JSON Schemas (2020-12) of the contracts: one to read by, one to write by.

The reader's schema is open, as others may grow before we do. The writer's is closed and has no null: what is not
known is left out. So a new optional field breaks neither old readers nor old writers.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from shared.contracts.model import Contract

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Untitled(GenerateJsonSchema):
    """Without a title for every field, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def reader_schema(model: type[Contract], name: str) -> dict[str, Any]:
    """What this event's data may be for whoever reads it. `name` is the event's type."""
    schema = model.model_json_schema(schema_generator=_Untitled)
    return {"$schema": DIALECT, "$id": f"urn:yizhan:schema:{name}", **schema}


def writer_schema(model: type[Contract], name: str) -> dict[str, Any]:
    """What this event's data must be for whoever writes it."""
    closed: dict[str, Any] = _closed(reader_schema(model, name))
    return {**closed, "$id": f"urn:yizhan:schema:{name}:writer"}


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(part) for key, part in schema.items()}
    if "properties" in closed:
        closed["additionalProperties"] = False
    return _never_null(closed)


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    null = {"type": "null"}
    if null not in schema.get("anyOf", []):
        return schema
    kinds = [kind for kind in schema["anyOf"] if kind != null]
    rest = {key: part for key, part in schema.items() if key != "anyOf" and (key, part) != ("default", None)}
    return {**kinds[0], **rest} if len(kinds) == 1 else {"anyOf": kinds, **rest}
