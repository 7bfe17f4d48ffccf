"""Money survives kills and replays: whatever kills welfare at whatever moment, its sums are those of a quiet day."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from shared.contracts.event_type import feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.failpoints import POINTS
from shared.parked import ask_replay
from shared.rebuilding import ask_rebuild, listed
from shared.testing.infrastructure import Databases, databases_of, infrastructure
from shared.testing.topics import answers, read_all
from shared.testing.waiting import eventually
from tests.journeys.welfare_day import SUMS, MoneyDay
from tests.running import Town, a_town

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

OFTEN = ("committer.after_append", "policy.after_commands")
DEATHS = 3  # of one day: at the first hit, at the second one after that, at the third
READ_TABLES = ("reconciliation", "budget_board", "settlement_sheet", "redemption_log")
PARK = """insert into parked select 'intake', 1, position, event_id, origin, stream, type, 'RuntimeError: no',
  now(), 3, null from event where category = %s"""
NOT_LIVE = "update projection set live = null"


@pytest.fixture(scope="module")
def own_infra() -> Iterator[Infra]:
    with infrastructure("welfare-kills") as infra:
        yield infra


@pytest.fixture(scope="module")
def own_databases(own_infra: Infra) -> Iterator[Databases]:
    with databases_of(own_infra) as databases:
        yield databases


@pytest.fixture(scope="module")
async def town(
    own_infra: Infra, own_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    async with a_town(own_infra, own_databases, tmp_path_factory.mktemp("kills"), "welfare") as town:
        yield town


@pytest.fixture(scope="module")
async def quiet(town: Town) -> MoneyDay:
    """A day on which nothing dies."""
    day = MoneyDay(town, "quiet")
    town.surroundings.clock.set(day.noon)
    await day.passes()
    return day


class Meddling:
    """What has to be done for a point to be passed at all."""

    def __init__(self, town: Town, point: str) -> None:
        self.town, self.point = town, point

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(self.town.urls["welfare"], autocommit=True)

    async def before(self) -> None:
        """Welfare is down. Read tables that are not live yet go live when it starts; what is parked then waits."""
        async with await self._connect() as db:
            if self.point == "projection.before_switch":
                await db.execute(NOT_LIVE)
            if self.point == "replay.after_page":
                assert (await db.execute(PARK, (intake_topic("welfare"),))).rowcount > 0

    async def at_noon(self) -> None:
        """Read tables are made anew, or what tills told on earlier days is handled again, while money moves."""
        if self.point.startswith("rebuild."):
            async with await self._connect() as db:
                for name in READ_TABLES:
                    await ask_rebuild(db, name)
        if self.point == "replay.after_page":
            async with await self._connect() as db:
                assert await ask_replay(db, "intake") > 0

    async def done(self) -> bool:
        async with await self._connect() as db:
            waits = await (await db.execute("select from parked")).fetchall()
            return not waits and all(one.state == "live" for one in await listed(db))


async def test_a_quiet_day_comes_to_what_it_must(quiet: MoneyDay) -> None:
    assert await quiet.sums() == SUMS


@pytest.mark.parametrize(
    "point", [pytest.param(point, marks=[] if point in OFTEN else pytest.mark.slow) for point in POINTS]
)
async def test_wf1_wf8_a_day_on_which_welfare_is_killed_comes_to_the_same(
    town: Town, quiet: MoneyDay, point: str
) -> None:
    if not town.welfare.running:  # what an earlier test has left dead
        await town.welfare.start()
    day, meddling = MoneyDay(town, point.replace(".", "-")), Meddling(town, point)
    town.surroundings.clock.set(day.noon)
    await day.idle()
    await town.welfare.stop()
    await meddling.before()
    deaths = await _killed_through(town, point, asyncio.create_task(day.passes(meddling.at_noon)))
    assert deaths > 1
    await eventually(meddling.done, 30)
    await day.idle()
    assert [await each.sums() for each in (quiet, day)] == [SUMS] * 2
    assert await town.faults("welfare") == []


async def _killed_through(town: Town, point: str, work: asyncio.Task[None]) -> int:
    """Start welfare again whenever it has killed itself, until the day is over; answers how often it has."""
    deaths = 0
    town.welfare.begin(failpoint=f"{point}:1")
    while True:
        await eventually(lambda: work.done() or not town.welfare.running, 200)
        if town.welfare.running:
            await work
            if deaths < DEATHS:  # it would kill itself some time later
                town.welfare.kill()
                await town.welfare.start()
            return deaths
        assert await town.welfare.died() == -signal.SIGKILL, town.welfare.output[-2000:]
        assert town.welfare.actions()[-1] == "failpoint"
        deaths += 1
        town.welfare.begin(**({"failpoint": f"{point}:{deaths + 1}"} if deaths < DEATHS else {}))


async def test_k2_topics_that_are_read_again_from_their_start_change_nothing(town: Town, quiet: MoneyDay) -> None:
    """Stored offsets are gone: every record there is comes again."""
    if not town.welfare.running:
        await town.welfare.start()
    position, seen = await town.welfare.idle(), await _duplicates(town)
    town.welfare.kill()
    with psycopg.connect(town.urls["welfare"]) as connection:
        connection.execute("delete from consumer_offset")
    await town.welfare.start()
    assert await town.welfare.idle(60) == position
    assert await _duplicates(town) > seen
    assert await quiet.sums() == SUMS
    assert await town.faults("welfare") == []


async def _duplicates(town: Town) -> int:
    """How many intake events were answered as seen before."""
    records = await read_all(town.infra.kafka, feedback_topic("welfare"))
    return sum(answer["status"] == "duplicate" for answer in answers(records))
