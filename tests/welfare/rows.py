"""What read tables of welfare show after given commands and all that follows from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from services.welfare.main import SERVICE
from services.welfare.policies import POLICIES
from shared.database import Database
from shared.decider import Change, Command
from shared.errors import Refused
from shared.log.read import Recorded
from shared.projecting import Projection
from shared.queries import View
from shared.testing import rows as written
from tests.welfare.audit import Audited

AUDITED = Audited()


def log_of(commands: Iterable[Command], *past: Change) -> list[Recorded]:
    """The log after these commands and all reactions; of a refused command, what its refusal records."""
    log, waiting = written.Written(), deque[Command]()

    def append(changes: Iterable[Change]) -> None:
        for event in log.append(changes):
            for reaction in POLICIES.reactions.get(type(event), []):
                waiting.extend(POLICIES.ask(reaction, event, event.at))

    append(past)
    for command in commands:
        waiting.append(command)
        while waiting:
            try:
                append(AUDITED.handle(waiting.popleft(), log.read))
            except Refused as refusal:
                append(refusal.record)
    return log.rows


async def project(database: Database, rows: list[Recorded], *projections: Projection) -> None:
    await written.project(database, SERVICE.codec, rows, *projections)


def looking(database: Database, projection: Projection) -> AbstractAsyncContextManager[View]:
    return written.looking("welfare", database, projection)
