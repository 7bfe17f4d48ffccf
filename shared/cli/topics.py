"""Reading topics without a consumer group: nothing is committed, so looking disturbs nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from heapq import merge
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, UnknownTopicOrPartitionError

from shared.cli.places import Places
from shared.cli.saying import Away

CONNECT_WITHIN = 10.0  # seconds
NOBODY = "nobody answers there as Kafka does"
LOOK = 200  # ms that a poll waits


@asynccontextmanager
async def reader(places: Places, topics: Sequence[str], *, from_start: bool) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of all partitions of these topics, standing at their start or at their end."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=places.kafka,
        group_id=None,
        auto_offset_reset="earliest" if from_start else "latest",
        enable_auto_commit=False,
        request_timeout_ms=10_000,
        isolation_level="read_committed",
    )
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            await consumer.start()
            await _stand(consumer)
        yield consumer
    except UnknownTopicOrPartitionError as error:
        why = f"Kafka at {places.kafka} has not all topics of {', '.join(topics)}."
        raise Away(why, "Topics are made by `make run`, and by whoever operates Kafka elsewhere.") from error
    except (KafkaError, TimeoutError, OSError) as error:
        raise away(places, error) from error
    finally:
        with suppress(Exception):
            await asyncio.wait_for(consumer.stop(), CONNECT_WITHIN)


async def _stand(consumer: AIOKafkaConsumer) -> None:
    for partition in consumer.assignment():
        await consumer.position(partition)  # it is found when it is asked for; what is sent later is then seen


async def ends_of(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """Where the topics end now."""
    ends: dict[TopicPartition, int] = await consumer.end_offsets(list(consumer.assignment()))
    return ends


async def arriving(consumer: AIOKafkaConsumer) -> AsyncIterator[list[ConsumerRecord[Any, Any]]]:
    """What arrives, each poll's records about in the order of time; an empty list when nothing came for a moment."""
    while True:
        found = await consumer.getmany(timeout_ms=LOOK)
        # Merged, not sorted: the order of a partition holds, whatever the times in it say.
        yield list(merge(*found.values(), key=lambda record: record.timestamp))


def away(places: Places, error: Exception) -> Away:
    """Kafka does not answer."""
    reason = NOBODY if isinstance(error, (KafkaConnectionError, TimeoutError)) else str(error) or type(error).__name__
    return Away(f"Kafka at {places.kafka} cannot be reached ({reason}).", places.start_it("KAFKA_URL"))
