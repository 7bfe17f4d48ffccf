"""Every query of every service with ids of the played day, and what the day does not do itself, so that each answers
with something in it."""

from __future__ import annotations

from typing import Any, NamedTuple

import httpx

from scenario.acts import STAFF, Caller, Order
from scenario.doors import Doors
from scenario.script import Day
from scenario.system import System
from services.checkin.domain.values import STANDARD_ITEMS
from shared.access.guard import OPEN
from shared.log.codec import derived_id
from shared.plain_http import NO_TLS
from shared.testing.documents import Document
from tests.journeys import day_courses, day_queries_welfare

DAYS = {"from": "2026-01-23", "to": "2026-01-25"}
DAY = {"day": "2026-01-23"}
NEAR = {"lat_e6": "36065000", "lon_e6": "103826000", "within_m": "5000"}
GATE, BOX = Caller("S1-G1", ("gate",)), Caller("S1-box", ("machine",))
STANDARD = [{"code": code, "passed": code != "toilet"} for code in STANDARD_ITEMS]
# Lists that are empty after a good day: accounts add up, presences bear the patrols out, and nothing was missed.
EMPTY = {
    ("/reconciliation", "differences"),
    ("/review-queue", "reports"),
    ("/stations/{station_id}/review", "history"),  # no quarter has been closed
    ("/reviews", "history"),
    ("/patrol-reports", "missed_items"),
    ("/patrol-reports/{report_id}", "missed_items"),
}


class Question(NamedTuple):
    """One query; what its path and its parameters say."""

    service: str
    template: str
    values: dict[str, str]
    wanted: dict[str, str]

    @property
    def path(self) -> str:
        return self.template.format(**self.values)


async def beside_the_day(doors: Doors) -> None:
    """What the day has no need of: codes, gates, teams, areas, map listings, and a service used."""
    orders: tuple[tuple[str, str, dict[str, Any], Caller], ...] = (
        ("checkin", "/stations/S2/register-gate", {"gate_id": "S2-G1"}, STAFF),
        ("checkin", "/stations/S1/list-on-map", {"provider": "amap", "ref": "B0FFG5CXXX"}, STAFF),
        (
            "checkin",
            "/work-areas",
            {"area_id": "A1", "county": "chengguan", "lat_e6": 36_065_000, "lon_e6": 103_826_000, "people": 240},
            STAFF,
        ),
        ("checkin", "/stations/S1/change-facilities", {"facilities": ["toilet"], "out_of_service": ["toilet"]}, STAFF),
        (
            "checkin",
            "/stations/S1/set-hours",
            {
                "weekly": [{"weekday": day, "opens_min": 330, "closes_min": 1320} for day in range(1, 8)],
                "exceptions": [{"date": "2026-02-17", "intervals": [{"opens_min": 540, "closes_min": 1020}]}],
            },
            STAFF,
        ),
        ("checkin", "/stations/S1/inspect-standard", {"items": STANDARD}, STAFF),
        ("checkin", "/members/W16/issue-code", {}, STAFF),
        ("checkin", "/scans", {"member_id": "W04", "station_id": "S1", "gate_id": "S1-G1", "direction": "entry"}, GATE),
        ("checkin", "/service-uses", {"member_id": "W04", "station_id": "S1", "service": "charge"}, GATE),
        ("checkin", "/state-reports", {"station_id": "S1", "subsystems": {"energy": "warning"}}, BOX),
        ("points", "/content", {"subject": "HZ1", "text": "It is empty."}, STAFF),
        ("points", "/teams", {"team_id": "T1", "code": "xintu", "leader_id": "W14"}, STAFF),
        ("points", "/teams/T1/join", {"volunteer_id": "W13"}, STAFF),
    )  # fmt: skip
    for service, path, body, caller in orders:
        await doors.order(Order(service, path, body, f"beside {path}", caller))


async def questions(doors: Doors, day: Day) -> list[Question]:
    """Ids that services made are asked for."""
    redeemed = await doors.ask("points", "/machines/SM1/redemptions", **DAY)
    demands = await doors.ask("checkin", "/demands")
    kept = derived_id("content", STAFF.subject, "beside /content")
    ids = {
        "redemption_id": redeemed["redemptions"][0]["redemption_id"],
        "ref": demands["demands"][0]["content_ref"],
        "hazard_id": day.names.of("HZ1"),
        "report_id": next(iter(day.reports.values())),
        "station_id": "S1",
        "member_id": "W13",
        "person_id": "W02",
        "pool_id": "M1-10",
        "team_id": "T1",
        "machine_id": "SM1",
    }
    asked = [("checkin", *one) for one in CHECKIN] + [("points", *one) for one in POINTS]
    welfare, other = await day_queries_welfare.ids(doors), day_queries_welfare.OWN
    return [
        *[Question("welfare", path, day_courses.IDS, wanted) for path, wanted in day_courses.QUERIES],
        *[
            Question("welfare", path, {**welfare, **other.get(path, {})}, wanted)
            for path, wanted in day_queries_welfare.QUERIES
        ],
        *[Question(service, path, {**ids, **OWN.get(path, {})}, wanted) for service, path, wanted in asked],
        Question("points", "/content/{ref}", {"ref": kept}, {}),
    ]


