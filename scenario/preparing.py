"""What must be there before a service starts: topics, and tables of this version."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from scenario.service_process import SERVICES
from shared.contracts.event_type import PARTITIONS, events_topic, intake_topic, topics
from shared.contracts.registry import PRODUCERS
from shared.kafka import make_topics
from shared.migrating import migrate
from shared.service import Service

DESCRIBED: Mapping[str, Service] = {name: import_module(f"services.{name}.main").SERVICE for name in SERVICES}

BEGUN = "select position > 0 from log_head"
STORE = "insert into consumer_offset (topic, part, next_offset) values (%s, %s, %s) on conflict do nothing"


def prepare(kafka: str, databases: Mapping[str, str]) -> None:
    """Topics and tables, side by side."""
    wanted = [topic for name in PRODUCERS for topic in topics(name)]
    with ThreadPoolExecutor(1) as beside:
        made = beside.submit(asyncio.run, make_topics(kafka, wanted))
        for name, url in databases.items():  # one by one: Alembic keeps what it works on in its module
            migrate(name, url, DESCRIBED[name].all_projections)
        made.result()


async def pass_over_what_is_there(kafka: str, databases: Mapping[str, str]) -> None:
    """Kafka servers that were given may hold what an earlier run has sent: a log that is empty begins behind it."""
    ends = await _ends(kafka, [topic(name) for name in PRODUCERS for topic in (intake_topic, events_topic)])
    for url in databases.values():
        with psycopg.connect(url) as connection:
            begun = connection.execute(BEGUN).fetchone()
            if begun is not None and not begun[0]:
                rows = [(partition.topic, partition.partition, end) for partition, end in ends.items()]
                connection.cursor().executemany(STORE, rows)


async def _ends(kafka: str, names: list[str]) -> dict[TopicPartition, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    try:
        partitions = [TopicPartition(name, number) for name in names for number in range(PARTITIONS)]
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        return ends
    finally:
        await consumer.stop()
