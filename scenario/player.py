"""Plays the day: sets the clock, lets people act, and goes on when every service has nothing left to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from itertools import groupby

from scenario.acts import Action, Moment
from scenario.doors import PATIENCE, Doors, Unexpected
from scenario.script import Day
from scenario.system import System
from shared.clock import CHINA

LOOK = 0.02  # seconds between looks at what services still have to do


class Player:
    """One way through one day. `crash` names a service that is killed at a moment which the seed draws."""

    def __init__(self, system: System, doors: Doors, say: Callable[[str], None], crash: str | None = None) -> None:
        self._system, self._doors, self._say, self._crash = system, doors, say, crash

    async def play(self, day: Day) -> None:
        """From the set-up on the day before to the evening of the day after."""
        started = time.monotonic()
        self._system.clock.set(day.begins)
        for orders in day.setup:
            await asyncio.gather(*[self._doors.order(order) for order in orders])
            await self.idle()
        self._say(f"set-up   {day.begins:%m-%d %H:%M}        {time.monotonic() - started:5.1f} s")
        fatal = self._fatal(day)
        for step, moments in groupby(day.moments, key=lambda moment: moment.actions[0].step):
            await self._step(step, list(moments), fatal)
        self._system.clock.set(day.ends)
        await self.idle()

    async def _step(self, step: int, moments: list[Moment], fatal: Moment | None) -> None:
        started = time.monotonic()
        for moment in moments:
            self._system.clock.set(moment.at)
            for action in moment.actions:
                await self._act(action)
            if moment is fatal and self._crash:
                self._system.crash(self._crash)
            await self.idle()
        first, last = moments[0].at.astimezone(CHINA), moments[-1].at.astimezone(CHINA)
        people = list(dict.fromkeys(action.who for moment in moments for action in moment.actions if action.who))
        who = f"{people[0]} to {people[-1]}" if len(people) > 3 else ", ".join(people) or "the clock"
        self._say(f"step {step:2}  {first:%H:%M} to {last:%H:%M}  {time.monotonic() - started:5.1f} s  {who}")

    async def _act(self, action: Action) -> None:
        for order in action.orders:
            await self._doors.order(order)
        for told in action.told:
            await self._doors.tell(told, action.door)
        for feigned in action.feigned:
            await self._doors.feign(feigned)

    def _fatal(self, day: Day) -> Moment | None:
        """Somewhere in the middle half, with the work of that moment in flight."""
        quarter = len(day.moments) // 4
        return day.moments[quarter + day.seed % (2 * quarter)] if self._crash else None

    async def idle(self) -> None:
        """Wait until all services are idle twice in a row with nothing new between: what one sends, another takes."""
        deadline = time.monotonic() + PATIENCE
        before: list[int] | None = None
        while True:
            told = await asyncio.gather(*[self._doors.idle(name) for name in self._system.services])
            states = dict(zip(self._system.services, told, strict=True))
            positions = [int(state["position"]) for state in states.values()]
            settled = all(state["idle"] for state in states.values())
            if settled and positions == before:
                return
            before = positions if settled else None
            if time.monotonic() > deadline:
                waiting = "; ".join(f"{name}: {', '.join(state['why'])}" for name, state in states.items())
                raise Unexpected(f"not every service came to rest within {PATIENCE:.0f} s ({waiting})")
            await asyncio.sleep(0 if settled else LOOK)
