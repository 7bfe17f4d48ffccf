"""The one day of docs/one-day.md, played through real services on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from scenario.checks import all_faults
from scenario.doors import Doors
from scenario.facts import facts
from scenario.figures import differing, expected
from scenario.player import Player
from scenario.replaying import replay_faults
from scenario.script import Day
from scenario.system import System
from tests.journeys.day_queries import wrong_answers

pytestmark = pytest.mark.journey


class Played(NamedTuple):
    """A system in which the day has been played, and what its parts have said."""

    system: System
    day: Day
    said: list[str]

    def rest(self) -> list[int]:
        """Wait until nothing is left to do; answers how long each log is then."""

        async def positions() -> list[int]:
            async with Doors(self.system) as doors:
                await Player(self.system, doors, self.said.append).idle()
                return [int((await doors.idle(name))["position"]) for name in self.system.services]

        return asyncio.run(positions())

    def play(self, crash: str | None = None) -> None:
        async def playing() -> None:
            async with Doors(self.system) as doors:
                await Player(self.system, doors, self.said.append, crash).play(self.day)

        asyncio.run(playing())

    def wrong_figures(self) -> dict[str, object]:
        """Each figure that is not as expected, with what it is."""

        async def asked() -> dict[str, object]:
            async with Doors(self.system) as doors:
                found = await facts(doors, self.day)
                return {figure.name: found.get(figure.name) for figure in differing(expected(self.day), found)}

        return asyncio.run(asked())

    def replay(self) -> list[str]:
        async def replaying() -> list[str]:
            async with Doors(self.system) as doors:
                return await replay_faults(self.system, doors, Player(self.system, doors, self.said.append))

        return asyncio.run(replaying())

    def wrong_answers(self) -> list[str]:
        async def asking() -> list[str]:
            async with Doors(self.system) as doors:
                return await wrong_answers(self.system, doors, self.day)

        return asyncio.run(asking())

    def faults(self) -> list[str]:
        return asyncio.run(all_faults(self.system))


def started(root: Path, instance: str, seed: int) -> Iterator[Played]:
    day, said = Day(seed), list[str]()
    with System(root, instance, day.begins, fresh=True, say=said.append) as system:
        system.vanishes = True
        yield Played(system, day, said)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    for played in started(tmp_path_factory.mktemp("day"), "the-day", seed=1):
        played.play()
        yield played


@pytest.fixture
def fresh(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Played]:
    yield from started(tmp_path, "the-day-killed", seed=2)


def test_every_figure_of_the_table_is_reached(played: Played) -> None:
    assert played.wrong_figures() == {}


def test_what_is_always_true_holds_after_the_day(played: Played) -> None:
    assert played.faults() == []


def test_no_service_ended_on_the_way(played: Played) -> None:
    assert [line for line in played.said if "has ended" in line] == []


def test_playing_the_day_again_with_the_same_ids_does_nothing_twice(played: Played) -> None:
    before = played.rest()
    played.play()
    assert played.rest() == before
    assert played.wrong_figures() == {}


def test_reading_every_topic_again_from_its_start_changes_nothing(played: Played) -> None:
    assert played.replay() == []
    assert played.wrong_figures() == {}
    assert played.faults() == []


def test_every_query_answers_the_day_as_its_document_declares(played: Played) -> None:
    """Last, as it does what the day does not: codes, gates, teams."""
    assert played.wrong_answers() == []


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.parametrize("service", ["checkin", "points", "welfare"])
def test_a_service_killed_in_the_middle_changes_no_figure(fresh: Played, service: str) -> None:
    fresh.play(crash=service)
    assert f"{service} has ended (killed by SIGKILL); starting it again" in fresh.said
    assert fresh.wrong_figures() == {}
    assert fresh.faults() == []
