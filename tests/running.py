"""The services as processes on their own fresh databases and topics, and what must be true of them afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.checkin.main import SERVICE as CHECKIN
from services.points.main import SERVICE as POINTS
from services.welfare.main import SERVICE as WELFARE
from shared.contracts.registry import PRODUCERS
from shared.embedded.infra import Infra
from shared.migrating import migrate
from shared.service import Service
from shared.testing.audit import faults_of
from shared.testing.gates import calling
from shared.testing.infrastructure import Databases, fresh_topics
from shared.testing.processes import ServiceProcess, Surroundings

SERVICES = {service.name: service for service in (CHECKIN, POINTS, WELFARE)}


def migrated(databases: Databases, service: Service) -> str:
    """A fresh database at the service's revision, with its read tables."""
    return databases.fresh(service.name, lambda url: migrate(service.name, url, service.all_projections))


class Town:
    """The processes of one test module. They are started by the tests, and killed at the end."""

    def __init__(self, infra: Infra, databases: Databases, folder: Path) -> None:
        self.infra = infra
        self.surroundings = Surroundings(folder, infra.kafka)
        self.urls = {name: migrated(databases, service) for name, service in SERVICES.items()}
        self._processes: list[ServiceProcess] = []
        self.checkin, self.points, self.welfare = (self.process(name) for name in SERVICES)

    @property
    def _main(self) -> tuple[ServiceProcess, ...]:
        return self.checkin, self.points, self.welfare

    def process(self, service: str, *, role: str = "all", name: str = "") -> ServiceProcess:
        """One more process of a service, on the same database."""
        process = ServiceProcess(service, self.surroundings, self.urls[service], role=role, name=name)
        self._processes.append(process)
        return process

    async def idle(self) -> None:
        """Wait until nothing is left to do anywhere: one service's last event may be the other's next."""
        before: list[int] = []
        while (now := [await process.idle() for process in self._main if process.running]) != before:
            before = now

    async def money_faults(self) -> list[str]:
        """Where the union's money, counted by two ways, differs. Nothing where welfare does not run."""
        if not self.welfare.running:
            return []
        await self.welfare.idle()
        async with calling(self.welfare, self.surroundings, "A1", "finance") as finance:
            answer = await finance.get("/reconciliation")
        assert answer.status_code == 200, answer.text
        return [f"welfare: {difference}" for difference in answer.json()["differences"]]

    async def faults(self, *services: str) -> list[str]:
        """What is wrong with these services, now that they are idle."""
        found = []
        for name in services:
            faults = await faults_of(SERVICES[name], self.urls[name], self.infra.kafka)
            found += [f"{name}: {fault}" for fault in faults]
        return found + (await self.money_faults() if "welfare" in services else [])

    def end(self) -> None:
        for process in self._processes:
            process.kill()


@asynccontextmanager
async def a_town(infra: Infra, databases: Databases, folder: Path, *started: str) -> AsyncIterator[Town]:
    """Fresh topics, fresh databases, and these services started. In the end the money of welfare adds up."""
    await fresh_topics(infra, *PRODUCERS)
    town = Town(infra, databases, folder)
    try:
        await asyncio.gather(*[getattr(town, name).start() for name in started])
        yield town
        differences = await town.money_faults()
        assert not differences, differences
    finally:
        town.end()
