"""After an outage timers wait for what reached us in time, and for nothing that never comes."""

from __future__ import annotations

from typing import Any

import pytest

from shared import catching_up
from shared.catching_up import FOLLOWERS, CatchingUp
from shared.database import Connection
from shared.errors import Unavailable
from shared.leases import Lease
from tests.kernel.counter import Add
from tests.kernel.counting import Process
from tests.kernel.timing import Timing

INTAKE = ("counter.intake.v1", 0)


class Topics:
    """What the ingest of a service knows of Kafka."""

    def __init__(self) -> None:
        self.trouble: str | None = None
        self.end: int | None = 2  # of the intake topic; None: Kafka does not answer

    async def ends(self) -> dict[tuple[str, int], int]:
        if self.end is None:
            raise Unavailable("Kafka does not tell where its topics end")
        return {INTAKE: self.end}


class Outage:
    """A service that begins again; the test takes and passes by hand what lay there."""

    def __init__(self, process: Process, connection: Connection, lease: Lease) -> None:
        self.topics, self.lease, self._connection = Topics(), lease, connection
        ingest: Any = self.topics
        self._catching_up = CatchingUp(process.database, ingest)

    async def done(self, lease: Lease | None = None) -> bool:
        return await self._catching_up.done(lease or self.lease)

    async def take(self, offset: int) -> None:
        taken = "insert into consumer_offset (topic, part, next_offset) values (%s, %s, %s)"
        again = " on conflict (topic, part) do update set next_offset = excluded.next_offset"
        await self._connection.execute(taken + again, (*INTAKE, offset))

    async def follow(self, *names: str) -> None:
        """These have passed all there is."""
        at_head = "insert into subscription (name, version, position) select %s, 1, position from log_head"
        for name in names:
            again = " on conflict (name, version) do update set position = excluded.position"
            await self._connection.execute(at_head + again, (name,))


@pytest.fixture
async def outage(timing: Timing, connection: Connection) -> Outage:
    outage = Outage(timing.process, connection, timing.lease)
    await outage.follow("intake", "policies")
    await timing.process.give(Add("a", 1))  # so that they are behind
    return outage


async def test_timers_wait_for_what_lies_in_the_topics_and_for_its_effects(outage: Outage) -> None:
    assert not await outage.done()
    await outage.take(2)
    assert not await outage.done()
    await outage.follow("intake")
    assert not await outage.done()
    await outage.follow("policies")
    assert await outage.done()


async def test_what_comes_afterwards_is_waited_for_by_nobody(outage: Outage) -> None:
    await outage.take(2)
    await outage.follow(*FOLLOWERS)
    assert await outage.done()
    outage.topics.end = 9
    assert await outage.done()


async def test_a_new_owner_of_the_timers_looks_for_himself(outage: Outage, timing: Timing) -> None:
    await outage.take(2)
    await outage.follow(*FOLLOWERS)
    assert await outage.done()
    outage.topics.end = 9
    lease = Lease("timers", 1, 0, 7, timing.lease.link)
    assert not await outage.done(lease)


async def test_while_kafka_is_away_nothing_fires_and_then_it_is_looked_at_anew(outage: Outage) -> None:
    await outage.take(2)
    await outage.follow(*FOLLOWERS)
    outage.topics.end = None
    assert not await outage.done()
    outage.topics.end, outage.topics.trouble = 2, "Kafka is away"
    assert not await outage.done()
    outage.topics.trouble = None
    assert await outage.done()
    outage.topics.end, outage.topics.trouble = 9, "Kafka is away"
    assert not await outage.done()
    outage.topics.trouble = None
    assert not await outage.done()


async def test_what_never_comes_is_given_up_and_said(
    outage: Outage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The last record of a partition may be a marker of its producer's, or gone by its retention."""
    await outage.take(1)
    await outage.follow(*FOLLOWERS)
    assert not await outage.done()
    monkeypatch.setattr(catching_up, "PATIENCE", -1.0)
    assert await outage.done()
    assert "1 records or events are not seen to" in caplog.text
