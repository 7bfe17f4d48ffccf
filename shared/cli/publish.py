"""`yizhan publish`: send an intake event, checked before it leaves, and hear what became of it."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import typer
from aiokafka import AIOKafkaConsumer
from pydantic import ValidationError

from shared.cli.names import INTAKE, EventName, did_you_mean, event_of, short
from shared.cli.places import Places, places
from shared.cli.saying import AsJson, Failure, Instance, NothingFound, Say, command
from shared.cli.topics import arriving, away, reader
from shared.contracts.envelope import Unreadable, headers_of, parse_json, read
from shared.contracts.event_type import EventType, feedback_topic
from shared.contracts.model import Contract, first_fault
from shared.errors import Unavailable
from shared.kafka import Record, Sender

SOURCE = "/yizhan/cli"


def register(app: typer.Typer) -> None:
    command(app, "publish", "yizhan publish points.PatrolReported --file report.json --wait")(publish)


async def publish(
    event: EventName,
    data: Annotated[str | None, typer.Option(help="The event's data, a JSON object.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file with it; else it is read from standard input.")] = None,
    source: Annotated[str, typer.Option(help="Who says so; source and id together are the event.")] = SOURCE,
    identity: Annotated[str | None, typer.Option("--id", help="Sent again under its id it counts once.")] = None,
    subject: Annotated[str | None, typer.Option(help="What it is about; must be the contract's key field.")] = None,
    time: Annotated[str | None, typer.Option(help="When it happened, with an offset. Default: its receipt.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the answer; refused is exit code 1.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that --wait waits.")] = 30.0,
    example: Annotated[bool, typer.Option("--example", help="Print the data of an example, and send nothing.")] = False,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Check an intake event and send it to its service. What its contract does not take is not sent."""
    say, known = Say(as_json), event_of(event)
    if example:
        shown = json.dumps(dict(known.example), ensure_ascii=False, indent=None if as_json else 2)
        say.answer(dict(known.example), shown)
        return
    if known.direction != "intake":
        why = f"{short(known)} is published by {known.service}: nobody else may send it."
        raise Failure(why, f"Publish one of: {INTAKE}.", field="EVENT")
    contract = contract_of(known, _given(data, file))
    name = str(uuid4()) if identity is None else identity
    attributes = _attributes(known, contract, {"id": name, "source": source, "time": time}, subject)
    record = Record(known.topic, attributes["subject"], headers_of(attributes), contract.canonical())
    _as_its_reader_will(record)
    await _send(say, places(instance), record, wait, timeout)


def _given(data: str | None, file: Path | None) -> bytes:
    if data is not None and file is not None:
        raise Failure("Both --data and --file are given.", "Give one of them.", field="--data")
    if data is not None:
        return data.encode()
    if file is not None:
        try:
            return file.read_bytes()
        except OSError as error:
            raise Failure(f"{file} cannot be read ({error.strerror}).", "Name another file.", field="--file") from error
    piped = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    if not piped.strip():
        raise Failure("There is no data.", "Give --data or --file, or pipe it in; --example shows some.", field="data")
    return piped


def contract_of(event: EventType, value: bytes) -> Contract:
    """The data as its contract reads it; a field that the contract does not know is a slip, so it is refused here."""
    try:
        parse_json(value)
        return event.model.model_validate_json(value, extra="forbid")
    except Unreadable as fault:
        raise Failure(fault.remedy, _see(event), field="data") from fault
    except ValidationError as error:
        path, kind, message = first_fault(error)
        if kind == "extra_forbidden":
            meant = did_you_mean(path[-1], event.model.model_fields) if len(path) == 1 else ""
            raise Failure(f"The contract has no such field.{meant}", _see(event), field=".".join(path)) from error
        raise Failure(f"{message}.", _see(event), field=".".join(path) or "data") from error


def _see(event: EventType) -> str:
    return f"Correct it; for a whole one: yizhan publish {short(event)} --example"


def _attributes(
    event: EventType, contract: Contract, given: dict[str, str | None], subject: str | None
) -> dict[str, str]:
    key = str(getattr(contract, event.key))
    if subject is not None and subject != key:
        why = f"The subject must be the event's {event.key}, which is {key!r}, as order is kept by it."
        raise Failure(why, "Leave --subject out: it is taken from the data.", field="--subject")
    for name in ("id", "source"):
        if not given[name]:
            raise Failure("It is empty.", "Give some text, or leave it out.", field=f"--{name}")
    if given["time"] is not None:
        moment_of(given["time"], "--time")
    attributes = {name: text for name, text in given.items() if text is not None}
    return {**attributes, "type": event.type, "subject": key}


def moment_of(text: str, field: str) -> datetime:
    """A time that says its offset."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
        why = "it has no offset"
    except ValueError:
        why = "it is not ISO 8601"
    remedy = "Write it as in 2026-01-23T05:35:00+08:00."
    raise Failure(f"{text!r} is no time here: {why}.", remedy, field=field)


def _as_its_reader_will(record: Record) -> None:
    """What ingest would set aside is not sent."""
    try:
        read([(name, text.encode()) for name, text in record.headers.items()], record.key.encode(), record.body)
    except Unreadable as fault:
        field = f"--{fault.field}" if fault.field in ("id", "source", "time", "subject") else fault.field
        raise Failure(fault.remedy, "Correct it and publish again.", field=field) from fault


async def _send(say: Say, where: Places, record: Record, wait: bool, timeout: float) -> None:
    feedback = feedback_topic(record.topic.partition(".")[0])
    # Also without --wait: a topic that is missing, or a Kafka that is away, is told at once and not after a time-out.
    async with reader(where, [feedback, record.topic], from_start=False) as consumer:
        sender = Sender(where.kafka, "yizhan-cli")
        try:
            await sender.send([record])
        except Unavailable as error:
            raise away(where, error) from error
        finally:
            await sender.close()
        sent = {"topic": record.topic, "key": record.key, **_named(record)}
        if not wait:
            say.answer(sent, f"sent {sent['id']} to {record.topic}, key {record.key}")
            return
        answer = await _answer(consumer, feedback, sent, timeout)
    _conclude(say, sent, answer)


def _named(record: Record) -> dict[str, str]:
    return {name: record.headers[f"ce_{name}"] for name in ("type", "source", "id")}


async def _answer(consumer: AIOKafkaConsumer, topic: str, sent: dict[str, str], timeout: float) -> dict[str, Any]:
    try:
        async with asyncio.timeout(timeout):
            async for records in arriving(consumer):
                for one in records:
                    answer = msgspec.json.decode(one.value) if one.topic == topic else {}
                    if (answer.get("source"), answer.get("id")) == (sent["source"], sent["id"]):
                        return dict(answer)
    except TimeoutError:
        pass
    why = f"It was sent as {sent['id']}, and nobody answered within {timeout:g} s."
    raise NothingFound(why, "Look whether the service runs; sent again under the same --id it counts once.")


def _conclude(say: Say, sent: dict[str, str], answer: dict[str, Any]) -> None:
    status = answer["status"]
    details = [answer[name] for name in ("code", "field", "remedy", "position") if answer.get(name)]
    say.answer({**sent, "answer": answer}, f"{status} {sent['id']}" + "".join(f"  {detail}" for detail in details))
    if status in ("refused", "quarantined"):
        raise typer.Exit(1)
