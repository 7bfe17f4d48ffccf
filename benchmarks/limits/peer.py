"""A peer: the `eventsourcing` library on PostgreSQL, with the settings that its documentation gives for speed.

Its recorder runs as database functions, its pool holds a connection for every busy thread, and each command makes
an aggregate of its own, so nothing has to be read and nobody waits for another's version.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

POOL = 24


class Scan(Aggregate):
    """One scan at a gate."""

    @event("Scanned")
    def __init__(self, member_id: str, station_id: str, note: str) -> None:
        self.member_id, self.station_id, self.note = member_id, station_id, note


class Scans(Application[UUID]):
    def scan(self, member_id: str, station_id: str, note: str) -> None:
        self.save(Scan(member_id, station_id, note))


def peer(url: str) -> Scans:
    """The application on this database."""
    address = urlsplit(url)
    return Scans(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": address.path.strip("/"),
            "POSTGRES_HOST": address.hostname or "",
            "POSTGRES_PORT": str(address.port or 5432),
            "POSTGRES_USER": unquote(address.username or ""),
            "POSTGRES_PASSWORD": unquote(address.password or ""),
            "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
            "POSTGRES_POOL_SIZE": str(POOL),
            "POSTGRES_MAX_OVERFLOW": "0",
            "POSTGRES_MAX_WAITING": "1000",
        }
    )


def in_threads(callers: int, seconds: float, once: Callable[[], object]) -> float:
    """How often a second `once` ends, when so many threads repeat it side by side."""
    end = time.perf_counter() + seconds

    def caller() -> int:
        done = 0
        while time.perf_counter() < end:
            once()
            done += 1
        return done

    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        counts = [threads.submit(caller) for _ in range(callers)]
        return sum(count.result() for count in counts) / (time.perf_counter() - began)
