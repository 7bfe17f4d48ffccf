"""How long one claim takes when everybody claims from one budget, beside claims that each have a budget of their own.

Two committers on one database, as two processes of the service have them, so that one budget is fought over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from statistics import quantiles

from benchmarks.measuring import Figure, paired
from benchmarks.places import CLOCK, Parts, fresh_database
from services.welfare.domain.budget import AllocateBudget
from services.welfare.domain.campaign import DraftCampaign, PublishCampaign
from services.welfare.domain.giving import Claim
from services.welfare.domain.terms import Phase, Terms
from services.welfare.main import SERVICE
from shared.decider import Command
from shared.embedded.infra import Infra
from shared.log.append import Actor, Context
from shared.migrating import migrate

CALLERS = 64  # at each committer's door half of them
CLAIMS = 4_000  # of each contestant in each round
BUDGETS = 500  # of the quiet ones, so that two callers seldom meet
FACE = 300
GOAL = 10.0  # times the p99 of a quiet budget, at most
BUSY, QUIET = "one budget", "budgets of their own"
DAY = timedelta(days=1)


class Claims:
    """Campaigns that are on, and members who claim, each once."""

    def __init__(self, doors: list[Parts]) -> None:
        self._doors, self._numbers = doors, count()

    async def give(self, command: Command) -> None:
        number = next(self._numbers)
        name = f"claim-{number}"
        committer = self._doors[number % len(self._doors)].committer
        answer = await committer.submit(command, Context(name, Actor("machine", "bench"), name))
        if answer.refusal is not None:
            raise RuntimeError(f"{command} was refused: {answer.refusal.code}")

    async def publish(self, name: str) -> None:
        now = CLOCK.now()
        terms = Terms(
            kind="phased",
            budget_id=f"B-{name}",
            face_fen=FACE,
            starts_at=now - DAY,
            ends_at=now + DAY,
            phases=(Phase("now", now - DAY, now + DAY),),
        )
        await self.give(AllocateBudget(f"B-{name}", 10**12, "bench", now))
        await self.give(DraftCampaign(name, terms, now))
        await self.give(PublishCampaign(name, now))

    def contestant(self, campaigns: list[str]) -> Callable[[], Awaitable[float]]:
        """Milliseconds within which 99 of 100 claims are answered."""

        async def round_() -> float:
            seconds: list[float] = []
            waiting = iter(range(CLAIMS))

            async def caller() -> None:
                for number in waiting:
                    member = f"M{next(self._numbers)}"
                    began = time.perf_counter()
                    await self.give(Claim(campaigns[number % len(campaigns)], member, CLOCK.now()))
                    seconds.append(time.perf_counter() - began)

            await asyncio.gather(*(caller() for _ in range(CALLERS)))
            return quantiles(seconds, n=100)[98] * 1_000

        return round_


async def run(infra: Infra) -> list[Figure]:
    """One figure: p99 of the busy budget beside that of quiet ones."""
    url = fresh_database(infra, "bench_budget")
    await asyncio.to_thread(migrate, SERVICE.name, url, SERVICE.all_projections)
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(Parts(SERVICE, url, infra.kafka)) for _ in range(2)]
        claims = Claims(doors)
        quiet = [f"quiet-{number}" for number in range(BUDGETS)]
        for name in ("busy", *quiet):
            await claims.publish(name)
        contestants = {QUIET: claims.contestant(quiet), BUSY: claims.contestant(["busy"])}
        rounds = await paired(contestants, within=60)
    return [rounds.figure(f"claims, {CALLERS} callers, p99", "ms", BUSY, QUIET, GOAL, less_is_better=True)]
