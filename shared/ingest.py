"""Kafka in: pages of records become rows of the log, once each, in the order of their partition.

No business code runs here, so nothing can stop a partition: what cannot be read is set aside in the same transaction,
with an answer to its publisher. Offsets live in the database, beside the rows; ids do the de-duplication.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from sqlalchemy import text

from shared import failpoints, kafka
from shared.answering import duplicate_answer
from shared.contracts.answers import IntakeAnswered
from shared.contracts.event_type import events_topic, intake_topic, topics
from shared.contracts.registry import taken_by
from shared.database import Connection, Database, Link, retrying
from shared.errors import Unavailable, YizhanError
from shared.kafka import CONSUMER, PauseBackoff, Sender, passthrough, tolerant_parser
from shared.page import PageBuilder, Taken
from shared.relay import answer_record
from shared.waking import Signal

log = logging.getLogger(__name__)

DRAIN = 25.0  # seconds that a revocation waits for the page in flight; below rebalance_timeout_ms
TOPICS_KNOWN = 30_000  # ms until the topics are looked up again; by default one made anew goes unread for 5 minutes

TAKE_PAGE = """select fate from take_page(
    %b::text[], %b::int[], %b::bigint[], %b::int[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[],
    %b::text[], %b::smallint[], %b::text[], %b::text[], %b::bigint[], %b::bytea[], %b)"""


class Ingest:
    """Consumes a service's intake topic and the published events that it takes from others."""

    def __init__(
        self,
        service: str,
        database: Database,
        kafka_url: str,
        builder: PageBuilder,
        sender: Sender,
        signal: Signal,
        member: str | None = None,
    ) -> None:
        self._service, self._database, self._kafka = service, database, kafka_url
        self._builder, self._sender, self._signal, self._member = builder, sender, signal, member
        self._link = Link(database, "ingest")
        self._lock = asyncio.Lock()
        self._consumer: Any = None
        self._ends = kafka.TopicEnds(kafka_url)
        self.trouble: str | None = "not connected to Kafka yet"
        self.answered = 0  # duplicates and reused ids answered directly
        others = {events_topic(event.service) for event in taken_by(service).values() if event.direction == "published"}
        self._intake = intake_topic(service)
        self.topics = sorted({self._intake, *others})

    async def run(self) -> None:
        """Consume until cancelled. While Kafka is away it is tried again with back-off."""
        try:
            while True:
                await retrying(self._topics_ready, "waiting for the topics")
                broker = self._broker()
                try:
                    await broker.start()
                    self.trouble = None
                    await asyncio.Event().wait()
                except (OSError, KafkaError) as error:
                    self.trouble = f"Kafka is away: {error}"
                    log.warning("%s", self.trouble, extra={"action": "ingest_waits"})
                    await asyncio.sleep(kafka.BACKOFF_FIRST)
                finally:
                    await kafka.stop(broker)
        finally:
            await self._ends.close()
            await self._link.close()

    async def behind(self) -> int:
        """Records on our partitions that are not in the log yet."""
        if self.trouble is not None or self._consumer is None:
            return 1
        assigned = self._consumer.assignment()
        ends = await self._ends.of(assigned)
        async with self._database.engine.connect() as db:
            rows = await db.execute(text("select topic, part, next_offset from consumer_offset"))
            reached = {TopicPartition(topic, part): offset for topic, part, offset in rows}
        return sum(max(0, end - reached.get(partition, 0)) for partition, end in ends.items()) if assigned else 1

    async def ends(self) -> dict[tuple[str, int], int]:
        """Where our topics end, by topic and partition, whichever process reads them. Raises `Unavailable`."""
        return {(part.topic, part.partition): end for part, end in (await self._ends.of_topics(self.topics)).items()}

    def _broker(self) -> KafkaBroker:
        broker = KafkaBroker(
            self._kafka,
            client_id=self._service,
            allow_auto_create_topics=False,
            metadata_max_age_ms=TOPICS_KNOWN,
            graceful_timeout=DRAIN,
            middlewares=[PauseBackoff()],
            logger=None,
        )
        listener = _Assignments(self)
        subscriber = broker.subscriber(
            *self.topics,
            batch=True,
            group_id=self._service,
            group_instance_id=self._member,
            listener=listener,
            ack_policy=AckPolicy.NACK_ON_ERROR,
            decoder=passthrough,
            parser=tolerant_parser,
            **CONSUMER,
        )
        listener.subscriber = subscriber
        subscriber(self._handle)
        return broker

    async def _topics_ready(self) -> None:
        """A topic that is missing would block the consumer's start without a word."""
        services = sorted({name.partition(".")[0] for name in self.topics})
        missing = await kafka.missing_topics(self._kafka, [t for service in services for t in topics(service)])
        if missing:
            raise Unavailable(f"topics are missing: {', '.join(topic.name for topic in missing)}. Make them first")

    async def _handle(self, records: Any) -> None:
        """One page. An error passes it back to Kafka: its partitions are paused and the page is read again."""
        try:
            async with self._lock:
                await self._take(await self._link.get(), records)
            self.trouble = None
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {error}"
            log.warning("a page waits: %s", self.trouble, extra={"action": "page_waits"})
            raise

    async def _take(self, connection: Connection, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        """Take what one poll brought, of all partitions at once: each would wait for the log and the disk by itself."""
        page = await self._builder.build(connection, records)
        try:
            await self._store(connection, page)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(records) > 1:  # find the record that PostgreSQL refuses; the others are taken
                middle = len(records) // 2
                await self._take(connection, records[:middle])
                await self._take(connection, records[middle:])
                return
            log.error("a record cannot be stored", exc_info=error, extra={"action": "record_refused"})
            await self._store(connection, await self._builder.refused(connection, records[0]))

    async def _store(self, connection: Connection, page: Taken) -> None:
        failpoints.hit("ingest.before_store")
        cursor = await connection.execute(TAKE_PAGE, page.columns(), prepare=True)
        row = await cursor.fetchone()
        if row is None:
            raise YizhanError("take_page answered nothing")
        failpoints.hit("ingest.after_store")
        fate: list[str] = row[0] or []
        if "new" in fate:
            self._signal.appended(page.rows.type)
        if "duplicate" in fate or "reused" in fate:
            await self._answer_known(page, fate)
        if "passed" in fate:
            await self._check_made_anew(connection, page.passed(fate))

    async def _check_made_anew(self, connection: Connection, partitions: list[TopicPartition]) -> None:
        """Records below the stored offset are a former owner's late page, or the topic was made anew under us."""
        ends = await self._consumer.end_offsets(partitions) if partitions and self._consumer is not None else {}
        reached = await _offsets(connection)
        anew = [partition for partition, end in ends.items() if reached.get(partition, 0) > end]
        for partition in anew:
            await _begin_anew(connection, partition)
        if anew:
            raise Unavailable(f"{anew} were made anew: the page is read again")

    async def _answer_known(self, page: Taken, fate: list[str]) -> None:
        """Duplicates and reused ids change nothing, so their answers are best effort."""
        answers: list[tuple[str, IntakeAnswered]] = [
            (stream.partition("/")[2], duplicate_answer(source, identity, reused=what == "reused"))
            for what, identity, source, topic, stream in zip(
                fate, page.rows.id, page.origin, page.rows.category, page.rows.stream, strict=True
            )
            if what in ("duplicate", "reused") and topic == self._intake
        ]
        if not answers:
            return
        self.answered += len(answers)
        try:
            await self._sender.send([answer_record(self._service, key, answer) for key, answer in answers])
        except YizhanError as error:
            log.warning("duplicates were not answered: %s", error, extra={"action": "answers_skipped"})

    async def start_at_stored(self, consumer: Any, assigned: Iterable[TopicPartition]) -> None:
        """Read on where the log is, whatever Kafka remembers; a topic made anew starts again from its beginning."""
        self._consumer = consumer
        partitions = list(assigned)
        if not partitions:
            return
        connection = await self._database.connect("offsets")
        async with connection:
            stored = await _offsets(connection)
            ends = await consumer.end_offsets(partitions)
            for partition in partitions:
                reached = stored.get(partition, 0)
                if reached > ends[partition]:
                    await _begin_anew(connection, partition)
                    reached = 0
                consumer.seek(partition, reached)


NEW_EPOCH = "update consumer_offset set next_offset = 0, epoch = epoch + 1 where topic = %s and part = %s"


async def _begin_anew(connection: Connection, partition: TopicPartition) -> None:
    log.error("%s was made anew: reading it from its start", partition, extra={"action": "topic_anew"})
    await connection.execute(NEW_EPOCH, (partition.topic, partition.partition))


async def _offsets(connection: Connection) -> dict[TopicPartition, int]:
    rows = await (await connection.execute("select topic, part, next_offset from consumer_offset")).fetchall()
    return {TopicPartition(topic, part): reached for topic, part, reached in rows}


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]
    """Revocation waits for the page in flight; assignment starts where the database says."""

    subscriber: Any = None

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        if revoked and self.subscriber is not None:
            await self.subscriber.lock.wait_release(DRAIN)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        consumer, partitions = self.subscriber.consumer, list(assigned)
        await retrying(lambda: self._ingest.start_at_stored(consumer, partitions), "reading the stored offsets")
