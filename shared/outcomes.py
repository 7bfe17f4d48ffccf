"""Outcomes of commands as they were stored, so that a repeat is answered as the first one was."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from shared.database import Connection
from shared.deciding import Decided, Refusal, Result
from shared.log.codec import Codec, event_id
from shared.log.read import COMMANDS, EVENTS

_result = msgspec.json.Decoder(Result)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command led to; the same for every repeat of it."""

    result: Result
    events: tuple[Decided, ...]
    position: int
    repeated: bool = False

    @property
    def refusal(self) -> Refusal | None:
        return self.result.refusal


class Outcomes:
    """Reads the outcomes of commands that are known to the log."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    async def of(self, connection: Connection, commands: list[str]) -> dict[str, tuple[bytes, Answer]]:
        """By command id: the hash of its body, and its answer."""
        rows = await (await connection.execute(COMMANDS, (commands,))).fetchall()
        results = {command_id: _result.decode(result) for command_id, _, result, _ in rows}
        events = await self._events(connection, {command_id: r.events for command_id, r in results.items()})
        return {c: (body, Answer(results[c], events[c], at, repeated=True)) for c, body, _, at in rows}

    async def _events(self, connection: Connection, counts: dict[str, int]) -> dict[str, tuple[Decided, ...]]:
        ids = {command: [event_id(command, i) for i in range(count)] for command, count in counts.items()}
        wanted = [identity for some in ids.values() for identity in some]
        found: dict[str, Decided] = {}
        if wanted:
            for identity, stream, version, name, data in await (await connection.execute(EVENTS, (wanted,))).fetchall():
                entity = stream.partition("-")[2]
                found[identity] = Decided(identity, entity, version, self._codec.decode(name, data))
        return {command: tuple(found[identity] for identity in some) for command, some in ids.items()}
