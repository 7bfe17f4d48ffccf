"""A service that was down: what reached its topics in time has its effect before the deadlines that have passed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.event_type import intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import RULES, Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from shared.testing.topics import Publisher, binary
from shared.testing.waiting import eventually
from tests.running import Town, a_town

pytestmark = pytest.mark.journey
HOLD, IN_TIME = timedelta(minutes=5), timedelta(seconds=3)
SET_UP: list[tuple[str, dict[str, Any]]] = [
    ("/rules", RULES),
    ("/machines", {"machine_id": "M1", "station_id": "S1"}),
    ("/machines/M1/list-goods", {"item_id": "soap", "price": 4}),
    ("/machines/M1/restock", {"station_id": "S1", "item_id": "soap", "units": 5}),
    (
        "/accounts/V1/grant-opening-lot",
        {"points": 9, "source_ref": "old", "earned_at": "2025-12-05T09:00:00+08:00"},
    ),
]


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("down"), "points") as town:
        yield town


async def done(http: Caller, path: str, body: dict[str, Any]) -> None:
    answer = await http.insist(path, body, path)
    assert answer.status_code == 200, answer.text


async def test_pt11_a_machines_word_that_waited_in_its_topic_is_not_late(town: Town) -> None:
    """The hold has ended by the time points is back; the word came before, and nobody is charged as for a late one."""
    clock = town.surroundings.clock
    async with calling(town.points, town.surroundings, "P1", "officer") as officer:
        for path, body in SET_UP:
            await done(officer, path, body)
    async with calling(town.points, town.surroundings, "M1", "machine") as machine:
        await done(machine, "/machine-reports", {"machine_id": "M1", "state": "ready"})
        await done(
            machine, "/redemptions", {"redemption_id": "X1", "member_id": "V1", "machine_id": "M1", "item_id": "soap"}
        )
    await town.points.idle()
    town.points.kill()
    word = {"redemption_id": "X1", "machine_id": "M1", "result": "dispensed"}
    async with Publisher(town.infra.kafka) as publisher:
        clock.run_from(NOON + HOLD - IN_TIME)
        await publisher.send(
            intake_topic("points"), binary("cn.yizhan.points.DispenseReported.v1", "1", "M1", "M1", word)
        )
    assert clock.now() < NOON + HOLD
    await eventually(lambda: clock.now() > NOON + HOLD)
    await town.points.start()
    await town.points.idle()
    async with calling(town.points, town.surroundings, "P1", "officer") as officer:
        assert (await officer.get("/redemptions/X1")).json()["state"] == "dispensed"
