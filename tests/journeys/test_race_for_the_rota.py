"""Races for the rota on a real database, from several processes at once (K7): exact, and never a VERSION_CONFLICT."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.checkin.domain.duty_commands import AcceptSwap, AssignDuty, MissDuty, OfferSwap, StartDuty
from services.checkin.domain.duty_events import DutyMissed, DutyStarted, DutySwapped
from services.checkin.domain.station import RegisterStation
from services.checkin.main import SERVICE
from shared.decider import Command
from shared.outcomes import Answer
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from tests.journeys.racing import Racers, codes, racing
from tests.running import migrated

pytestmark = pytest.mark.load
STATIONS = [f"S{number:02}" for number in range(20)]
BEGINS, ENDS = NOON + timedelta(hours=2), NOON + timedelta(hours=8)
DEADLINE = BEGINS + timedelta(minutes=30)


@pytest.fixture(scope="module")
async def racers(databases: Databases) -> AsyncIterator[Racers]:
    async with racing(SERVICE, migrated(databases, SERVICE)) as racers:
        place = ("O1", "station", "nanyang", "wolong", 33_000_000, 112_000_000, 100, NOON)
        stations: list[Command] = [RegisterStation(name, *place, always_open=True) for name in STATIONS]
        assert set(codes(await racers.race(stations))) == {"accepted"}
        yield racers


def chief(duty: str, station: str, person: str, day: int = 0) -> AssignDuty:
    day_later = timedelta(days=day)
    return AssignDuty(duty, "chief", station, BEGINS + day_later, ENDS + day_later, (person,), NOON)


def of(kind: type, answers: list[Answer]) -> list[object]:
    return [decided.event for one in answers for decided in one.events if isinstance(decided.event, kind)]


async def test_ck10_of_many_leaders_who_name_a_chief_for_one_date_exactly_one_does(racers: Racers) -> None:
    for station in STATIONS:
        naming = [chief(f"{station}-by-L{n}", station, f"{station}-C{n}", day=1) for n in range(8)]
        assert Counter(codes(await racers.race(naming))) == {"accepted": 1, "ROTA_CONFLICT": 7}, station


async def test_ck10_one_person_named_at_many_stations_for_one_date_is_chief_at_one(racers: Racers) -> None:
    for day in range(2, 7):
        naming = [chief(f"busy-{station}-{day}", station, "busy", day) for station in STATIONS[:8]]
        assert Counter(codes(await racers.race(naming))) == {"accepted": 1, "ROTA_CONFLICT": 7}, day


async def test_ck10_a_swap_accepted_many_times_at_once_is_one_swap(racers: Racers) -> None:
    for number, station in enumerate(STATIONS[:10]):
        duty, first, second = f"swap-{station}", f"swap-A{number}", f"swap-B{number}"
        made = [chief(duty, station, first, day=8)]
        assert codes(await racers.race(made)) == ["accepted"]
        assert codes(await racers.race([OfferSwap(duty, first, second, NOON)])) == ["accepted"]
        answers = await racers.race([AcceptSwap(duty, first, second, NOON)] * 8)
        assert Counter(codes(answers)) == {"accepted": 1, "unchanged": 7}
        assert len(of(DutySwapped, answers)) == 1


async def test_ck10_two_swaps_that_would_make_one_person_chief_twice_are_one(racers: Racers) -> None:
    """One is asked at eight stations for one date and accepts everywhere at once."""
    duties = [f"asked-{station}" for station in STATIONS[:8]]
    named = zip(duties, STATIONS, strict=False)
    naming = [chief(duty, station, f"{duty}-C", day=9) for duty, station in named]
    assert set(codes(await racers.race(naming))) == {"accepted"}
    offers = [OfferSwap(duty, f"{duty}-C", "asked", NOON) for duty in duties]
    assert set(codes(await racers.race(offers))) == {"accepted"}
    answers = await racers.race([AcceptSwap(duty, f"{duty}-C", "asked", NOON) for duty in duties])
    assert Counter(codes(answers)) == {"accepted": 1, "ROTA_CONFLICT": 7}


async def test_ck10_a_start_against_the_miss_timer_has_one_outcome_whoever_is_first(racers: Racers) -> None:
    """At the deadline there always is one miss and one start, never two of either."""
    duties = {f"late-{station}": f"late-C{number}" for number, station in enumerate(STATIONS)}
    naming = [chief(duty, duty.removeprefix("late-"), person) for duty, person in duties.items()]
    assert set(codes(await racers.race(naming))) == {"accepted"}
    starts: list[Command] = [StartDuty(duty, person, DEADLINE) for duty, person in duties.items()]
    misses: list[Command] = [MissDuty(duty, DEADLINE) for duty in duties]
    race = [one for pair in zip(starts, misses, strict=True) for one in pair] + list(reversed(misses))
    answers = await racers.race(race)
    assert {code for one, code in zip(race, codes(answers), strict=True) if isinstance(one, StartDuty)} == {"accepted"}
    for kind in (DutyStarted, DutyMissed):
        assert Counter(event.duty_id for event in of(kind, answers)) == dict.fromkeys(duties, 1)  # type: ignore[attr-defined]
