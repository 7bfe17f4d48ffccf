"""How we talk to Kafka: one place for every setting of consumers and producers that correctness rests on.

The reasons are measured ones: the defaults lose, repeat or reorder records (see docs/decisions/0003).
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from random import uniform
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from faststream import BaseMiddleware
from faststream.kafka import KafkaBroker

from shared.contracts.event_type import Topic
from shared.errors import Unavailable

log = logging.getLogger(__name__)

SEND_TIMEOUT = 10.0  # seconds for a page to be acknowledged; an idempotent producer by itself would wait for ever
STOP_TIMEOUT = 5.0  # seconds for a broker client to stop; likewise
BACKOFF_FIRST, BACKOFF_MOST = 0.2, 10.0  # seconds

CONSUMER: Mapping[str, Any] = {
    "auto_offset_reset": "earliest",
    "session_timeout_ms": 30_000,
    "heartbeat_interval_ms": 1_000,
    "rebalance_timeout_ms": 30_000,
    "max_poll_interval_ms": 120_000,
    "max_records": 1_000,
    "batch_timeout_ms": 2,  # after an empty poll FastStream sleeps as long again: 100 ms would delay an event by 70
    "isolation_level": "read_committed",
}


class Record(NamedTuple):
    """A record to send."""

    topic: str
    key: str
    headers: dict[str, str]
    body: bytes


class Sender:
    """Sends records in order, each acknowledged by all replicas. After trouble the producer is made anew."""

    def __init__(self, kafka: str, client: str) -> None:
        self._kafka, self._client = kafka, client
        self._broker: KafkaBroker | None = None
        self._lock = asyncio.Lock()

    async def send(self, records: Iterable[Record]) -> None:
        """Send and wait for all acknowledgements. Raises `Unavailable`: then some may have been sent, in order."""
        async with self._lock:
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    broker = self._broker or await self._start()
                    futures = [await self._enqueue(broker, record) for record in records]
                    await asyncio.gather(*futures)
            except (KafkaError, TimeoutError, OSError) as error:
                await self._drop()
                raise Unavailable(f"Kafka does not take what we send ({type(error).__name__}: {error})") from error

    async def close(self) -> None:
        async with self._lock:
            await self._drop()

    @staticmethod
    async def _enqueue(broker: KafkaBroker, record: Record) -> asyncio.Future[Any]:
        return await broker.publish(
            record.body,
            record.topic,
            key=record.key.encode(),
            headers=record.headers,
            correlation_id=record.headers.get("ce_correlationid", ""),
            no_confirm=True,
        )

    async def _start(self) -> KafkaBroker:
        broker = KafkaBroker(
            self._kafka,
            client_id=self._client,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=131_072,
            compression_type="zstd",
            request_timeout_ms=10_000,
            allow_auto_create_topics=False,
            logger=None,
        )
        await broker.start()
        self._broker = broker
        return broker

    async def _drop(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            await stop(broker)


async def stop(broker: KafkaBroker) -> None:
    """Stop a broker client; while Kafka is away this would wait without end, so it is given up after a while."""
    with suppress(Exception):
        await asyncio.wait_for(broker.stop(), STOP_TIMEOUT)


async def missing_topics(kafka: str, topics: Iterable[Topic]) -> list[Topic]:
    """Which of these topics are not there. Raises `Unavailable` while Kafka cannot be reached."""
    async with _admin(kafka) as admin:
        there = set(await admin.list_topics())
        return [topic for topic in topics if topic.name not in there]


async def make_topics(kafka: str, topics: Iterable[Topic], *, replication: int = 1) -> None:
    """Make the topics that are missing; for development and tests, as in production no service may."""
    missing = await missing_topics(kafka, topics)
    if not missing:
        return
    new = [NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.config) for topic in missing]
    async with _admin(kafka) as admin:
        answer = await admin.create_topics(new)
    for name, code, *_ in answer.topic_errors:
        if code and not issubclass(for_code(code), TopicAlreadyExistsError):
            raise Unavailable(f"the topic {name} cannot be made: {for_code(code).__name__}")


@asynccontextmanager
async def _admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka, request_timeout_ms=10_000)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka at {kafka} cannot be reached ({error})") from error
    finally:
        with suppress(Exception):
            await admin.close()


class TopicEnds:
    """Where topics end, asked on a connection of its own: a consumer's may be held by a fetch for half a second."""

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._client: AIOKafkaConsumer | None = None
        self._lock = asyncio.Lock()

    async def of(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The end offset of each. Raises `Unavailable`."""
        async with self._lock:
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    client = self._client or await self._start()
                    ends: dict[TopicPartition, int] = await client.end_offsets(list(partitions))
                    return ends
            except (KafkaError, TimeoutError, OSError) as error:
                await self._drop()
                raise Unavailable(f"Kafka does not tell where its topics end ({error})") from error

    async def of_topics(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        """The end of every partition of these that holds anything. Raises `Unavailable`."""
        names = list(topics)
        await self.of(TopicPartition(name, 0) for name in names)  # from now on their partitions are known
        async with self._lock:
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    client = self._client or await self._start()
                    parts = [
                        TopicPartition(name, part) for name in names for part in client.partitions_for_topic(name) or ()
                    ]
                    begins, ends = await client.beginning_offsets(parts), await client.end_offsets(parts)
                    return {part: end for part, end in ends.items() if end > begins[part]}
            except (KafkaError, TimeoutError, OSError) as error:
                await self._drop()
                raise Unavailable(f"Kafka does not tell where its topics end ({error})") from error

    async def close(self) -> None:
        async with self._lock:
            await self._drop()

    async def _start(self) -> AIOKafkaConsumer:
        self._client = AIOKafkaConsumer(bootstrap_servers=self._kafka, group_id=None)
        await self._client.start()
        return self._client

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                await asyncio.wait_for(client.stop(), STOP_TIMEOUT)


class PauseBackoff:
    """Pauses only the partitions whose page failed, longer each time; the others go on."""

    def __init__(self) -> None:
        self.failures: Counter[TopicPartition] = Counter()

    def __call__(self, msg: Any, /, *, context: Any) -> BaseMiddleware[Any, Any]:
        return _Pause(msg, context=context, owner=self)


class _Pause(BaseMiddleware[Any, Any]):
    def __init__(self, msg: Any, /, *, context: Any, owner: PauseBackoff) -> None:
        super().__init__(msg, context=context)
        self._owner = owner

    async def consume_scope(self, call_next: Any, msg: Any) -> Any:
        partitions = {TopicPartition(record.topic, record.partition) for record in msg.raw_message}
        try:
            result = await call_next(msg)
        except Exception:
            for partition in partitions & msg.consumer.assignment():
                self._pause(msg.consumer, partition)
            raise
        for partition in partitions:
            self._owner.failures.pop(partition, None)
        return result

    def _pause(self, consumer: Any, partition: TopicPartition) -> None:
        self._owner.failures[partition] += 1
        consumer.pause(partition)
        delay = min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** (self._owner.failures[partition] - 1)) * uniform(0.7, 1)
        resume = lambda: consumer.resume(partition) if partition in consumer.assignment() else None  # noqa: E731
        asyncio.get_running_loop().call_later(delay, resume)


async def tolerant_parser(msg: Any, original: Any) -> Any:
    """FastStream's parser, kept from skipping records with a null or non-UTF-8 header: it sees a harmless copy.

    Our handler sees the records as they came: an id that was mended would be another event's id, or nobody's.
    """
    message = await original(tuple(_harmless(record) for record in msg))
    message.raw_message = msg
    return message


def _harmless(record: ConsumerRecord[Any, Any]) -> ConsumerRecord[Any, Any]:
    if all(value is not None and value.isascii() for _, value in record.headers):
        return record
    headers = tuple((name, (value or b"").decode("utf-8", "replace").encode()) for name, value in record.headers)
    return dataclasses.replace(record, headers=headers)


async def passthrough(msg: Any) -> Any:
    """No second decoding, no injection: the handler gets the records themselves.

    Not the message, which would then hold itself as its body: a cycle keeps a thousand records until it is collected.
    """
    return msg.raw_message
