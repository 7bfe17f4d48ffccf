"""Batches to append, made by hand; and a log behind the smallest interface, so that another one can be tried on it."""

from __future__ import annotations

from typing import Protocol

from shared.database import Connection, Database
from shared.log.append import Appended, Commands, Rows, Streams, append
from shared.log.codec import event_id
from shared.log.read import Page, read_page
from tests.kernel.counter import NOON


class Batch:
    """Commands with the streams they read and the events they lead to."""

    def __init__(self) -> None:
        self.commands, self.streams, self.rows = Commands(), Streams(), Rows()

    def command(self, command_id: str, *, adds: tuple[str, ...] = (), data: str = "{}", body: bytes = b"") -> Batch:
        """A command that adds one event to each of these streams, which `reads` must have named before."""
        self.commands.id.append(command_id)
        self.commands.hash.append(body)
        self.commands.result.append('{"outcome":"accepted"}')
        self.commands.events.append(len(adds))
        for index, stream in enumerate(adds):
            place = self.streams.name.index(stream)
            self.streams.added[place] += 1
            version = self.streams.expected[place] + self.streams.added[place]
            self._row(event_id(command_id, index), stream, version, data)
        return self

    def reads(self, **versions: int) -> Batch:
        for stream, version in versions.items():
            self.streams.name.append(stream)
            self.streams.expected.append(version)
            self.streams.added.append(0)
        return self

    def _row(self, identity: str, stream: str, version: int, data: str) -> None:
        self.rows.add(identity, "counter", stream, version, "Added", 1, data, "{}", NOON)


class Log(Protocol):
    """What every log of ours must be able to do; a further one is added to `LOGS`."""

    async def append(self, batch: Batch) -> Appended: ...
    async def read(self, after: int = 0, limit: int = 1_000, types: list[str] | None = None) -> Page: ...
    async def close(self) -> None: ...


class PostgresLog:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    async def open(cls, url: str) -> PostgresLog:
        return cls(await Database(url, name="test").connect("log"))

    async def append(self, batch: Batch) -> Appended:
        return await append(self.connection, batch.commands, batch.streams, batch.rows, NOON)

    async def read(self, after: int = 0, limit: int = 1_000, types: list[str] | None = None) -> Page:
        return await read_page(self.connection, after, limit, types)

    async def close(self) -> None:
        await self.connection.close()


LOGS = [PostgresLog]
