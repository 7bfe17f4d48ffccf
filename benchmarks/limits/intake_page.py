"""The hand-written limit of intake: one page of records, one transaction.

Decode and validate, decide in memory, copy the events, update the stations' snapshots, the read table and the offsets,
commit. It answers nobody, keeps no command, checks no version and sets nothing aside.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.checkin import MemberScanned

PAGE = 1_000

SCHEMA = """
create table received (source text, id text, primary key (source, id));
create table event (position bigint generated always as identity primary key,
  stream text not null, version int not null, type text not null, data json not null, meta json not null,
  recorded_at timestamptz not null default now(), unique (stream, version));
create table snapshot (stream text primary key, version int not null, state json not null);
create table board (station text primary key, inside int not null);
create table reached (topic text, part int, offset_ bigint, primary key (topic, part));
"""
FRESH = "insert into received select * from unnest($1::text[], $2::text[]) on conflict do nothing returning id"
SNAPSHOTS = """insert into snapshot select * from unnest($1::text[], $2::int[], $3::json[])
  on conflict (stream) do update set version = excluded.version, state = excluded.state"""
BOARD = """insert into board select * from unnest($1::text[], $2::int[])
  on conflict (station) do update set inside = board.inside + excluded.inside"""
REACHED = "insert into reached values ($1, $2, $3) on conflict (topic, part) do update set offset_ = excluded.offset_"


class IntakePage:
    """Takes a topic from its beginning, page by page."""

    def __init__(self, db: asyncpg.Connection, kafka: str, topic: str, partitions: int) -> None:
        self._db, self._kafka = db, kafka
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._states: dict[str, dict[str, int]] = {}

    async def take(self, count: int) -> float:
        """Seconds from the first record's arrival until so many are in the database."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._kafka, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(self._partitions)
            await consumer.seek_to_beginning()
            taken, began = 0, 0.0
            while taken < count:
                polled = await consumer.getmany(timeout_ms=500, max_records=PAGE)
                began = began or (time.perf_counter() if polled else 0.0)
                if polled:
                    await self._page(polled)
                    taken += sum(len(records) for records in polled.values())
            return time.perf_counter() - began
        finally:
            await consumer.stop()

    async def _page(self, polled: dict[TopicPartition, list[Any]]) -> None:
        decoded = {}
        for records in polled.values():
            for record in records:
                headers = {name: value.decode() for name, value in record.headers}
                scan = MemberScanned.model_validate_json(record.value)
                decoded[headers["ce_source"], headers["ce_id"]] = (scan, headers)
        async with self._db.transaction():
            known = list(decoded)
            fresh = await self._db.fetch(FRESH, [source for source, _ in known], [identity for _, identity in known])
            identities = {row[0] for row in fresh}
            await self._write([one for (_, identity), one in decoded.items() if identity in identities])
            for partition, records in polled.items():
                await self._db.execute(REACHED, partition.topic, partition.partition, records[-1].offset + 1)

    async def _write(self, scans: list[tuple[MemberScanned, dict[str, str]]]) -> None:
        rows, inside = [], Counter[str]()
        for scan, headers in scans:
            state = self._states.setdefault(scan.station_id, {"version": 0, "inside": 0})
            state["version"] += 1
            state["inside"] += 1
            inside[scan.station_id] += 1
            data = json.dumps({"member_id": scan.member_id, "gate_id": scan.gate_id, "at": headers["ce_time"]})
            meta = json.dumps({"causation_id": headers["ce_id"], "traceparent": headers["traceparent"]})
            rows.append((scan.station_id, state["version"], "VisitStarted", data, meta))
        columns = ["stream", "version", "type", "data", "meta"]
        await self._db.copy_records_to_table("event", records=rows, columns=columns)
        states = [(name, self._states[name]) for name in sorted(inside)]
        versions, texts = [state["version"] for _, state in states], [json.dumps(state) for _, state in states]
        await self._db.execute(SNAPSHOTS, [name for name, _ in states], versions, texts)
        await self._db.execute(BOARD, [name for name, _ in states], [inside[name] for name, _ in states])
