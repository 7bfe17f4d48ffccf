"""`yizhan tail`: what arrives on topics, one line for each record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import msgspec
import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.cli.names import TopicName, known_type, topics_of, type_is
from shared.cli.places import places
from shared.cli.saying import AsJson, Failure, Instance, NothingFound, Say, command
from shared.cli.tables import steerless
from shared.cli.topics import arriving, ends_of, reader


def register(app: typer.Typer) -> None:
    command(app, "tail", "yizhan tail points --from-start --key W13 --type PointsEarned", interrupted=0)(tail)


class Line(NamedTuple):
    """A record as it is shown. Its data is text where it is not JSON."""

    topic: str
    partition: int
    offset: int
    time: datetime
    key: str | None
    type: str | None
    headers: dict[str, str]
    data: Any


async def tail(
    topic: TopicName,
    from_start: Annotated[bool, typer.Option("--from-start", help="All that is kept, then what arrives.")] = False,
    key: Annotated[str | None, typer.Option(help="Only records of this key.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only this type, as in PointsEarned.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    no_follow: Annotated[bool, typer.Option("--no-follow", help="End where the topics end now.")] = False,
    as_json: AsJson = False,
    instance: Instance = None,
) -> None:
    """Follow topics: events, answers, and what was set aside. Ends on Ctrl-C."""
    say, names = Say(as_json), topics_of(topic)
    if no_follow and not from_start:
        raise Failure("There is nothing to show up to now.", "Give --from-start with it.", field="--no-follow")
    wanted = known_type(kind) if kind else None
    shown = await _follow(say, instance, names, from_start, _Filter(key, wanted, count), no_follow)
    if no_follow and not shown:
        raise NothingFound("No record is as asked for.", "Leave a filter out, or name another topic.")


class _Filter(NamedTuple):
    key: str | None
    type: str | None
    most: int | None

    def passes(self, line: Line) -> bool:
        return self.key in (None, line.key) and (self.type is None or type_is(self.type, line.type or ""))


async def _follow(
    say: Say, instance: str | None, names: list[str], from_start: bool, only: _Filter, no_follow: bool
) -> int:
    shown = 0
    async with reader(places(instance), names, from_start=from_start) as consumer:
        ends = await ends_of(consumer) if no_follow else {}
        async for records in arriving(consumer):
            for record in records:
                line = read_line(record)
                before = not no_follow or record.offset < ends[TopicPartition(record.topic, record.partition)]
                if before and only.passes(line):
                    say.answer(line._asdict(), as_text(line))
                    shown += 1
                if shown == only.most:
                    return shown
            if no_follow and await _reached(consumer, ends):
                return shown
    return shown


async def _reached(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    return all([await consumer.position(partition) >= end for partition, end in ends.items()])


def read_line(record: ConsumerRecord[Any, Any]) -> Line:
    """A record of any kind: also one that our own reader would set aside has a line."""
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    key = None if record.key is None else record.key.decode("utf-8", "replace")
    data = _data(record.value)
    kind = headers.get("ce_type")
    if kind is None and isinstance(data, dict) and isinstance(data.get("type"), str):
        kind = data["type"]  # a structured event carries its attributes inside
    moment = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return Line(record.topic, record.partition, record.offset, moment, key, kind, headers, data)


def _data(value: bytes | None) -> Any:
    try:
        return msgspec.json.decode(value or b"null")
    except msgspec.DecodeError:
        return (value or b"").decode("utf-8", "replace")


def as_text(line: Line) -> str:
    """When, where, what about whom, and the data; an answer's status comes first, as that is looked for."""
    place = f"{line.topic}/{line.partition}/{line.offset}"
    name = (line.type or "?").removeprefix("cn.yizhan.")
    data = dict(line.data) if isinstance(line.data, dict) else {"": line.data}
    first = [str(data.pop(key)) for key in ("status", "code") if key in data]
    rest = [f"{name}={_value(value)}" if name else repr(value) for name, value in data.items() if value is not None]
    parts = [f"{line.time:%Y-%m-%d %H:%M:%S}", place, name, line.key or "-", *first, " ".join(rest)]
    return steerless("  ".join(parts), kept="")  # a record is a line, whatever it holds


def _value(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
