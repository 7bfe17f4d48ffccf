"""Read models of visits, services, ratings, gates and members: given events, then rows, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.checkin.domain.gates import GateRegistered, GateRemoved
from services.checkin.domain.member import (
    MemberCodeIssued,
    MemberCodeRevoked,
    MemberLeft,
    MemberRegistered,
    MemberReinstated,
    MemberSuspended,
)
from services.checkin.domain.station import StationRegistered
from services.checkin.domain.visits import (
    DuplicateScanIgnored,
    ScanRefused,
    ServiceUsed,
    VisitEnded,
    VisitFlag,
    VisitRated,
    VisitStarted,
    VisitVoided,
)
from services.checkin.main import SERVICE
from services.checkin.projections import (
    member_card,
    member_visits,
    ratings,
    scan_audit,
    service_demand,
    station_live,
    visitor_flow,
)
from services.checkin.projections.scope import Days, Scope, days, one_day
from shared.database import Database
from shared.decider import DomainEvent
from shared.errors import NotFound, ValidationFailed
from shared.log.append import Actor, Context
from shared.log.codec import encode
from shared.log.read import Recorded
from shared.projecting import Projection, apply
from shared.queries import Queries, View
from shared.testing.infrastructure import Databases
from tests.checkin.town import LONG_AGO, MINUTE, at
from tests.running import migrated

META = encode(Context("c", Actor("person", "W1"), "c", None, None, "O1"))
FRIDAY = date(2026, 1, 23)
THE_DAY = days(FRIDAY, FRIDAY + timedelta(days=1))


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


@asynccontextmanager
async def shown(database: Database, projection: Projection, *pages: Sequence[DomainEvent]) -> AsyncIterator[View]:
    """The projection after these events, page by page."""
    position = 0
    async with await database.connect("projects") as connection:
        for page in pages:
            rows = []
            for event in page:
                position += 1
                if type(event).__name__ in projection.rules:
                    rows.append(_recorded(position, event))
            await apply(connection, projection.project(rows, SERVICE.codec))
    async with Queries("checkin", database).view(projection) as view:
        yield view


def _recorded(position: int, event: DomainEvent) -> Recorded:
    member = getattr(event, "member_id", "W1")
    name, data = type(event).__name__, encode(event)
    return Recorded(position, f"e{position}", "", "visits", f"visits-{member}", 1, name, data, META, event.at, event.at)


def station(name: str, county: str, city: str = "c1") -> StationRegistered:
    return StationRegistered(LONG_AGO, name, "O1", "indoor", city, county, 36_000_000, 103_000_000, 9, 240, True)


STATIONS = (station("S1", "n1"), station("S2", "n1"), station("S3", "n2"), station("S4", "n9", "c9"))


def visit(
    name: str,
    begin: str,
    end: str,
    member: str = "W1",
    where: str = "S1",
    *,
    counted: bool = True,
    flags: tuple[VisitFlag, ...] = (),
) -> list[DomainEvent]:
    start = at(begin)
    started = VisitStarted(start, name, member, where, "g1", at(end), False, False, counted, flags)
    return [started, VisitEnded(at(end), name, member, where, start, "scanned", f"x-{name}", "g2")]


MORNING: list[DomainEvent] = [
    *STATIONS,
    *visit("v1", "06:00", "06:30", "W1"),
    *visit("v2", "06:30", "07:00", "W2"),  # comes as the first goes: one inside
    *visit("v3", "06:40", "08:20", "W3"),
    *visit("v4", "07:10", "07:40", "W1", counted=False),
    *visit("v5", "07:15", "07:20", "W9", "S2"),
    *visit("v6", "07:15", "07:20", "W8", "S3"),
    *visit("v7", "07:15", "07:20", "W7", "S4"),
]


# visitor_flow (K6)


async def hours(view: View, scope: Scope) -> dict[int, tuple[int, int, int, int]]:
    """The hours in which there was anybody."""
    flow = await visitor_flow.by_hour(view, scope, FRIDAY)
    rows = {row["hour"]: (row["entries"], row["counted"], row["members"], row["peak"]) for row in flow["rows"]}
    assert list(rows) == list(range(24))
    return {hour: row for hour, row in rows.items() if any(row)}


async def test_visitor_flow_counts_by_hour_and_a_peak_holds_who_came_before(database: Database) -> None:
    async with shown(database, visitor_flow.VISITOR_FLOW, MORNING) as view:
        assert await hours(view, Scope("S1")) == {6: (3, 3, 3, 2), 7: (1, 0, 1, 2), 8: (0, 0, 0, 1)}
        flow = await visitor_flow.by_hour(view, Scope("S1"), FRIDAY)
        assert {name: flow[name] for name in ("day", "entries", "counted", "members", "peak")} == {
            "day": "2026-01-23", "entries": 4, "counted": 3, "members": 3, "peak": 2,
        }  # fmt: skip


@pytest.mark.parametrize(
    "scope,at_seven",
    [
        (Scope(), (4, 3, 4, 5)),
        (Scope(city="c1"), (3, 2, 3, 4)),
        (Scope(county="n1"), (2, 1, 2, 3)),
        (Scope(county="n9"), (1, 1, 1, 1)),
        (Scope("S1", county="n2"), None),
    ],
)
async def test_visitor_flow_of_a_county_and_a_city(
    database: Database, scope: Scope, at_seven: tuple[int, ...] | None
) -> None:
    async with shown(database, visitor_flow.VISITOR_FLOW, MORNING) as view:
        assert (await hours(view, scope)).get(7) == at_seven


async def test_k6_a_late_visit_changes_its_own_day_and_a_voided_one_undoes_what_it_did(database: Database) -> None:
    late = visit("late", "06:10", "06:20", "W5")
    voided = VisitVoided(at("12:00"), "v3", "W3", "S1", at("06:40"), "C1", "gate_fault")
    async with shown(database, visitor_flow.VISITOR_FLOW, MORNING, late, [voided]) as view:
        assert await hours(view, Scope("S1")) == {6: (3, 3, 3, 2), 7: (1, 0, 1, 1)}


async def test_ck3_an_open_visit_is_inside_until_its_end_by_time(database: Database) -> None:
    started = VisitStarted(at("21:30"), "v1", "W1", "S1", "g1", at("22:10"), False, False, True, ())
    async with shown(database, visitor_flow.VISITOR_FLOW, [*STATIONS, started]) as view:
        assert await hours(view, Scope("S1")) == {21: (1, 1, 1, 1), 22: (0, 0, 0, 1)}


async def test_k1_a_visit_over_midnight_is_an_entry_of_its_first_day_and_inside_on_both(database: Database) -> None:
    begin, end = at("23:40"), at("00:20", 24)
    night = [VisitStarted(begin, "v1", "W1", "S1", "g1", end, False, False, True, ())]
    morning = VisitStarted(at("08:00", 24), "v2", "W1", "S1", "g1", at("08:10", 24), False, False, True, ())
    async with shown(database, visitor_flow.VISITOR_FLOW, [*STATIONS, *night, morning]) as view:
        flow = await visitor_flow.by_day(view, Scope("S1"), Days(FRIDAY, FRIDAY + timedelta(days=3)))
        assert [(row["day"], row["entries"], row["peak"]) for row in flow["rows"]] == [
            ("2026-01-23", 1, 1), ("2026-01-24", 1, 1), ("2026-01-25", 0, 0),
        ]  # fmt: skip
        assert (flow["entries"], flow["members"], flow["peak"]) == (2, 1, 1)
        saturday = await visitor_flow.by_hour(view, Scope("S1"), FRIDAY + timedelta(days=1))
        assert [(row["entries"], row["peak"]) for row in saturday["rows"]][:2] == [(0, 1), (0, 0)]


async def test_where_nobody_was_every_hour_is_there_with_nothing(database: Database) -> None:
    async with shown(database, visitor_flow.VISITOR_FLOW, STATIONS) as view:
        assert await hours(view, Scope("S9")) == {}


@pytest.mark.parametrize(
    "first,after", [((2026, 1, 2), (2026, 1, 2)), ((2026, 1, 2), (2026, 1, 1)), ((2026, 1, 1), (2027, 1, 3))]
)
def test_days_are_at_least_one_and_at_most_a_year_of_this_age(
    first: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    with pytest.raises(ValidationFailed):
        days(date(*first), date(*after))


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_day_that_no_clock_shows_is_invalid(day: date) -> None:
    with pytest.raises(ValidationFailed):
        one_day(day)


# The other models of visits forget a voided one, too


async def test_a_voided_visit_is_shown_to_its_member_and_counted_nowhere(database: Database) -> None:
    voided = VisitVoided(at("12:00"), "v3", "W3", "S1", at("06:40"), "C1", "gate_fault")
    async with shown(database, member_visits.MEMBER_VISITS, MORNING, [voided]) as view:
        assert (await member_visits.flow(view, "S1", FRIDAY))["visits"] == 3
        (seen,) = await member_visits.of_member(view, "W3", 10, None)
        assert seen["exit_kind"] == "voided"
    open_visit = VisitStarted(at("06:00"), "v1", "W1", "S1", "g1", at("10:00"), False, False, True, ())
    gone = VisitVoided(at("06:05"), "v1", "W1", "S1", at("06:00"), "C1", "gate_fault")
    async with shown(database, station_live.STATION_LIVE, [station("S1", "n1"), open_visit], [gone]) as view:
        assert (await station_live.at(view, "S1", at("06:01")))["occupancy"] == 0


# service_demand (C7)


def used(name: str, service: str, qty: int, moment: datetime, where: str = "S1") -> ServiceUsed:
    return ServiceUsed(moment, name, "v1", "W1", where, service, qty, False, False, ())


USES = [
    *STATIONS,
    used("u1", "charge", 1, at("06:10")),
    used("u2", "charge", 2, at("23:59:59")),
    used("u3", "meal", 1, at("06:10"), "S2"),
    used("u4", "water", 5, at("06:10"), "S3"),
    used("u5", "charge", 9, at("00:00", 24)),
]


async def test_service_demand_adds_up_by_service_day_and_place(database: Database) -> None:
    async with shown(database, service_demand.SERVICE_DEMAND, USES[:6], USES[6:]) as view:
        assert await service_demand.by_service(view, Scope("S1"), THE_DAY) == [
            {"service": "charge", "uses": 2, "qty": 3}
        ]
        county = await service_demand.by_service(view, Scope(county="n1"), THE_DAY)
        assert [(row["service"], row["qty"]) for row in county] == [("charge", 3), ("meal", 1)]
        everywhere = await service_demand.by_day(view, Scope(), Days(FRIDAY, FRIDAY + timedelta(days=2)))
        assert [(row["day"][-2:], row["service"], row["qty"]) for row in everywhere] == [
            ("23", "charge", 3), ("23", "meal", 1), ("23", "water", 5), ("24", "charge", 9),
        ]  # fmt: skip


# ratings


async def test_the_mean_of_stars_is_rounded_half_up_to_a_hundredth(database: Database) -> None:
    """C7, and the day's expected 4.75 of S1."""
    stars = [5, 5, 4, 5, 1, 1, 1, 1]
    rated = [VisitRated(at("09:00"), f"v{n}", "W1", "S1", given) for n, given in enumerate(stars)]
    async with shown(database, ratings.RATINGS, rated[:4]) as view:
        found = await ratings.of_station(view, "S1", THE_DAY)
        assert found == {
            "station_id": "S1", "ratings": 4, "mean": "4.75", "stars": {"1": 0, "2": 0, "3": 0, "4": 1, "5": 3},
        }  # fmt: skip
    async with shown(database, ratings.RATINGS, rated) as view:
        assert (await ratings.of_station(view, "S1", THE_DAY))["mean"] == "2.88"  # 23 of 8: 2.875
        assert (await ratings.of_station(view, "S2", THE_DAY))["mean"] is None


