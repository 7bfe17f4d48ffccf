"""What deciders decide over: states folded from streams, kept in a bounded cache.

The cache may be wrong at any time, as other processes append too: the append verifies the version of everything that
was read, and what was stale is brought up to date here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from shared.database import Connection
from shared.decider import Decider
from shared.log.codec import Codec
from shared.log.read import NEWER
from shared.log.snapshots import Held, Snapshots

CACHED_STATES = 10_000  # of about a kilobyte; who is not among them is one row more in a query


class States:
    """A bounded cache of states by stream name."""

    def __init__(
        self,
        deciders: Iterable[Decider[Any, Any, Any]],
        codec: Codec,
        snapshots: Snapshots,
        size: int = CACHED_STATES,
    ) -> None:
        self._deciders = {decider.category: decider for decider in deciders}
        self._codec, self._snapshots, self._size = codec, snapshots, size
        self._held: OrderedDict[str, Held] = OrderedDict()

    def get(self, stream: str) -> Held | None:
        return self._held.get(stream)

    def put(self, stream: str, held: Held) -> None:
        self._held[stream] = held
        self._held.move_to_end(stream)
        if len(self._held) > self._size:
            self._held.popitem(last=False)

    def clear(self) -> None:
        self._held.clear()

    async def refresh(self, connection: Connection, streams: list[str]) -> bool:
        """Bring these streams' states up to the log, reading only what is newer. Answers whether anything was."""
        held = [self._held.get(stream) or Held(0, self._decider(stream).initial) for stream in streams]
        states = dict(zip(streams, held, strict=True))
        newer = await self._newer(connection, states, self._snapshots.code)
        if unreadable := self._fold(states, newer):  # from the beginning, then
            self._fold(states, await self._newer(connection, {stream: states[stream] for stream in unreadable}, ""))
        for stream, one in states.items():
            self.put(stream, one)
        return bool(newer)

    async def _newer(self, connection: Connection, states: dict[str, Held], code: str) -> list[Any]:
        wanted = (list(states), [one.version for one in states.values()], code)
        return await (await connection.execute(NEWER, wanted, prepare=True)).fetchall()

    def _fold(self, states: dict[str, Held], rows: list[Any]) -> set[str]:
        """Bring states up to date by these rows; answers the streams whose snapshot cannot be read."""
        unreadable: set[str] = set()
        for stream, version, type_name, data, snapshot in rows:
            if snapshot is not None:
                if (kept := self._snapshots.read(stream, version, snapshot)) is None:
                    unreadable.add(stream)
                else:
                    states[stream] = kept
            elif stream not in unreadable:
                event = self._codec.decode(type_name, data)
                states[stream] = Held(version, self._decider(stream).evolve(states[stream].state, event))
        return unreadable

    def _decider(self, stream: str) -> Decider[Any, Any, Any]:
        return self._deciders[stream.partition("-")[0]]
