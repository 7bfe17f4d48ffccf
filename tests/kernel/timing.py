"""A timer loop that a test turns by hand."""

from __future__ import annotations

from datetime import datetime

from shared.log.read import read_page
from shared.policies import Timers
from shared.timers import TIMERS, TimerLoop
from tests.kernel.counter import CODEC, TIMER_RULES, Break
from tests.kernel.counting import FixedClock, Process


class Timing:
    """A timer loop that the test turns by hand: `learn` what the log says, `fire` what is due."""

    def __init__(self, url: str) -> None:
        self.clock = FixedClock()
        self.process = Process(url, "timing", self.clock)
        rules: Timers = {**TIMER_RULES, ("counter", "broken"): lambda counter, _ref, _due_at: Break(counter)}
        self._loop = TimerLoop(self.process.database, self.process.committer, CODEC, self.clock, rules)

    async def open(self) -> None:
        lease = await self.process.acquire(TIMERS.name, TIMERS.version)
        assert lease is not None
        self.lease = lease
        self._reader = await self.process.database.connect("reads")

    async def close(self) -> None:
        await self._reader.close()

    async def learn(self) -> None:
        page = await read_page(self._reader, self.lease.position, 10_000, self._loop.types)
        if page.rows:
            await self._loop.work(self.lease, page)

    async def fire(self, at: datetime | None = None) -> None:
        self.clock.moment = at or self.clock.moment
        await self._loop.fire(self.lease)

    async def due(self) -> bool:
        return await self._loop.due()

    @property
    def trouble(self) -> str | None:
        return self._loop.trouble
