"""Topics as a test sees them: what others would send, byte by byte, and everything that has arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from msgspec import json

from shared.contracts.envelope import headers_of

Headers = Sequence[tuple[str, bytes | None]]
PARTITIONS = 6


class Raw(NamedTuple):
    """A record as its publisher sends it, good or bad."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


def binary(type_name: str, identity: str, source: str, subject: str, data: Any, **more: str) -> Raw:
    """A CloudEvent in binary mode; `more` are further attributes, and `traceparent`."""
    trace = {"traceparent": more.pop("traceparent")} if "traceparent" in more else {}
    attributes = {"id": identity, "source": source, "type": type_name, "subject": subject, **more}
    headers = {**headers_of(attributes), **trace}
    return Raw(subject.encode(), json.encode(data), [(name, text.encode()) for name, text in headers.items()])


class Publisher:
    """Somebody else's producer: it keeps order, and checks nothing."""

    def __init__(self, kafka: str) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True, max_request_size=8_000_000)

    async def __aenter__(self) -> Publisher:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(self, topic: str, *records: Raw) -> list[str]:
        """Send in order; answers the place of each record, `topic/partition/offset`."""
        futures = [
            await self._producer.send(
                topic, key=record.key, value=record.value, headers=list(record.headers), partition=record.partition
            )
            for record in records
        ]
        sent = await asyncio.gather(*futures)
        return [f"{one.topic}/{one.partition}/{one.offset}" for one in sent]


async def read_all(kafka: str, *topics: str) -> list[ConsumerRecord[Any, Any]]:
    """Every record that these topics hold now, each partition in its order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        wanted = {partition: end for partition, end in ends.items() if end > starts[partition]}
        consumer.assign(list(wanted))
        return await _until(consumer, wanted)
    finally:
        await consumer.stop()


async def _until(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> list[ConsumerRecord[Any, Any]]:
    found: list[ConsumerRecord[Any, Any]] = []
    async with asyncio.timeout(30):
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [one for one in records if one.offset < ends[TopicPartition(one.topic, one.partition)]]
    return found


def header(record: ConsumerRecord[Any, Any], name: str) -> str | None:
    """The text of a header, if the record has it."""
    for key, value in record.headers:
        if key == name:
            return str(value.decode())
    return None


def answers(records: Iterable[ConsumerRecord[Any, Any]]) -> list[dict[str, Any]]:
    """The data of answers on a feedback topic."""
    return [json.decode(record.value) for record in records]
