"""Snapshots: states of long streams, kept so that folding them starts near their end.

They are a cache and nothing rests on them. A snapshot belongs to the code that made it: its key is a hash of the domain
package's source, so a changed rule never meets a state that an older one has left. What cannot be read is folded anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, get_type_hints

import msgspec

from shared.database import Database, Link, retrying
from shared.decider import Decider

log = logging.getLogger(__name__)

EVERY = 256  # events of a stream between two snapshots; folding them takes less time than reading them

KEEP = """insert into snapshot as s (stream, code, version, state)
  select u.stream, %s, u.version, u.state from unnest(%s::text[], %s::int[], %s::bytea[]) as u(stream, version, state)
    order by u.stream
  on conflict (stream, code) do update set version = excluded.version, state = excluded.state
    where s.version < excluded.version"""
FORGET = "delete from snapshot where code <> %s"

S = TypeVar("S")


class Held(NamedTuple):
    """A stream's state at a version."""

    version: int
    state: Any


class Changed(Protocol):
    """A stream as a batch has left it."""

    category: str
    expected: int
    version: int
    state: Any


class Snapshots:
    """Those of one service's streams. `run` writes what `note` was told of; until then nothing is missed."""

    def __init__(self, database: Database, deciders: Iterable[Decider[Any, Any, Any]]) -> None:
        deciders = list(deciders)
        self._link = Link(database, "snapshots")
        self._formats = {d.category: made for d in deciders if (made := _Format.of(d)) is not None}
        self._due: dict[str, tuple[int, bytes]] = {}
        self._wake = asyncio.Event()
        self.code = code_of(deciders)

    def note(self, streams: Mapping[str, Changed]) -> None:
        """Streams as the log has them now; those that have become long enough are kept soon."""
        for name, work in streams.items():
            if work.version // EVERY > work.expected // EVERY and work.category in self._formats:
                self._due[name] = work.version, self._formats[work.category].write(work.state)
                self._wake.set()

    def read(self, stream: str, version: int, state: bytes) -> Held | None:
        """The state of a snapshot, or None when it cannot be read."""
        category = stream.partition("-")[0]
        try:
            return Held(version, self._formats[category].read(state))
        except (KeyError, msgspec.DecodeError) as error:
            log.warning("the snapshot of %s cannot be read: %s", stream, error, extra={"action": "snapshot_unreadable"})
            return None

    async def run(self) -> None:
        """Keep what is due, until cancelled. Nobody waits for it. What other releases have kept goes first."""
        try:
            await retrying(self._forget_others, "dropping snapshots of another release")
            while True:
                await self._wake.wait()
                self._wake.clear()
                due, self._due = self._due, {}
                versions, states = [v for v, _ in due.values()], [s for _, s in due.values()]
                await retrying(lambda: self._keep(list(due), versions, states), "keeping snapshots")  # noqa: B023
        finally:
            await self._link.close()

    async def _forget_others(self) -> None:
        await (await self._link.get()).execute(FORGET, (self.code,))

    async def _keep(self, streams: list[str], versions: list[int], states: list[bytes]) -> None:
        await (await self._link.get()).execute(KEEP, (self.code, streams, versions, states))


class _Format(Generic[S]):
    """How states of one decider are kept."""

    def __init__(self, state: type[S]) -> None:
        self.read = msgspec.msgpack.Decoder(state).decode
        self.write = msgspec.msgpack.Encoder().encode

    @classmethod
    def of(cls, decider: Decider[Any, Any, Any]) -> _Format[Any] | None:
        """None for states that are one of several classes: nothing tells them apart, and their streams are short."""
        hints = get_type_hints(decider.evolve) if inspect.isfunction(decider.evolve) else {}
        try:
            return cls(hints.get("return", type(decider.initial)))
        except TypeError:
            return None


def code_of(deciders: Iterable[Decider[Any, Any, Any]]) -> str:
    """A hash of all source beside these deciders' own, and of the kernel's part in folding."""
    folders = {Path(inspect.getfile(decider.evolve)).parent for decider in deciders}
    files = sorted(file for folder in folders for file in folder.glob("*.py"))
    hashed = hashlib.sha256()
    for file in [*files, Path(inspect.getfile(Decider))]:
        hashed.update(file.name.encode() + b"\x00" + file.read_bytes() + b"\x00")
    return hashed.hexdigest()[:32]
