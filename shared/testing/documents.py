"""Answers held against the OpenAPI document of their service, field by field: none undeclared, none missing."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from starlette.routing import compile_path

from shared.access.table import Operation

FREE = {"CommandAnswer", "Problem"}  # they hold what each command and refusal says for itself


class Document:
    """What a service says that it answers."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = _closed(told)
        fixed_first = sorted(told["paths"], key=lambda path: path.count("{"))
        self._templates = [(path, compile_path(path)[0]) for path in fixed_first]
        self._validators: dict[str, Draft202012Validator] = {}

    def operations(self, method: str) -> set[str]:
        """The paths that answer this method."""
        return {path for path, methods in self._told["paths"].items() if method.lower() in methods}

    def template(self, method: str, path: str) -> str | None:
        """Which of the document's paths this one is, if it is any."""
        there = self.operations(method)
        return next((name for name, pattern in self._templates if name in there and pattern.match(path)), None)

    def faults(self, operation: Operation, status: int, media_type: str, body: Any) -> list[str]:
        """What is not as it was declared; `body` of JSON is parsed."""
        method, path = operation
        declared = self._told["paths"][path][method.lower()]["responses"].get(str(status))
        if declared is None:
            return [f"{method} {path}: the status {status} is not declared"]
        content = declared.get("content", {}).get(media_type)
        if content is None:
            return [f"{method} {path}: {status} as {media_type} is not declared"]
        if "$ref" not in content["schema"]:
            return []
        found = self._validator(content["schema"]["$ref"]).iter_errors(body)
        return [f"{method} {path}: {'/'.join(map(str, fault.absolute_path))}: {fault.message[:300]}" for fault in found]

    def _validator(self, ref: str) -> Draft202012Validator:
        if ref not in self._validators:
            schema = {"$ref": ref, "components": self._told["components"]}
            self._validators[ref] = Draft202012Validator(schema, format_checker=FormatChecker())
        return self._validators[ref]


def _closed(told: Mapping[str, Any]) -> dict[str, Any]:
    """Answers are read open, as they may grow; that nothing was forgotten is seen only when they are closed."""
    document: dict[str, Any] = copy.deepcopy(dict(told))
    for name, schema in document["components"]["schemas"].items():
        for part in () if name in FREE else _objects(schema):
            part.setdefault("additionalProperties", False)
    return document


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for part in schema.values():
            yield from _objects(part)
