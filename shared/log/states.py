"""What deciders decide over: states folded from streams, kept in a bounded cache.

The cache may be wrong at any time, as other processes append too: the append verifies the version of everything that
was read, and what was stale is brought up to date here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

from shared.database import Connection
from shared.decider import Decider
from shared.log.codec import Codec
from shared.log.read import NEWER

CACHED_STATES = 50_000


class Held(NamedTuple):
    """A stream's state at a version."""

    version: int
    state: Any


class States:
    """A bounded cache of states by stream name."""

    def __init__(self, deciders: Iterable[Decider[Any, Any, Any]], codec: Codec, size: int = CACHED_STATES) -> None:
        self._deciders = {decider.category: decider for decider in deciders}
        self._codec, self._size = codec, size
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
        cursor = await connection.execute(NEWER, (streams, [one.version for one in held]), prepare=True)
        newer = await cursor.fetchall()
        states = dict(zip(streams, held, strict=True))
        for stream, version, type_name, data in newer:
            states[stream] = Held(
                version, self._decider(stream).evolve(states[stream].state, self._codec.decode(type_name, data))
            )
        for stream, one in states.items():
            self.put(stream, one)
        return bool(newer)

    def _decider(self, stream: str) -> Decider[Any, Any, Any]:
        return self._deciders[stream.partition("-")[0]]
