"""What must be true of a service after whatever has happened to it, once it is idle: log, read tables, topics, answers.

Each function answers what is wrong, in sentences; nothing when all is well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import json

from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.database import Database
from shared.log.read import Recorded, read_page
from shared.log.verify import verify
from shared.parked import dropped, listed
from shared.relay import Relay
from shared.service import Service
from shared.testing.topics import header, read_all
from shared.verifying import verify_projection

PAGE = 2_000


async def faults_of(service: Service, url: str, kafka: str) -> list[str]:
    """All of the below."""
    database = Database(url, name="audit", pool=2)
    try:
        rows = await whole_log(database)
        return [
            *await log_faults(database, rows),
            *await projection_faults(service, database),
            *await topic_faults(service, await without_aside(database, "relay", 1, rows), kafka),
            *answer_faults(service, await without_aside(database, "intake", 1, rows)),
        ]
    finally:
        await database.close()


async def whole_log(database: Database) -> list[Recorded]:
    rows: list[Recorded] = []
    async with await database.connect("audit") as connection:
        while True:
            page = await read_page(connection, rows[-1].position if rows else 0, PAGE)
            rows += page.rows
            if page.at_head:
                return rows


async def aside_of(url: str) -> list[str]:
    """What the audit leaves out, in sentences: no fault, and nothing to be quiet about."""
    database = Database(url, name="audit", pool=2)
    try:
        async with await database.connect("audit") as connection:
            parked = await listed(connection)
            names = await (await connection.execute("select distinct name from subscription order by name")).fetchall()
            given_up = [(name, at) for (name,) in names for at in sorted(await dropped(connection, name))]
    finally:
        await database.close()
    return [
        *[f"{row.subscription} has parked the event at {row.position}: {row.error}" for row in parked],
        *[f"{name} leaves out the event at {position}, which was dropped" for name, position in given_up],
    ]


async def without_aside(database: Database, name: str, version: int, rows: list[Recorded]) -> list[Recorded]:
    """The log as this subscription has handled it: without what it has parked, or left out for good."""
    async with await database.connect("audit") as connection:
        aside = await dropped(connection, name)
        aside |= {row.position for row in await listed(connection, name) if row.version == version}
    return [row for row in rows if row.position not in aside]


async def log_faults(database: Database, rows: list[Recorded]) -> list[str]:
    """Dense positions, an unbroken chain, every event once, versions 1..n of each stream in the order of positions."""
    async with await database.connect("audit") as connection:
        verdict = await verify(connection)
    faults = [verdict.fault] if verdict.fault else []
    if [row.position for row in rows] != list(range(1, len(rows) + 1)):
        faults.append("positions are not dense")
    twice = [key for key, count in Counter((row.origin, row.event_id) for row in rows).items() if count > 1]
    faults += [f"the event {key} is in the log twice" for key in twice]
    versions: dict[str, list[int]] = {}
    for row in rows:
        if row.version is not None:
            versions.setdefault(row.stream, []).append(row.version)
    faults += [f"{s} has versions {v}" for s, v in versions.items() if v != list(range(1, len(v) + 1))]
    return faults


async def projection_faults(service: Service, database: Database) -> list[str]:
    """Every read table equals the one that is built from the log alone, without what its projection has set aside."""
    faults: list[str] = []
    async with await database.connect("audit") as connection:
        for projection in service.all_projections:
            wrong, _ = await verify_projection(connection, projection, service.codec)
            faults += wrong
    return faults


async def topic_faults(service: Service, rows: Iterable[Recorded], kafka: str) -> list[str]:
    """What is on our topics, repeats left out, is what the log says: nothing lost, nothing more, each key in order."""
    unused: Any = None  # it only maps here: it neither reads a database nor sends
    relay = Relay(service.name, service.codec, service.messaging.publishing, unused, 1)
    expected = [record for row in rows if row.type in relay.types and (record := relay.record(row)) is not None]
    faults: list[str] = []
    for topic in (events_topic(service.name), feedback_topic(service.name)):
        wanted: dict[str, dict[str, bytes]] = {}
        for record in expected:
            if record.topic == topic:
                wanted.setdefault(record.key, {})[record.headers["ce_id"]] = record.body
        faults += _differences(topic, wanted, await _once_each(kafka, topic))
    return faults


async def _once_each(kafka: str, topic: str) -> dict[str, dict[str, bytes]]:
    """By key: the first copy of every record, in order. Direct answers to duplicates are best effort and left out."""
    found: dict[str, dict[str, bytes]] = {}
    for record in await read_all(kafka, topic):
        if header(record, "ce_time") is not None:
            found.setdefault(record.key.decode(), {}).setdefault(header(record, "ce_id") or "", record.value)
    return found


def _differences(topic: str, wanted: dict[str, dict[str, bytes]], found: dict[str, dict[str, bytes]]) -> list[str]:
    faults = []
    for key in sorted(wanted.keys() | found.keys()):
        log, sent = wanted.get(key, {}), found.get(key, {})
        if log != sent:
            faults.append(f"{topic} of {key}: missing {log.keys() - sent.keys()}, too much {sent.keys() - log.keys()}")
        elif list(log) != list(sent):
            faults.append(f"{topic} of {key} is not in the order of the log")
    return faults


def answer_faults(service: Service, rows: Iterable[Recorded]) -> list[str]:
    """Every intake event has exactly one answer, and one more for each replay after it has waited in vain."""
    told: Counter[tuple[str, str]] = Counter()
    answered: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.origin and row.category == intake_topic(service.name):
            told[row.origin, row.event_id] += 1
        elif row.type == "WaitResumed":
            intake = json.decode(row.data)["intake"]
            told[intake["source"], intake["id"]] += 1
        elif row.type == "IntakeAnswered":
            answer = json.decode(row.data)
            if answer["status"] != "quarantined":
                answered[answer["source"], answer["id"]] += 1
    wrong = (told - answered) + (answered - told)
    return [f"the intake event {key} has {answered[key]} answers" for key in wrong]
