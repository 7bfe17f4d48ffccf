"""Campaigns at a running service: what checkin tells it by Kafka, what people ask it by HTTP, and every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.welfare.main import SERVICE
from shared.contracts import checkin, checkin_stations, grievance
from shared.contracts.event_type import events_topic
from shared.contracts.model import Contract
from shared.contracts.registry import subject_of
from shared.embedded.infra import Infra
from shared.testing.gates import Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from shared.testing.topics import Publisher, Raw, binary, header, read_all
from shared.testing.waiting import eventually
from tests.running import Town, a_town

pytestmark = pytest.mark.journey
DAY = timedelta(days=1)
FACE = 300


class Desk:
    """A union's officers and its finance, who run campaigns; and what other services tell meanwhile."""

    def __init__(self, town: Town, officer: Caller, other: Caller, finance: Caller) -> None:
        self.town, self.officer, self.other, self.finance = town, officer, other, finance
        self._numbers = 0

    def name(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers}"

    async def ok(self, path: str, body: Any = None, caller: Caller | None = None) -> dict[str, Any]:
        answer = await (caller or self.officer).insist(path, body or {}, self.name("ok"))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def code(self, path: str, body: Any = None, caller: Caller | None = None) -> str:
        """The outcome, or the code of the refusal."""
        answer = await (caller or self.officer).post(path, body or {}, self.name("code"))
        return str(answer.json().get("code") or answer.json()["outcome"])

    async def published(self, vouchers: int, **terms: Any) -> tuple[str, str]:
        """A campaign that is on, and its budget for so many vouchers."""
        campaign, budget = self.name("C"), self.name("B")
        await self.ok(f"/budgets/{budget}/allocate", {"fen": vouchers * FACE, "source_ref": "2026-001"}, self.finance)
        await self.ok(f"/campaigns/{campaign}/draft", {**drafted(budget), **terms})
        await self.ok(f"/campaigns/{campaign}/publish")
        return campaign, budget

    async def claim(self, campaign: str, member: str) -> str:
        async with calling(self.town.welfare, self.town.surroundings, member, "worker") as worker:
            return await self.code(f"/campaigns/{campaign}/claim", {"member_id": member}, worker)

    async def told(self, *events: tuple[str, Contract], service: str = "checkin", twice: bool = False) -> None:
        """As another service would, whose process is not needed here; `twice`: each is delivered again."""
        records = [_record(service, identity, event) for identity, event in events]
        async with Publisher(self.town.infra.kafka) as publisher:
            await publisher.send(events_topic(service), *records, *(records if twice else ()))
        await self.town.welfare.idle()

    async def reach(self, campaign: str) -> dict[str, Any]:
        return dict((await self.officer.get(f"/campaigns/{campaign}/reach")).json())

    async def sums(self, budget: str) -> tuple[int, int]:
        """Committed and available."""
        found = (await self.finance.get(f"/budgets/{budget}")).json()
        return found["committed_fen"], found["available_fen"]


def _record(service: str, identity: str, event: Contract) -> Raw:
    name, subject = f"cn.yizhan.{service}.{type(event).__name__}.v1", subject_of(event)
    data, more = event.model_dump(mode="json"), {"sequence": "1", "time": "2026-01-23T04:00:00Z"}
    return binary(name, identity, f"/yizhan/{service}", subject, data, **more)


def drafted(budget: str) -> dict[str, Any]:
    when = {"starts_at": (NOON - DAY).isoformat(), "ends_at": (NOON + DAY).isoformat()}
    good = {"valid_until": (NOON + 30 * DAY).isoformat()}  # so that none expires in these tests
    return {"kind": "checkin_gift", "budget_id": budget, "face_fen": FACE, **when, **good}


def phased(*, start: datetime = NOON - DAY, end: datetime = NOON + DAY) -> dict[str, Any]:
    phase = {"phase_id": "now", "starts_at": start.isoformat(), "ends_at": end.isoformat()}
    return {"kind": "phased", "phases": [phase]}


def visit(identity: str, member: str, station: str = "S1", *flags: str) -> tuple[str, Contract]:
    return identity, checkin.VisitStarted(
        visit_id=identity,
        member_id=member,
        station_id=station,
        gate_id="S1-G1",
        started_at=NOON.isoformat(),  # type: ignore[arg-type]
        offline=False,
        clock_corrected=False,
        counted=True,
        flags=list(flags),
    )


def registered(member: str, trade: str = "courier") -> tuple[str, Contract]:
    moment: Any = NOON.isoformat()
    return f"registered-{member}", checkin.MemberRegistered(member_id=member, trade=trade, registered_at=moment)


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("issuing"), "welfare") as town:
        yield town