async def test_a_voided_visit_takes_its_rating_with_it(database: Database) -> None:
    rated = [VisitRated(at("09:00"), "v1", "W1", "S1", 5), VisitRated(at("00:00", 24), "v2", "W1", "S1", 1)]
    voided = VisitVoided(at("12:00"), "v1", "W1", "S1", at("06:40"), "C1", "gate_fault")
    async with shown(database, ratings.RATINGS, rated, [voided]) as view:
        assert (await ratings.of_station(view, "S1", THE_DAY))["ratings"] == 0


# scan_audit


async def test_scan_audit_counts_what_each_gate_let_in_refused_and_flagged_on_each_day(database: Database) -> None:
    uploaded = VisitStarted(at("06:00"), "v9", "W2", "S1", "g1", at("10:00"), True, True, True, ("over_capacity",))
    events: list[DomainEvent] = [
        *visit("v1", "06:00", "06:30"),
        uploaded,
        VisitEnded(at("10:00"), "v9", "W2", "S1", at("06:00"), "auto"),
        DuplicateScanIgnored(at("06:01"), "v2", "v1", "S1", "g1"),
        ScanRefused(at("06:02"), "v3", "S1", "CODE_REPLAYED", "g1"),
        ScanRefused(at("06:03"), "v4", "S1", "CODE_REPLAYED", "g1"),
        ScanRefused(at("06:03", 24), "v5", "S1", "STATION_FULL", "g1"),
        ScanRefused(at("06:03"), "v6", "S1", "STATION_FULL"),
    ]
    async with shown(database, scan_audit.SCAN_AUDIT, events[:4], events[4:]) as view:
        rows, following = await scan_audit.audit(view, THE_DAY, "S1", 100, None)
        assert following is None
        assert {(row["gate_id"], row["kind"], row["code"]): row["scans"] for row in rows} == {
            ("g1", "passed", "entry"): 2,
            ("g1", "passed", "duplicate"): 1,
            ("g1", "refused", "CODE_REPLAYED"): 2,
            ("g1", "clock", "offline"): 1,
            ("g1", "clock", "clock_corrected"): 1,
            ("g1", "flag", "over_capacity"): 1,
            ("g2", "passed", "exit"): 1,
            ("-", "refused", "STATION_FULL"): 1,
        }
        pages: list[dict[str, Any]] = []
        following = None
        while page := await scan_audit.audit(view, THE_DAY, None, 3, following):
            pages += page[0]
            if (following := page[1]) is None:
                break
        assert pages == rows


