"""docs/contracts is what the registry says, and what it says is true of the models and of what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from shared.contracts.answers import IntakeAnswered
from shared.contracts.event_type import EventType, events_topic, topics
from shared.contracts.generate import FOLDER, documents, drift, example, write
from shared.contracts.model import Contract
from shared.contracts.registry import ANSWER_TYPES, EVENTS, PLANNED, SERVICES
from shared.contracts.schemas import reader_schema, writer_schema
from shared.relay import answer_record

MADE = documents()
ASYNCAPI = json.loads(MADE["asyncapi.json"])
MODELS = {**{event.type: event.model for event in EVENTS}, **{a.__name__: a for a in ANSWER_TYPES}}
EXAMPLES = {
    **{event.type: dict(event.example) for event in EVENTS},
    **{answer.__name__: answer.model_json_schema()["examples"][0] for answer in ANSWER_TYPES},
}
EVERY = pytest.mark.parametrize("name", MODELS)


def schemas(name: str) -> tuple[Draft202012Validator, Draft202012Validator]:
    """To read by, to write by."""
    model: type[Contract] = MODELS[name]
    return Draft202012Validator(reader_schema(model, name)), Draft202012Validator(writer_schema(model, name))


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from [part["$ref"]] if "$ref" in part else []
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(inner)


def at(reference: str) -> Any:
    """What a reference of the AsyncAPI document leads to."""
    if reference.startswith("./"):
        return json.loads(MADE[reference.removeprefix("./")])
    found = ASYNCAPI
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


def test_the_folder_is_what_the_registry_says() -> None:
    assert drift(FOLDER) == [], "run: python -m shared.contracts.generate"


def test_drift_names_what_was_changed_what_is_missing_and_what_is_too_much(tmp_path: Path) -> None:
    write(tmp_path)
    assert drift(tmp_path) == []
    (tmp_path / "README.md").write_text("another list")
    (tmp_path / "asyncapi.json").unlink()
    (tmp_path / "schemas" / "gone.v1.json").write_text("{}")
    assert drift(tmp_path) == ["README.md", "asyncapi.json", "schemas/gone.v1.json"]
    write(tmp_path)
    assert drift(tmp_path) == []


@EVERY
def test_schemas_are_schemas(name: str) -> None:
    for schema in schemas(name):
        Draft202012Validator.check_schema(schema.schema)


@EVERY
def test_an_example_is_valid_by_both_schemas_and_by_the_model(name: str) -> None:
    for schema in schemas(name):
        schema.validate(EXAMPLES[name])
    MODELS[name].model_validate_json(json.dumps(EXAMPLES[name]))


@EVERY
def test_what_the_model_writes_is_valid_by_the_closed_schema(name: str) -> None:
    written = MODELS[name].model_validate_json(json.dumps(EXAMPLES[name])).canonical()
    schemas(name)[1].validate(json.loads(written))


@EVERY
def test_an_unknown_field_is_ignored_by_readers_and_refused_to_writers(name: str) -> None:
    grown = {**EXAMPLES[name], "field_of_tomorrow": 1}
    reader, writer = schemas(name)
    assert reader.is_valid(grown)
    assert not writer.is_valid(grown)
    model = MODELS[name]
    assert model.model_validate_json(json.dumps(grown)) == model.model_validate_json(json.dumps(EXAMPLES[name]))


@EVERY
def test_what_is_unknown_is_left_out_and_never_written_as_null(name: str) -> None:
    for field, info in MODELS[name].model_fields.items():
        with_null = {**EXAMPLES[name], field: None}
        reader, writer = schemas(name)
        assert not writer.is_valid(with_null), field
        assert reader.is_valid(with_null) == (not info.is_required() and info.default is None), field


@EVERY
def test_schema_and_model_want_the_same_fields(name: str) -> None:
    for field, info in MODELS[name].model_fields.items():
        without = {key: value for key, value in EXAMPLES[name].items() if key != field}
        assert [schema.is_valid(without) for schema in schemas(name)] == [not info.is_required()] * 2, field
        if info.is_required():
            with pytest.raises(ValidationError):
                MODELS[name].model_validate_json(json.dumps(without))


def test_a_part_of_an_event_is_closed_to_writers_as_well() -> None:
    name = "cn.yizhan.points.PatrolReported.v1"
    grown = {**EXAMPLES[name], "checklist": [{"item": "extinguisher", "ok": True, "note": "new"}]}
    assert [schema.is_valid(grown) for schema in schemas(name)] == [True, False]


@pytest.mark.parametrize("event", EVENTS, ids=[event.type for event in EVENTS])
def test_the_list_of_events_names_each_with_links_that_lead_somewhere(event: EventType) -> None:
    line = next(line for line in MADE["README.md"].splitlines() if f"| `{event.type}` |" in line)
    for part in (event.topic, event.key, event.purpose, *event.consumers):
        assert part in line
    links = [part.partition(")")[0] for part in line.split("](")[1:]]
    assert len(links) == 3
    assert [link for link in links if link not in MADE] == []


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    found = set(references(ASYNCAPI))
    assert found
    for reference in found:
        assert at(reference)


def test_the_asyncapi_document_has_every_topic_of_every_service() -> None:
    planned = {events_topic(service) for service in PLANNED}
    assert set(ASYNCAPI["channels"]) == planned | {topic.name for service in SERVICES for topic in topics(service)}


def test_every_message_is_on_one_channel_and_each_is_received_or_sent() -> None:
    placed = [name for channel in ASYNCAPI["channels"].values() for name in channel["messages"]]
    assert sorted(placed) == sorted(ASYNCAPI["components"]["messages"])
    used = {ref["$ref"] for operation in ASYNCAPI["operations"].values() for ref in operation["messages"]}
    assert {reference.rpartition("/")[2] for reference in used} == set(placed)


@pytest.mark.parametrize("event", EVENTS, ids=[event.type for event in EVENTS])
def test_an_intake_example_has_the_headers_that_the_document_asks_for(event: EventType) -> None:
    if event.direction == "intake":
        headers_schema(event.type).validate(example(event)["headers"])


def test_an_answer_has_the_headers_that_the_document_promises() -> None:
    answer = IntakeAnswered(source="/gate", id="1", status="duplicate")
    record = answer_record("checkin", "W01", answer)
    headers_schema("cn.yizhan.checkin.IntakeAnswered.v1").validate(record.headers)


def headers_schema(message: str) -> Draft202012Validator:
    of = ASYNCAPI["components"]["messages"][message]["headers"]
    shared_part, of_type = at(of["allOf"][0]["$ref"]), of["allOf"][1]
    return Draft202012Validator({"allOf": [shared_part, of_type]})