@pytest.fixture(scope="module")
async def desk(town: Town) -> AsyncIterator[Desk]:
    at = (town.welfare, town.surroundings)
    async with (
        calling(*at, "P1", "officer") as officer,
        calling(*at, "P2", "officer") as other,
        calling(*at, "A1", "finance") as finance,
    ):
        yield Desk(town, officer, other, finance)


async def test_wf9_check_ins_are_answered_once_however_often_they_are_told(desk: Desk) -> None:
    """Row 1, K3, K5: two vouchers for three members; a second visit and one told too late change nothing."""
    campaign, budget = await desk.published(2)
    place: Any = NOON.isoformat()
    station = checkin_stations.StationRegistered(
        station_id="S1", kind="station", city="lanzhou", county="chengguan", lat_e6=1, lon_e6=1, capacity=9,
        max_stay_min=240, always_open=True, registered_at=place,
    )  # fmt: skip
    await desk.told(("S1", station), registered("W01"), registered("W02", "cleaner"), twice=True)
    await desk.told(visit("v0", "W09", "S1", "late_beyond_window"), visit("v1", "W01"), visit("v2", "W02"), twice=True)
    await desk.told(visit("v3", "W03"), visit("v4", "W01"), twice=True)
    found = await desk.reach(campaign)
    assert (found["granted"], found["declined"]) == (2, {"BUDGET_EXHAUSTED": 1})
    assert [(one["trade"], one["granted"]) for one in found["by_trade"]] == [(None, 0), ("cleaner", 1), ("courier", 1)]
    assert [one["county"] for one in found["by_county"]] == ["chengguan"]
    assert await desk.sums(budget) == (2 * FACE, 0)
    declined = [
        record
        for record in await read_all(desk.town.infra.kafka, events_topic("welfare"))
        if header(record, "ce_type") == "cn.yizhan.welfare.EntitlementDeclined.v1"
    ]
    assert [header(record, "ce_subject") for record in declined] == ["W03"]


async def test_row_8_a_commended_reporter_is_rewarded_once(desk: Desk) -> None:
    campaign, budget = await desk.published(5, kind="reward")
    commended = grievance.ReporterCommended(rectification_id="RC-1", hazard_id="HZ-1", member_id="W19")
    await desk.told(("c1", commended), ("c2", commended), service="grievance", twice=True)
    assert (await desk.reach(campaign))["granted"] == 1
    assert await desk.sums(budget) == (FACE, 4 * FACE)


async def test_wf11_claims_are_answered_with_every_code(desk: Desk) -> None:
    campaign, budget = await desk.published(2, **phased())
    assert await desk.claim(campaign, "W01") == "accepted"
    assert await desk.claim(campaign, "W01") == "LIMIT_REACHED"
    await desk.ok(f"/budgets/{budget}/freeze", {"reason": "audit"}, desk.finance)
    assert await desk.claim(campaign, "W02") == "BUDGET_FROZEN"
    await desk.ok(f"/budgets/{budget}/unfreeze", caller=desk.finance)
    assert await desk.claim(campaign, "W02") == "accepted"
    assert await desk.claim(campaign, "W03") == "BUDGET_EXHAUSTED"
    later, _ = await desk.published(2, **phased(start=NOON + timedelta(hours=1)))
    assert await desk.claim(later, "W01") == "PHASE_NOT_OPEN"
    early, _ = await desk.published(2, **phased(), window_from="06:00", window_to="09:00")
    assert await desk.claim(early, "W01") == "OUTSIDE_SERVICE_WINDOW"
    riders, _ = await desk.published(2, **phased(), trades=["rider"])
    assert await desk.claim(riders, "W01") == "NOT_ELIGIBLE"
    await desk.ok(f"/campaigns/{riders}/close")
    assert await desk.claim(riders, "W01") == "CAMPAIGN_NOT_OPEN"
    assert await desk.claim("nowhere", "W01") == "NOT_FOUND"
    async with calling(desk.town.welfare, desk.town.surroundings, "W05", "worker") as worker:
        assert await desk.code(f"/campaigns/{campaign}/claim", {"member_id": "W06"}, worker) == "FORBIDDEN"


async def test_row_22_who_is_suspended_claims_nothing_until_he_is_reinstated(desk: Desk) -> None:
    campaign, _ = await desk.published(2, **phased())
    moment: Any = NOON.isoformat()
    await desk.told(("s1", checkin.MemberSuspended(member_id="W30", reason="left_trade", suspended_at=moment)))
    assert await desk.claim(campaign, "W30") == "MEMBER_SUSPENDED"
    await desk.told(("s2", checkin.MemberReinstated(member_id="W30", reinstated_at=moment)))
    assert await desk.claim(campaign, "W30") == "accepted"
    await desk.told(("s3", checkin.MemberLeft(member_id="W31", left_at=moment)))
    assert await desk.claim(campaign, "W31") == "NOT_FOUND"