@pytest.mark.parametrize("cursor", ["nonsense", "2026-01-23/S1", "friday/S1/g1/passed/entry"])
async def test_what_is_no_next_of_a_page_is_invalid(database: Database, cursor: str) -> None:
    async with shown(database, scan_audit.SCAN_AUDIT) as view:
        with pytest.raises(ValidationFailed):
            await scan_audit.audit(view, THE_DAY, None, 3, cursor)


async def test_a_stations_registered_gates(database: Database) -> None:
    events = [
        GateRegistered(LONG_AGO, "S1", "g2", "exit"),
        GateRegistered(LONG_AGO, "S1", "g1", "entry"),
        GateRegistered(LONG_AGO, "S1", "g1", None),
        GateRegistered(LONG_AGO, "S1", "g3", None),
        GateRemoved(at("06:00"), "S1", "g3"),
    ]
    async with shown(database, scan_audit.SCAN_AUDIT, events) as view:
        gates = await scan_audit.gates(view, "S1")
        assert [(gate["gate_id"], gate["direction"]) for gate in gates] == [("g1", None), ("g2", "exit")]


# member_card


async def test_a_card_shows_the_state_of_a_membership_and_which_key_its_code_has(database: Database) -> None:
    steps: list[tuple[DomainEvent, str, str | None]] = [
        (MemberRegistered(LONG_AGO, "W1", "courier", "O1"), "active", None),
        (MemberCodeIssued(LONG_AGO, "W1", "k1"), "active", "k1"),
        (MemberCodeRevoked(LONG_AGO, "W1", "k1"), "active", None),
        (MemberCodeIssued(LONG_AGO, "W1", "k2"), "active", "k2"),
        (MemberSuspended(LONG_AGO + MINUTE, "W1", "left_trade"), "suspended", "k2"),
        (MemberReinstated(LONG_AGO + MINUTE, "W1"), "active", "k2"),
        (MemberCodeRevoked(LONG_AGO, "W1", "k2"), "active", None),
        (MemberLeft(LONG_AGO, "W1"), "left", None),
    ]
    for number, (_, state, key) in enumerate(steps, 1):
        async with shown(database, member_card.MEMBER_CARD, [event for event, _, _ in steps[:number]]) as view:
            card = await member_card.card(view, "W1")
            assert card == {"member_id": "W1", "trade": "courier", "state": state, "key_id": key}
    async with shown(database, member_card.MEMBER_CARD) as view:
        with pytest.raises(NotFound):
            await member_card.card(view, "W9")
