"""Looking for a text everywhere a machine could have kept it: files byte by byte, tables as text, topics as read.

Files alone would not do: Kafka compresses its segments and PostgreSQL long values. So topics are read by a consumer and
tables by a query too. And a search that finds nothing must be seen to find something: see `test_erasure.py`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from shared.contracts.event_type import topics
from shared.contracts.registry import SERVICES
from shared.testing.topics import read_all

CHUNK = 8 * 1024 * 1024  # bytes of a file looked at together
TABLES = """select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"""


def forms(text: str) -> dict[str, bytes]:
    """How the text may stand somewhere, by name. Base64 depends on what stands before it, so there are three."""
    raw = text.encode()
    escaped = json.dumps(text)[1:-1].encode()
    found = {"utf-8": raw, "utf-16": text.encode("utf-16-le"), "json": escaped, "hex": raw.hex().encode()}
    found |= {"json, upper case": escaped.upper(), "gb18030": text.encode("gb18030")}
    for shift in range(3):
        inner = base64.b64encode(bytes(shift) + raw)
        cut = inner[-(-shift * 8 // 6) :].rstrip(b"=")[: len(raw) * 8 // 6 - 1]
        found[f"base64, {shift}"] = cut
        found[f"base64url, {shift}"] = cut.replace(b"+", b"-").replace(b"/", b"_")
    return found


def in_bytes(text: str, data: bytes) -> list[str]:
    """In which forms the text is in there."""
    return [name for name, form in forms(text).items() if form in data]


def in_files(text: str, folders: Iterable[Path], since: float) -> list[str]:
    """Which files below these folders hold the text, and in which form; only those written since the text was there."""
    return sorted({f"{path}: {form}" for path in _files(folders, since) for form in _in_file(text, path)})


def _files(folders: Iterable[Path], since: float) -> Iterator[Path]:
    """The servers run on, and delete folders while we look: `os.walk` passes over what is gone."""
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                with suppress(FileNotFoundError):
                    if os.stat(path := os.path.join(place, name)).st_mtime >= since:
                        yield Path(path)


def _in_file(text: str, path: Path) -> set[str]:
    overlap = max(map(len, forms(text).values()))
    found: set[str] = set()
    try:
        with path.open("rb") as file:
            before = b""
            while part := file.read(CHUNK):
                found.update(in_bytes(text, before + part))
                before = part[-overlap:]
    except FileNotFoundError:
        pass
    return found


def in_tables(text: str, url: str) -> list[str]:
    """Which tables of a database hold the text."""
    found = []
    with psycopg.connect(url, autocommit=True) as db:
        for schema, table in db.execute(TABLES).fetchall():
            rows = db.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(schema, table)))
            found += [f"{table}: {form}" for (row,) in rows for form in in_bytes(text, row.encode())]
    return found


async def in_topics(text: str, kafka: str) -> list[str]:
    """Which topics of all services hold the text, in key, headers or value."""
    found = []
    for record in await read_all(kafka, *[topic.name for service in SERVICES for topic in topics(service)]):
        parts = [record.key or b"", record.value or b"", *[value or b"" for _, value in record.headers]]
        found += [f"{record.topic}: {form}" for form in in_bytes(text, b"\n".join(parts))]
    return found
