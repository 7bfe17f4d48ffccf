"""Writes `docs/contracts` from the registry: schemas, examples, the AsyncAPI document and the list of all events.

`python -m shared.contracts.generate` writes; with `--check` it only says what is not as the registry has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shared import generated
from shared.contracts.asyncapi import document, message_name
from shared.contracts.envelope import headers_of
from shared.contracts.event_type import EventType, feedback_topic, quarantine_topic
from shared.contracts.model import Contract
from shared.contracts.registry import ANSWER_TYPES, EVENTS, PLANNED, PRODUCERS, SERVICES
from shared.contracts.schemas import reader_schema, writer_schema

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "contracts"
VERSION = "0.1.0"  # of the document

HEAD = """# Events

What crosses a service's border, by Apache Kafka. This folder is made from `shared/contracts/`: change that,
then run `python -m shared.contracts.generate`.

Every record is a CloudEvents 1.0 event. Its key is its subject, so what happens to one member, duty or report stays in
order. On intake topics both modes are taken, binary and structured; the other topics are binary.

- **Read by the open schema**: ignore fields that you do not know. **Write by the closed one**: no other field, no null.
- The same `ce_source` and `ce_id` is the same event: sending it again is safe and is answered `duplicate`.
- Each intake event is answered on `<service>.feedback.v1` under its subject: accepted, duplicate, refused, quarantined.
- [asyncapi.json](asyncapi.json) says all of this for tools.

"""
PLANNED_NOTE = "Not built yet: what it will publish is fixed, and the player of the day speaks for it.\n\n"
COLUMNS = ("event", "topic", "key", "what it says", "taken by", "read", "write", "example")


def documents() -> dict[str, str]:
    """Every file of the folder, by its path in it."""
    made = {"README.md": _page(), "asyncapi.json": _json(document(VERSION))}
    for event in EVENTS:
        made |= _schemas(event.model, event.type)
        made[f"examples/{event.type}.json"] = _json(example(event))
    for answer in ANSWER_TYPES:
        made |= _schemas(answer, f"{answer.__name__}.v1")
    return made


def example(event: EventType) -> dict[str, Any]:
    """A whole record, as it would be sent."""
    key = event.example[event.key]
    attributes = {"id": f"example-{event.model.__name__}", "source": _source(event), "type": event.type, "subject": key}
    return {"topic": event.topic, "key": key, "headers": headers_of(attributes), "data": dict(event.example)}


def _source(event: EventType) -> str:
    return "/example/system" if event.direction == "intake" else f"/yizhan/{event.service}"


def _schemas(model: type[Contract], name: str) -> dict[str, str]:
    return {
        f"schemas/{name}.json": _json(reader_schema(model, name)),
        f"schemas/{name}.writer.json": _json(writer_schema(model, name)),
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _page() -> str:
    sections = []
    for service in PRODUCERS:
        rows = [_row(event) for event in EVENTS if event.service == service]
        if service in SERVICES:
            rows += _answer_rows(service)
        lines = [COLUMNS, ("---",) * len(COLUMNS), *rows]
        note = PLANNED_NOTE if service in PLANNED else ""
        sections.append(f"## {service}\n\n{note}" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n")
    return HEAD + "\n".join(sections)


def _row(event: EventType) -> tuple[str, ...]:
    takers = (event.service,) if event.direction == "intake" else event.consumers
    shown = f"[example](examples/{event.type}.json)"
    about = (f"`{event.type}`", f"`{event.topic}`", f"`{event.key}`", event.purpose, ", ".join(takers) or "-")
    return (*about, *_links(event.type), shown)


def _answer_rows(service: str) -> Iterator[tuple[str, ...]]:
    readers = ((feedback_topic(service), "publishers"), (quarantine_topic(service), "operators"))
    for answer, (topic, reader) in zip(ANSWER_TYPES, readers, strict=True):
        name, says = message_name(answer, service), (answer.__doc__ or "").partition(".")[0]
        about = (f"`{name}`", f"`{topic}`", "of the record", f"{says}.", reader)
        yield (*about, *_links(f"{answer.__name__}.v1"), "in the schema")


def _links(name: str) -> tuple[str, str]:
    return f"[open](schemas/{name}.json)", f"[closed](schemas/{name}.writer.json)"


def drift(folder: Path = FOLDER) -> list[str]:
    """Which files are not as they would be made, are missing, or are there for nothing."""
    return generated.drift(documents(), folder)


def write(folder: Path = FOLDER) -> None:
    """Make the folder what the registry says, no more and no less."""
    generated.write(documents(), folder)


if __name__ == "__main__":
    generated.main("shared.contracts.generate", __doc__, "the registry says", documents(), FOLDER)
