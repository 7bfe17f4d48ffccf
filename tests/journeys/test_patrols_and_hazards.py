"""Patrol reports, reviews, hazards and teams at a running service, by HTTP and by Kafka, with each code of theirs."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from shared.contracts.event_type import events_topic, feedback_topic, intake_topic
from shared.embedded.infra import Infra
from shared.testing.gates import HAZARD, REPORTED, RULES, Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from shared.testing.topics import Publisher, answers, binary, read_all
from tests.running import Town, a_town

pytestmark = pytest.mark.journey

SPOTTED = "cn.yizhan.points.HazardSpotted.v1"
DAY = "2026-01-23"
_numbers = itertools.count(1)


class Points:
    """Points as those see it who use it, and the services beside it, whose events are told here."""

    def __init__(self, town: Town, publisher: Publisher) -> None:
        self._town, self._publisher = town, publisher

    def calling(self, subject: str, *roles: str) -> Any:
        return calling(self._town.points, self._town.surroundings, subject, *roles)

    async def post(self, who: Caller, path: str, body: Any, status: int = 200, code: str = "") -> Any:
        answer = await who.post(path, body, f"key-{next(_numbers)}")
        told = answer.json()
        assert (answer.status_code, told.get("code", "")) == (status, code), answer.text
        return told

    async def tell(self, service: str, event: str, key: str, **data: Any) -> None:
        """Another service publishes this; points has taken it in when this ends."""
        type_name = f"cn.yizhan.{service}.{event}.v1"
        record = binary(type_name, f"told-{next(_numbers)}", f"/yizhan/{service}", data[key], data)
        await self._publisher.send(events_topic(service), record)
        await self._town.points.idle()

    async def duty(self, duty_id: str, *people: str) -> None:
        window = {"window_from": f"{DAY}T00:00:00+08:00", "window_to": f"{DAY}T14:00:00+08:00"}
        what = {"duty_id": duty_id, "kind": "patrol_special", "station_id": "S1", "people": list(people), **window}
        await self.tell("checkin", "DutyAssigned", "duty_id", **what)

    async def visit(self, member: str, since: str = "00:10") -> None:
        flags: dict[str, Any] = {"offline": False, "clock_corrected": False, "counted": True, "flags": []}
        start = {"started_at": f"{DAY}T{since}:00+08:00", "gate_id": "G1", **flags}
        visit = {"visit_id": f"visit-{member}", "member_id": member, "station_id": "S1", **start}
        await self.tell("checkin", "VisitStarted", "member_id", **visit)

    async def intake(self, type_name: str, key: str, data: dict[str, Any]) -> tuple[str, str | None]:
        """Sent by Kafka; what became of it, as its publisher is told."""
        identity = f"intake-{next(_numbers)}"
        record = binary(type_name, identity, "patrol-app", data[key], data)
        await self._publisher.send(intake_topic("points"), record)
        await self._town.points.idle()
        told = answers(await read_all(self._town.infra.kafka, feedback_topic("points")))
        (answer,) = [one for one in told if one["id"] == identity]
        return answer["status"], answer.get("code")


def patrol(report: str, duty: str, who: str, since: str = "11:30", until: str = "11:50", **more: Any) -> dict[str, Any]:
    times = {"performed_from": f"{DAY}T{since}:00+08:00", "performed_to": f"{DAY}T{until}:00+08:00"}
    whose = {"report_id": report, "duty_id": duty, "station_id": "S1", "volunteer_id": who}
    return {**whose, **times, "checklist": [{"item": "water", "ok": True}], **more}


def hazard(identity: str, reporter: str | None = None, **more: Any) -> dict[str, Any]:
    return {**HAZARD, "hazard_id": identity, **({"reporter_id": reporter} if reporter else {}), **more}


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("patrols"), "points") as town:
        yield town


@pytest.fixture(scope="module")
async def points(town: Town) -> AsyncIterator[Points]:
    async with Publisher(town.infra.kafka) as publisher:
        points = Points(town, publisher)
        async with points.calling("P1", "officer") as officer, points.calling("app-1", "patrol_app") as app:
            await under_review(points, app, "R0", "V0")
            await points.post(officer, "/patrol-reports/R0/accept", {}, 409, "NO_RULES_IN_FORCE")
            await points.post(officer, "/rules", RULES)
        yield points


@pytest.fixture(scope="module")
async def officer(points: Points) -> AsyncIterator[Caller]:
    async with points.calling("P1", "officer") as officer:
        yield officer


@pytest.fixture(scope="module")
async def app(points: Points) -> AsyncIterator[Caller]:
    async with points.calling("app-1", "patrol_app") as app:
        yield app


async def balance(officer: Caller, member: str) -> int:
    return int((await officer.get(f"/accounts/{member}/balance")).json()["available"])


async def test_every_refusal_of_a_report_has_its_code_by_both_doors(points: Points, app: Caller) -> None:
    for number in (1, 2):
        await points.duty(f"DA{number}", "VA", "VB")
    await points.post(app, "/patrol-reports", patrol("RA1", "DA1", "VA"))
    refused = {
        "DUTY_NOT_ASSIGNED": patrol("RA2", "DA1", "VX"),
        "DUTY_SLOT_FILLED": patrol("RA3", "DA1", "VA", "10:00", "10:20"),
        "CHECKLIST_INCOMPLETE": patrol("RA5", "DA2", "VB", checklist=[]),
        "OVERLAPPING_PATROL": patrol("RA4", "DA2", "VA", "11:45", "11:55"),
    }
    for code, body in refused.items():
        await points.post(app, "/patrol-reports", body, 409, code)
        assert await points.intake(REPORTED, "volunteer_id", body) == ("refused", code)
    changed = patrol("RA1", "DA1", "VB")
    await points.post(app, "/patrol-reports", changed, 422, "IDEMPOTENCY_KEY_REUSED")
    assert await points.intake(REPORTED, "volunteer_id", changed) == ("refused", "IDEMPOTENCY_KEY_REUSED")
    wrong = patrol("RA5", "DA2", "VB", checklist=[{"item": "no code"}])
    await points.post(app, "/patrol-reports", wrong, 422, "VALIDATION_FAILED")


async def test_pt2_the_fourth_patrol_of_a_day_pays_nothing_and_says_why(
    points: Points, app: Caller, officer: Caller
) -> None:
    await points.visit("VC")
    for hour in range(1, 5):
        await points.duty(f"DC{hour}", "VC")
        told = await points.post(
            app, "/patrol-reports", patrol(f"RC{hour}", f"DC{hour}", "VC", f"0{hour}:00", f"0{hour}:30")
        )
    shown = (await officer.get("/patrol-reports/RC4", min_position=told["position"])).json()
    assert (shown["state"], shown["points"], shown["code"]) == ("accepted", 0, "DAILY_CAP_REACHED")


async def test_k5_a_report_beyond_the_window_is_taken_by_both_doors_and_noted(
    points: Points, app: Caller, officer: Caller
) -> None:
    old = {"performed_from": "2026-01-20T08:00:00+08:00", "performed_to": "2026-01-20T08:20:00+08:00"}
    told = await points.post(app, "/patrol-reports", {**patrol("RD1", "DD1", "VD"), **old})
    shown = (await officer.get("/patrol-reports/RD1", min_position=told["position"])).json()
    assert (shown["code"], shown["points"]) == ("LATE_BEYOND_WINDOW", None)
    by_kafka = {**patrol("RD2", "DD1", "VD"), **old}
    assert await points.intake(REPORTED, "volunteer_id", by_kafka) == ("accepted", None)


async def test_row_3_swaps_cancellations_and_voided_visits_reach_the_right_to_file(points: Points, app: Caller) -> None:
    for name in ("DE1", "DE2", "DE3"):
        await points.duty(name, "VE")
    duty = {"kind": "patrol_special", "station_id": "S1"}
    swap = {"from_person": "VE", "to_person": "VF", "people": ["VF"]}
    await points.tell("checkin", "DutySwapped", "duty_id", duty_id="DE1", **duty, **swap)
    await points.tell("checkin", "DutyCancelled", "duty_id", duty_id="DE2", **duty, reason="station_suspended")
    await points.post(app, "/patrol-reports", patrol("RE1", "DE1", "VE"), 409, "DUTY_NOT_ASSIGNED")
    await points.post(app, "/patrol-reports", patrol("RE2", "DE2", "VE"), 409, "DUTY_NOT_ASSIGNED")
    await points.visit("VE")
    voided = {"started_at": f"{DAY}T00:10:00+08:00", "voided_at": f"{DAY}T11:55:00+08:00", "reason": "gate_fault"}
    visit = {"visit_id": "visit-VE", "member_id": "VE", "station_id": "S1"}
    await points.tell("checkin", "VisitVoided", "member_id", **visit, **voided)
    told = await points.post(app, "/patrol-reports", patrol("RE3", "DE3", "VE"))
    assert "PatrolReportAccepted" not in [event["type"] for event in told["events"]]


async def test_pt4_hazards_by_either_door_are_paid_once_to_the_earliest(
    points: Points, app: Caller, officer: Caller
) -> None:
    await points.post(app, "/hazards", hazard("HZ1", "VG"))
    assert await points.intake(SPOTTED, "station_id", hazard("HZ2", "VH")) == ("accepted", None)
    early = {"spotted_at": f"{DAY}T10:00:00+08:00", "sent_at": f"{DAY}T12:00:00+08:00"}
    await points.post(app, "/hazards", hazard("HZ3", "VI", **early))
    both = {"rectification_id": "RC1"}
    await points.tell("grievance", "HazardDismissed", "rectification_id", rectification_id="RC2", hazard_id="HZ2")
    await points.tell("grievance", "HazardDuplicateLinked", "rectification_id", **both, hazard_id="HZ3")
    verified = {**both, "hazard_id": "HZ1", "station_id": "S1", "severity": "major"}
    for _ in range(2):
        await points.tell("grievance", "HazardVerified", "rectification_id", **verified)
    assert [await balance(officer, who) for who in ("VG", "VH", "VI")] == [0, 0, 2]
    shown = {h["hazard_id"]: (h["state"], h["code"]) for h in (await officer.get("/hazards")).json()["hazards"]}
    assert (shown["HZ1"], shown["HZ2"], shown["HZ3"]) == (
        ("rejected", "DUPLICATE"),
        ("rejected", "DISMISSED"),
        ("accepted", None),
    )
    published = [answer for answer in answers(await read_all_of(points)) if answer.get("hazard_id") == "HZ3"]
    assert [(one["reporter_id"], one["station_id"]) for one in published] == [("VI", "S1")]


async def read_all_of(points: Points) -> Any:
    return await read_all(points._town.infra.kafka, events_topic("points"))


async def test_row_27_a_revoked_hazard_takes_its_points_back_once(points: Points, app: Caller, officer: Caller) -> None:
    await points.post(app, "/hazards", hazard("HZ4", "VJ"))
    both = {"rectification_id": "RC4", "hazard_id": "HZ4"}
    await points.tell("grievance", "HazardVerified", "rectification_id", **both, station_id="S1", severity="general")
    assert await balance(officer, "VJ") == 2
    for _ in range(2):
        await points.tell("grievance", "HazardVerificationRevoked", "rectification_id", **both)
    assert await balance(officer, "VJ") == 0


async def test_pt4_an_anonymous_hazard_leaves_no_trace_of_who_called(points: Points, town: Town, app: Caller) -> None:
    async with points.calling("W-secret", "worker") as worker:
        await points.post(worker, "/hazards/anonymous", hazard("HZ5"))
        await points.post(worker, "/hazards", hazard("HZ6"), 422, "VALIDATION_FAILED")
        await points.post(worker, "/hazards", hazard("HZ6", "VG"), 403, "FORBIDDEN")
    both = {"rectification_id": "RC5", "hazard_id": "HZ5"}
    await points.tell("grievance", "HazardVerified", "rectification_id", **both, station_id="S1", severity="major")
    await points.post(app, "/hazards", hazard("HZ5", "W-secret"), 422, "IDEMPOTENCY_KEY_REUSED")
    with psycopg.connect(town.urls["points"]) as db:
        everything = "select count(*) from event where (data::text || meta::text || stream) like '%W-secret%'"
        assert db.execute(everything).fetchone() == (0,)
    assert b"W-secret" not in b"".join(record.value or b"" for record in await read_all_of(points))


async def test_hazard_uploads_with_half_their_times_are_refused_by_both_doors(points: Points, app: Caller) -> None:
    half = hazard("HZ7", "VG", spotted_at=f"{DAY}T10:00:00+08:00")
    await points.post(app, "/hazards", half, 422, "VALIDATION_FAILED")
    assert await points.intake(SPOTTED, "station_id", half) == ("refused", "VALIDATION_FAILED")
    changed = hazard("HZ1", "VX")
    assert await points.intake(SPOTTED, "station_id", changed) == ("refused", "IDEMPOTENCY_KEY_REUSED")


async def test_p3_teams_have_one_leader_and_volunteers_one_team(points: Points, officer: Caller) -> None:
    await points.post(officer, "/teams", {"team_id": "T1", "code": "xintu", "leader_id": "LA"})
    await points.post(officer, "/teams", {"team_id": "T1", "code": "other", "leader_id": "LA"}, 409, "TEAM_EXISTS")
    await points.post(officer, "/teams", {"team_id": "T2", "code": "hong", "leader_id": "LA"}, 409, "IN_ANOTHER_TEAM")
    async with points.calling("VK", "volunteer") as volunteer:
        await points.post(volunteer, "/teams/T1/join", {"volunteer_id": "VK"})
        await points.post(volunteer, "/teams/T1/join", {"volunteer_id": "VG"}, 403, "FORBIDDEN")
        await points.post(volunteer, "/teams/T9/join", {"volunteer_id": "VK"}, 404, "NOT_FOUND")
    await points.post(officer, "/teams/T1/appoint-leader", {"leader_id": "VG"}, 409, "NOT_IN_TEAM")
    await points.post(officer, "/teams/T1/leave", {"volunteer_id": "LA"}, 409, "LEADER_MUST_STAY")
    told = await points.post(officer, "/teams", {"team_id": "T3", "code": "lan", "leader_id": "LC"})
    await points.post(officer, "/teams/T3/disband", {})
    await points.post(officer, "/teams/T3/join", {"volunteer_id": "VG"}, 409, "TEAM_IS_DISBANDED")
    team = (await officer.get("/teams/T1", min_position=told["position"])).json()
    assert (team["leader_id"], team["members"]) == ("LA", ["LA", "VK"])


async def under_review(points: Points, app: Caller, report: str, who: str) -> None:
    """A report that nothing proves, sixteen minutes later; then it is noon again."""
    await points.duty(f"D-{report}", who)
    await points.post(app, "/patrol-reports", patrol(report, f"D-{report}", who))
    await moved(points, timedelta(minutes=16))


async def moved(points: Points, by: timedelta) -> None:
    clock = points._town.surroundings.clock.path
    clock.write_text(f"fixed {(NOON + by).isoformat()}\n")
    await points._town.points.idle()
    clock.write_text(f"fixed {NOON.isoformat()}\n")


async def test_pt3_leaders_review_their_team_and_officers_all(points: Points, app: Caller, officer: Caller) -> None:
    await points.post(officer, "/teams", {"team_id": "T5", "code": "lv", "leader_id": "LE"})
    await points.post(officer, "/teams/T5/join", {"volunteer_id": "VL"})
    await under_review(points, app, "RL1", "VL")
    because = {"code": "photos_missing"}
    async with points.calling("VL", "leader") as himself, points.calling("LX", "leader") as other:
        await points.post(himself, "/patrol-reports/RL1/accept", {}, 409, "SELF_REVIEW")
        await points.post(other, "/patrol-reports/RL1/accept", {}, 403, "FORBIDDEN")
        assert (await other.get("/review-queue")).json()["reports"] == []
    async with points.calling("LE", "leader") as leader:
        (waiting,) = (await leader.get("/review-queue")).json()["reports"]
        assert (waiting["report_id"], waiting["leader_id"]) == ("RL1", "LE")
        await points.post(leader, "/patrol-reports/RL9/accept", {}, 404, "NOT_FOUND")
        await points.post(leader, "/patrol-reports/RL1/return", because)
        await points.post(leader, "/patrol-reports/RL1/accept", {}, 409, "REPORT_NOT_REVIEWABLE")
        await points.post(app, "/patrol-reports", patrol("RL1", "D-RL1", "VL", "11:00", "11:20"))
        await moved(points, timedelta(minutes=32))
        await points.post(leader, "/patrol-reports/RL1/accept", {})
        await points.post(leader, "/patrol-reports/RL1/void", because, 403, "FORBIDDEN")
    await points._town.points.idle()
    assert await balance(officer, "VL") == 4
    await points.post(officer, "/patrol-reports/RL1/void", because)
    await points._town.points.idle()
    assert await balance(officer, "VL") == 0
    voided = [one for one in answers(await read_all_of(points)) if one.get("reason") == "photos_missing"]
    assert [(one["report_id"], one["points"]) for one in voided] == [("RL1", 4)]


async def test_pt3_what_nobody_reviews_in_48_hours_is_shown_to_officers(
    points: Points, app: Caller, officer: Caller
) -> None:
    await under_review(points, app, "RM1", "VM")
    assert (await officer.get("/review-queue", escalated="true")).json()["reports"] == []
    await moved(points, timedelta(hours=48, minutes=20))
    late = {one["report_id"]: one for one in (await officer.get("/review-queue", escalated="true")).json()["reports"]}
    assert (late["RM1"]["leader_id"], late["RM1"]["escalated"]) == (None, True)
    await points.post(officer, "/patrol-reports/RM1/weigh-again", {})
    await points.post(officer, "/patrol-reports/RM9/weigh-again", {}, 404, "NOT_FOUND")
    await points.post(officer, "/patrol-reports/RM1/reject", {"code": "never_there"})
    assert (await officer.get("/patrol-reports/RM1")).status_code == 200


async def test_a_report_is_shown_to_who_filed_it_his_leader_and_no_other_volunteer(
    points: Points, app: Caller, officer: Caller
) -> None:
    await points.post(officer, "/teams", {"team_id": "T6", "code": "qing", "leader_id": "LN"})
    await points.post(officer, "/teams/T6/join", {"volunteer_id": "VN"})
    await points.duty("DN1", "VN")
    told = await points.post(app, "/patrol-reports", patrol("RN1", "DN1", "VN"))
    for who, status in (("VN", 200), ("LN", 200), ("VG", 403)):
        async with points.calling(who, "volunteer") as caller:
            answer = await caller.get("/patrol-reports/RN1", min_position=told["position"])
            assert answer.status_code == status, (who, answer.text)


async def test_registers_and_rankings_answer_over_http(points: Points, officer: Caller) -> None:
    day = (await officer.get("/patrol-reports", station_id="S1", day=DAY)).json()
    assert day["kinds"]["special"] >= 4
    month = (await officer.get("/leaderboard", month="2026-01")).json()
    same = (await officer.get("/leaderboard", first_day="2026-01-01", last_day="2026-01-31")).json()
    assert month["ranking"] == same["ranking"] != []
    assert (await officer.get("/leaderboard", month="2026-01", by="team")).status_code == 200
    assert (await officer.get("/patrol-reports", station_id="S1", day="9999-12-31")).status_code == 422
    for wrong in ({}, {"month": "2026-01", "first_day": DAY}, {"first_day": DAY, "last_day": "2026-01-22"}):
        assert (await officer.get("/leaderboard", **wrong)).status_code == 422
    await points.post(officer, "/rules", {**RULES, "daily": 5}, 409, "RULES_OVERLAP")


async def test_always_true_after_all_that(town: Town) -> None:
    await town.points.idle()
    faults = [fault for fault in await town.faults("points") if "nobody published" not in fault]
    assert faults == []