async def test_row_21_campaigns_pause_with_their_stations(desk: Desk) -> None:
    campaign, _ = await desk.published(2, stations=["S7"])
    moment: Any = NOON.isoformat()
    suspended = checkin_stations.StationSuspended(station_id="S7", reason="heating", suspended_at=moment)
    await desk.told(("p1", suspended))
    shown = (await desk.officer.get(f"/campaigns/{campaign}")).json()
    assert (shown["stage"], shown["reason"]) == ("paused", "station_suspended")
    await desk.told(visit("v20", "W01", "S7"))
    assert (await desk.reach(campaign))["declined"] == {"CAMPAIGN_NOT_OPEN": 1}
    await desk.told(("p2", checkin_stations.StationResumed(station_id="S7", resumed_at=moment)))
    await desk.told(visit("v21", "W02", "S7"))
    assert (await desk.reach(campaign))["granted"] == 1


async def test_k8_a_list_is_approved_by_another_officer_and_then_stays_as_it_is(desk: Desk) -> None:
    campaign, budget = await desk.published(3, kind="list_gift")
    lists = f"/campaigns/{campaign}/lists/{desk.name('L')}"
    assert await desk.code(f"{lists}/approve", caller=desk.other) == "NOT_FOUND"
    await desk.ok(f"{lists}/upload", {"part": 1, "members": ["W06", "W07"]})
    assert await desk.code(f"{lists}/approve") == "FOUR_EYES_REQUIRED"
    await desk.ok(f"{lists}/approve", caller=desk.other)
    assert await desk.code(f"{lists}/upload", {"part": 2, "members": ["W08"]}) == "LIST_ALREADY_APPROVED"
    await desk.town.welfare.idle()
    assert await desk.sums(budget) == (2 * FACE, FACE)
    too_long = {"part": 1, "members": [f"W{number}" for number in range(501)]}
    assert await desk.code(f"{lists}/upload", too_long) == "VALIDATION_FAILED"
    assert await desk.code(f"/campaigns/{campaign}/draft", drafted("B")) == "IDEMPOTENCY_KEY_REUSED"
    assert await desk.code(f"/campaigns/{desk.name('C')}/draft", {**drafted("B"), "face_fen": 0}) == "VALIDATION_FAILED"
    others, _ = await desk.published(1)
    assert await desk.code(f"/campaigns/{others}/lists/L9/upload", {"part": 1, "members": []}) == "CAMPAIGN_NOT_OPEN"


async def test_e44_each_member_of_a_long_list_is_given_once_though_the_service_is_killed_meanwhile(desk: Desk) -> None:
    """K3: the step that was under way is asked for again, under the id that it had."""
    parts, size = 3, 500
    campaign, budget = await desk.published(parts * size + 1, kind="list_gift")
    name = desk.name("L")
    for part in range(1, parts + 1):
        members = [f"M{part}-{number}" for number in range(size)]
        await desk.ok(f"/campaigns/{campaign}/lists/{name}/upload", {"part": part, "members": members})

    async def answered() -> int:
        found = (await desk.officer.get(f"/campaigns/{campaign}/lists")).json()
        return int(found["lists"][0]["answered"])

    await desk.ok(f"/campaigns/{campaign}/lists/{name}/approve", caller=desk.other)
    seen = await eventually(answered, within=20)
    assert seen < parts * size, "it was over before it could be killed: make the list longer"
    desk.town.welfare.kill()
    await desk.town.welfare.start()
    await desk.town.welfare.idle()
    (shown,) = (await desk.officer.get(f"/campaigns/{campaign}/lists")).json()["lists"]
    assert (shown["size"], shown["answered"], shown["granted"]) == (parts * size,) * 3
    assert (await desk.reach(campaign))["granted"] == parts * size
    assert await desk.sums(budget) == (parts * size * FACE, FACE)


async def test_phases_turn_and_what_is_over_closes_by_itself_and_nothing_is_amiss(desk: Desk) -> None:
    """WF11, and at the end the audit of the whole log. Moves the clock, so it is the last."""
    campaign, _ = await desk.published(1, **phased(end=NOON + timedelta(hours=1)))

    async def stages() -> tuple[str, str]:
        found = (await desk.officer.get(f"/campaigns/{campaign}")).json()
        return found["stage"], found["phases"][0]["stage"]

    await desk.town.welfare.idle()
    assert await stages() == ("published", "open")
    desk.town.surroundings.clock.set(NOON + timedelta(hours=1))
    await desk.town.welfare.idle()
    assert await stages() == ("published", "closed")
    assert await desk.claim(campaign, "W01") == "PHASE_NOT_OPEN"
    desk.town.surroundings.clock.set(NOON + 4 * DAY)
    await desk.town.welfare.idle()
    assert await stages() == ("closed", "closed")
    assert await desk.town.faults(SERVICE.name) == []
