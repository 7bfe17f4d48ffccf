"""A process that is killed at the worst moments leaves nothing lost, nothing doubled, nothing out of order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from shared.embedded.infra import Infra
from shared.failpoints import POINTS
from shared.testing.gates import GATE, SCANS, calling, scan, scanned
from shared.testing.infrastructure import Databases, databases_of, infrastructure
from shared.testing.processes import ServiceProcess
from shared.testing.topics import Publisher
from shared.testing.waiting import eventually
from tests.journeys.load import MEMBERS, a_round, scans_by_http, settle_both
from tests.running import Town, a_town

pytestmark = pytest.mark.fault

# At which point which service is killed; the other pairs are as good, and run with the slow ones.
OFTEN = {
    "committer.before_append": "checkin",
    "committer.after_append": "points",
    "ingest.before_store": "checkin",
    "ingest.after_store": "points",
    "projection.before_commit": "checkin",
    "policy.after_commands": "points",
    "relay.after_send": "points",
    "timer.after_fire": "checkin",
}
# Nothing is parked, asked for or released here: test_parking.py, test_rebuilding.py and test_versions.py kill there.
ELSEWHERE = {point for point in POINTS if point.startswith(("replay.", "rebuild."))} | {"projection.before_switch"}
PAIRS = [
    pytest.param(point, service, marks=[] if OFTEN[point] == service else pytest.mark.slow)
    for point in POINTS
    if point not in ELSEWHERE
    for service in ("checkin", "points")
    if (point, service) != ("timer.after_fire", "points")  # its timers need a patrol that nobody proves
]


@pytest.fixture(scope="module")
def own_infra() -> Iterator[Infra]:
    with infrastructure("kills") as infra:
        yield infra


@pytest.fixture(scope="module")
def own_databases(own_infra: Infra) -> Iterator[Databases]:
    with databases_of(own_infra) as databases:
        yield databases


@pytest.fixture(scope="module")
async def town(
    own_infra: Infra, own_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    async with a_town(own_infra, own_databases, tmp_path_factory.mktemp("kills"), "checkin", "points") as town:
        await settle_both(town)
        yield town


async def healthy(town: Town) -> Town:
    """What an earlier test has left dead is started."""
    await asyncio.gather(*[process.start() for process in (town.checkin, town.points) if not process.running])
    return town


@pytest.mark.parametrize("point,service", PAIRS)
async def test_a_process_killed_at_a_point_goes_on_where_it_was(town: Town, point: str, service: str) -> None:
    victim: ServiceProcess = getattr(await healthy(town), service)
    await victim.stop()
    await victim.start(failpoint=point)
    load = asyncio.create_task(a_round(town, f"{point}-{service}"))
    if point == "timer.after_fire":
        await load  # the stays have timers now: those of people who went out are cleared
        town.surroundings.clock.set(town.surroundings.clock.now() + timedelta(minutes=1))
        load = asyncio.create_task(_forgotten_exits(town))
    assert await victim.died() == -signal.SIGKILL
    assert victim.actions()[-1] == "failpoint"
    await victim.start()
    await load
    await town.idle()
    assert await town.faults("checkin", "points") == []


async def _forgotten_exits(town: Town) -> None:
    """Some stay inside until their time is over."""
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, *[scan(f"stays-{member}", member) for member in ("W03", "W04", "W05")])
    await town.checkin.idle()
    town.surroundings.clock.set(town.surroundings.clock.now() + timedelta(days=1))


async def test_postgresql_killed_and_started_in_the_middle_of_a_round_costs_nothing(town: Town) -> None:
    server = (await healthy(town)).infra.server
    if server is None:
        pytest.skip("only servers of our own are killed")
    load = asyncio.create_task(a_round(town, "postgresql"))
    await asyncio.to_thread(server.kill)
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        away = [await gate.post("/scans", scanned("W01"), "while-away"), await gate.get("/stations/S1/live")]
        assert [(one.status_code, one.headers["Retry-After"]) for one in away] == [(503, "1")] * 2
        assert (await gate.http.get("/livez")).status_code == 200
        assert (await gate.http.get("/readyz")).status_code == 503
        await asyncio.to_thread(server.start)
        assert (await gate.insist("/scans", scanned("W01"), "while-away")).status_code == 200
    await load
    await town.idle()
    assert await town.faults("checkin", "points") == []


async def test_the_broker_killed_and_started_in_the_middle_of_a_round_costs_nothing(town: Town) -> None:
    """HTTP needs no Kafka: its half of the round is done before the broker is back."""
    broker = (await healthy(town)).infra.broker
    if broker is None:
        pytest.skip("only servers of our own are killed")
    await asyncio.to_thread(broker.kill)
    await _scanned_by_http_alone(town, "broker")
    await asyncio.to_thread(broker.start)
    await a_round(town, "broker-again")
    await town.idle()
    assert await town.faults("checkin", "points") == []


@pytest.mark.slow
async def test_a_broker_that_hangs_beyond_our_time_outs_does_not_stop_commands(town: Town) -> None:
    """Connections stay open and nobody answers; the relay gives up its page, says so, and sends it again later."""
    broker = (await healthy(town)).infra.broker
    if broker is None:
        pytest.skip("only servers of our own are paused")
    await asyncio.to_thread(broker.pause)
    await _scanned_by_http_alone(town, "paused")
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        await eventually(lambda: gate.get("/readyz"), 30, until=lambda ready: "relay: " in ready.text)
    await asyncio.to_thread(broker.resume)
    await a_round(town, "paused-again")
    await town.idle()
    assert await town.faults("checkin", "points") == []


async def _scanned_by_http_alone(town: Town, name: str) -> None:
    async with asyncio.timeout(10):
        await scans_by_http(town, name, "entry", MEMBERS)