OWN = {
    "/members/{member_id}/bookings": {"member_id": "W10"},
    "/members/{member_id}/code": {"member_id": "W16"},
    "/stations/{station_id}/gates": {"station_id": "S2"},
}
# Some are asked in more than one way, as their answers differ.
CHECKIN: tuple[tuple[str, dict[str, str]], ...] = (
    ("/content/{ref}", {}),
    ("/visitor-flow", DAYS),
    ("/visitor-flow/hours", DAY),
    ("/service-demand", DAYS),
    ("/service-demand.svg", DAYS),
    ("/scan-audit", DAYS),
    ("/scan-audit", {**DAYS, "limit": "1"}),
    ("/stations", {}),
    ("/stations", NEAR),
    ("/stations.geojson", {}),
    ("/map", {}),
    ("/stations/{station_id}/gates", {}),
    ("/stations/{station_id}/flow.svg", DAY),
    ("/stations/{station_id}/ratings", DAYS),
    ("/stations/{station_id}/card", {}),
    ("/stations/{station_id}/live", {}),
    ("/stations/{station_id}/flow", DAY),
    ("/stations/{station_id}/rota", {"week_of": "2026-01-23"}),
    ("/coverage", {}),
    ("/members/{member_id}", {}),
    ("/members/{member_id}/code", {}),
    ("/members/{member_id}/visits", {}),
    ("/members/{member_id}/visits", {"limit": "1"}),
    ("/members/{member_id}/bookings", {}),
    ("/slot-pools", DAY),
    ("/slot-pools/{pool_id}", {}),
    ("/slot-pools/{pool_id}/bookings", {}),
    ("/no-shows", {}),
    ("/people/{person_id}/duties", {}),
    ("/stations/{station_id}/review", {}),
    ("/reviews", {}),
    ("/rota", {"week_of": "2026-01-23"}),
    ("/patrol-coverage", {"from_day": "2026-01-23", "to_day": "2026-01-23"}),
    ("/calendar", {"from_day": "2026-01-23"}),
    ("/demands", {}),
    ("/demands/figures", {}),
)
POINTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/patrol-reports", {**DAY, "station_id": "S1"}),
    ("/patrol-reports/{report_id}", {}),
    ("/review-queue", {}),
    ("/hazards", {}),
    ("/hazards/{hazard_id}", {}),
    ("/teams", {}),
    ("/teams/{team_id}", {}),
    ("/accounts/{member_id}/balance", {}),
    ("/accounts/{member_id}/statement", {}),
    ("/accounts/{member_id}/statement", {"limit": "1"}),
    ("/leaderboard", {"month": "2026-01"}),
    ("/leaderboard", {"first_day": "2026-01-01", "last_day": "2026-02-28", "by": "team"}),
    ("/reconciliation", {}),
    ("/machines/{machine_id}/shelf", {}),
    ("/machines/{machine_id}/redemptions", DAY),
    ("/redemptions/{redemption_id}", {}),
)


async def wrong_answers(system: System, doors: Doors, day: Day) -> list[str]:
    """Ask all; answers what is not as declared, which lists are empty each time, and what was not asked."""
    await beside_the_day(doors)
    await day_courses.courses_beside_the_day(system, doors)
    await day_queries_welfare.welfare_beside_the_day(system, doors)
    asked = await questions(doors, day)
    token = system.token("admin", "admin")
    faults: list[str] = []
    async with httpx.AsyncClient(
        headers={"Authorization": f"Bearer {token}"}, trust_env=False, verify=NO_TLS, timeout=10
    ) as http:
        for name, service in system.services.items():
            document = Document((await http.get(f"{service.url}/openapi.json")).json())
            own = [one for one in asked if one.service == name]
            there = {path for path in document.operations("GET") if ("GET", path) not in OPEN}
            faults += [f"GET {path} was not asked" for path in sorted(there - {one.template for one in own})]
            answers = [(one.template, await http.get(service.url + one.path, params=one.wanted)) for one in own]
            faults += [fault for path, answer in answers for fault in _faults(path, answer, document)]
            faults += _empty([(path, answer.json()) for path, answer in answers if _is_json(answer)])
    return faults


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers["Content-Type"]


def _faults(path: str, answer: httpx.Response, document: Document) -> list[str]:
    if answer.status_code != 200:
        return [f"GET {path}: {answer.status_code} {answer.text[:300]}"]
    body: Any = answer.json() if _is_json(answer) else answer.text
    return document.faults(("GET", path), 200, answer.headers["Content-Type"].partition(";")[0], body)


def _empty(answers: list[tuple[str, dict[str, Any]]]) -> list[str]:
    lists = {(path, name) for path, body in answers for name, value in body.items() if isinstance(value, list | dict)}
    filled = {(path, name) for path, body in answers for name, value in body.items() if value}
    return [f"GET {path}: nothing is in {name}" for path, name in sorted(lists - filled - EMPTY)]
