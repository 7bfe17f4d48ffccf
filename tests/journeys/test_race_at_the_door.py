"""A hundred members at the last place of a station, from several processes at once: exactly one gets in (CK5, K7)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from services.checkin.domain.device_time import Moment
from services.checkin.domain.member import RegisterMember
from services.checkin.domain.scan import ScanEntry
from services.checkin.domain.station import RegisterStation
from services.checkin.domain.visits import VisitStarted
from services.checkin.main import SERVICE
from shared.decider import Command
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from tests.journeys.racing import Racers, codes, racing
from tests.running import migrated

pytestmark = pytest.mark.load
MEMBERS = [f"W{number:03}" for number in range(100)]
CAPACITY = 3


def scan(member: str, station: str, moment: datetime) -> ScanEntry:
    return ScanEntry(member, station, f"{station}-G1", f"{station}-{member}", Moment(moment, moment))


async def opened(racers: Racers, *stations: str) -> None:
    """Stations with one place left each, taken by people of their own, and the members who want it."""
    commands: list[Command] = [RegisterMember(member, "courier", "O1", NOON) for member in MEMBERS]
    for station in stations:
        place = (station, "O1", "station", "nanyang", "wolong", 33_000_000, 112_000_000, CAPACITY, NOON)
        commands.append(RegisterStation(*place, always_open=True))
        commands += [RegisterMember(f"{station}-{n}", "courier", "O1", NOON) for n in range(CAPACITY - 1)]
    assert set(codes(await racers.race(commands))) == {"accepted"}
    inside = [scan(f"{station}-{n}", station, NOON) for station in stations for n in range(CAPACITY - 1)]
    assert set(codes(await racers.race(inside))) == {"accepted"}


@pytest.mark.parametrize("rounds", [10, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(300)])])
async def test_ck5_e10_k7_of_a_hundred_at_the_last_place_exactly_one_gets_in(databases: Databases, rounds: int) -> None:
    """E10 under contention; whoever is late is told STATION_FULL, never VERSION_CONFLICT (K7)."""
    stations = [f"S{number:02}" for number in range(rounds)]
    async with racing(SERVICE, migrated(databases, SERVICE)) as racers:
        await opened(racers, *stations)
        for number, station in enumerate(stations, 1):
            moment = NOON + number * timedelta(minutes=1)
            answers = await racers.race([scan(member, station, moment) for member in MEMBERS])
            assert Counter(codes(answers)) == {"accepted": 1, "STATION_FULL": len(MEMBERS) - 1}, station
            started = [d.event for one in answers for d in one.events if isinstance(d.event, VisitStarted)]
            assert [visit.station_id for visit in started] == [station]


async def test_k2_e2_one_scan_sent_by_many_processes_at_once_is_one_visit(databases: Databases) -> None:
    """E2: the retries of one scan, wherever they arrive, have one answer."""
    async with racing(SERVICE, migrated(databases, SERVICE)) as racers:
        await opened(racers, "S1")
        answers = await racers.race([scan("W001", "S1", NOON)] * 20, ["one-scan"] * 20)
        assert {one.events for one in answers} == {answers[0].events}
        assert {one.position for one in answers} == {answers[0].position}
