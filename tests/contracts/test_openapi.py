"""The OpenAPI documents are whole: each operation says what it takes, with an example, and all that it may answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from jsonschema import Draft202012Validator, FormatChecker

from shared import content_api
from shared.openapi import complete
from shared.service import Service
from shared.testing.documents import Document
from tests.running import SERVICES

CURSORS = {"after", "before"}  # what a page before has said: no example of it would be any use


def document_of(service: Service) -> dict[str, Any]:
    app = FastAPI(title=service.name)
    for router in (content_api.router, *service.routers):
        app.include_router(router, dependencies=[Depends(HTTPBearer())])
    complete(app, service.access)
    return app.openapi()


DOCUMENTS = {name: document_of(service) for name, service in SERVICES.items()}


class Operation(NamedTuple):
    """One operation of a document."""

    service: str
    method: str
    path: str
    said: dict[str, Any]

    @property
    def public(self) -> bool:
        line = SERVICES[self.service].access.line(self.method, self.path)
        return line is not None and line.public

    def fits(self, schema: dict[str, Any], value: Any) -> bool:
        whole = {**schema, "components": DOCUMENTS[self.service]["components"]}
        return bool(Draft202012Validator(whole, format_checker=FormatChecker()).is_valid(value))

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"


def operations() -> Iterator[Operation]:
    for name, document in DOCUMENTS.items():
        for path, methods in document["paths"].items():
            for method, said in methods.items():
                yield Operation(name, method.upper(), path, said)


each = pytest.mark.parametrize("one", list(operations()), ids=str)


def test_a_document_has_every_line_of_the_policy_table() -> None:
    found = {(one.service, one.method, one.path) for one in operations()}
    assert found == {(name, *line.operation) for name, service in SERVICES.items() for line in service.access}


@each
def test_an_operation_says_what_it_does_and_all_that_it_may_answer(one: Operation) -> None:
    assert one.said["summary"]
    assert one.said["description"]
    expected = {"200", "422", "503"} | (set() if one.public else {"401", "403"})
    expected |= {"404"} if "{" in one.path else set()
    expected |= {"404", "409"} if one.method == "POST" else set()
    assert expected <= one.said["responses"].keys()
    assert one.public is (one.said["security"] == [])
    for status, answer in one.said["responses"].items():
        assert answer["description"] not in ("", "Successful Response")
        if status != "200":
            assert answer["content"].keys() == {"application/problem+json"}


@each
def test_an_answer_says_what_is_in_it(one: Operation) -> None:
    for media_type, content in one.said["responses"]["200"]["content"].items():
        told = content["schema"]
        if "json" in media_type:
            schema = DOCUMENTS[one.service]["components"]["schemas"][told["$ref"].rpartition("/")[2]]
            assert schema["description"]
            assert schema["required"]
        else:
            assert told["type"] == "string"


@each
def test_a_body_has_an_example_that_is_right(one: Operation) -> None:
    for media_type, content in one.said.get("requestBody", {}).get("content", {}).items():
        if media_type == "application/json":
            assert one.fits(content["schema"], content["example"]), content["example"]


@each
def test_a_parameter_is_described_and_has_an_example_that_is_right(one: Operation) -> None:
    for parameter in one.said.get("parameters", ()):
        assert parameter.get("description") or parameter["in"] == "path", parameter
        if parameter["name"] not in CURSORS:
            (shown, *_) = [parameter["example"]] if "example" in parameter else parameter["schema"]["examples"]
            assert one.fits(parameter["schema"], shown), parameter


@each
def test_commands_need_a_key_and_queries_have_none(one: Operation) -> None:
    keys = [said for said in one.said.get("parameters", ()) if said["name"] == "Idempotency-Key"]
    assert [key["required"] for key in keys] == ([True] if one.method == "POST" else [])


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_general_stands_for_an_answer(name: str) -> None:
    schemas = DOCUMENTS[name]["components"]["schemas"]
    assert not schemas.keys() & {"Found", "HTTPValidationError", "ValidationError"}
    assert not [found for found in schemas if "__" in found], "two classes of one name"
    for example in (schemas["CommandAnswer"], schemas["Problem"]):
        Draft202012Validator(example).validate(example["example"])


TEAM: dict[str, Any] = {
    "team_id": "T1",
    "code": "xintu",
    "leader_id": None,
    "formed_at": "2026-01-23T05:35:00Z",
    "disbanded": True,
}
SHOWN: dict[str, Any] = {"position": "points.1.4", **TEAM, "members": []}


@pytest.mark.parametrize(
    "status, media_type, body, fault",
    [
        (200, "application/json", SHOWN, ""),
        (200, "application/json", {**SHOWN, "city": "lanzhou"}, "'city' was unexpected"),
        (200, "application/json", {**SHOWN, "members": None}, "None is not of type 'array'"),
        (200, "application/json", TEAM, "'position' is a required property"),
        (200, "text/html", "", "200 as text/html is not declared"),
        (418, "application/json", {}, "the status 418 is not declared"),
    ],
)
def test_an_answer_that_is_not_as_declared_is_found_out(status: int, media_type: str, body: Any, fault: str) -> None:
    document = Document(DOCUMENTS["points"])
    template = document.template("GET", "/teams/T1")
    assert template == "/teams/{team_id}"
    found = document.faults(("GET", template), status, media_type, body)
    assert fault in " ".join(found) if fault else found == []
