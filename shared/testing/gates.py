"""Gates, patrol apps and officers, as a test plays them: what they send by either door, and the setting they need."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import httpx

from shared.contracts.event_type import intake_topic
from shared.plain_http import NO_TLS
from shared.testing.documents import Document
from shared.testing.processes import NOON, ServiceProcess, Surroundings
from shared.testing.topics import Raw, binary
from shared.testing.waiting import eventually

SCANNED = "cn.yizhan.checkin.MemberScanned.v1"
REPORTED = "cn.yizhan.points.PatrolReported.v1"
SCANS = intake_topic("checkin")
GATE = "/gates/S1-G1"
HOUR = timedelta(hours=1)

STATION = {
    "station_id": "S1", "city": "nanyang", "county": "wolong", "lat_e6": 33_000_000, "lon_e6": 112_000_000,
    "capacity": 100_000, "always_open": True,
}  # fmt: skip
HAZARD = {"station_id": "S1", "category": "extinguisher", "suspected_severity": "general"}
RULES = {"version": 1, "effective_from": "2025-01-01T00:00:00+08:00"}


def scanned(member: str, direction: str = "entry", **more: Any) -> dict[str, Any]:
    """The data of a scan at the station of our tests."""
    return {"member_id": member, "station_id": "S1", "gate_id": "S1-G1", "direction": direction, **more}


def scan(identity: str, member: str = "W01", direction: str = "entry", *, source: str = GATE, **more: str) -> Raw:
    """A scan as a gate publishes it."""
    return binary(SCANNED, identity, source, member, scanned(member, direction), **more)


def duty(identity: str, *people: str, now: datetime = NOON) -> dict[str, Any]:
    """A patrol duty that goes on now."""
    window = {"window_from": (now - 2 * HOUR).isoformat(), "window_to": (now + 2 * HOUR).isoformat()}
    return {"duty_id": identity, "kind": "patrol_daily", "station_id": "S1", "people": list(people), **window}


def reported(identity: str, duty_id: str, volunteer: str, *, ended: datetime = NOON - HOUR / 6) -> dict[str, Any]:
    """The data of a report of a patrol of twenty minutes."""
    window = {"performed_from": (ended - HOUR / 3).isoformat(), "performed_to": ended.isoformat()}
    who = {"report_id": identity, "duty_id": duty_id, "station_id": "S1", "volunteer_id": volunteer}
    return {**who, **window, "checklist": [{"item": "extinguisher", "ok": True}]}


REFUSED: set[tuple[str, str]] = set()  # service and code of every refusal that a caller of this run was answered
_documents: dict[str, Document] = {}  # by service: what one process says of itself, all of it say


class Caller:
    """Somebody with a token; repeats what got no answer, or a 503, under the same key, as callers should.

    Each answer is held against the service's document.
    """

    def __init__(self, process: ServiceProcess, surroundings: Surroundings, subject: str, *roles: str) -> None:
        headers = {"Authorization": surroundings.authorization(subject, *roles)}
        self._service = process.service
        self.http = httpx.AsyncClient(base_url=process.url, headers=headers, timeout=20, trust_env=False, verify=NO_TLS)

    async def post(self, path: str, body: Any, key: str, **headers: str) -> httpx.Response:
        """Once, whatever comes of it."""
        answer = await self.http.post(path, json=body, headers={"Idempotency-Key": key, **headers})
        return await self._noted("POST", path, answer)

    async def insist(self, path: str, body: Any, key: str, within: float = 60) -> httpx.Response:
        """Until there is an answer."""
        return await eventually(
            lambda: self.post(path, body, key), within, until=lambda answer: answer.status_code != 503
        )

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self._noted("GET", path, await self.http.get(path, params=query))

    async def _noted(self, method: str, path: str, answer: httpx.Response) -> httpx.Response:
        if self._service not in _documents:
            _documents[self._service] = Document((await self.http.get("/openapi.json")).json())
        document = _documents[self._service]
        if (template := document.template(method, path)) is not None:
            media_type = answer.headers.get("Content-Type", "").partition(";")[0]
            body = answer.json() if "json" in media_type else answer.text
            assert document.faults((method, template), answer.status_code, media_type, body) == [], answer.text
        if answer.headers.get("Content-Type") == "application/problem+json":
            REFUSED.add((self._service, answer.json()["code"]))
        return answer


def calling(process: ServiceProcess, surroundings: Surroundings, subject: str, *roles: str) -> _Calling:
    """`async with calling(...) as caller`."""
    return _Calling(Caller(process, surroundings, subject, *roles))


class _Calling(AbstractAsyncContextManager[Caller]):
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def __aenter__(self) -> Caller:
        return self._caller

    async def __aexit__(self, *_: object) -> None:
        await self._caller.http.aclose()


async def settle(checkin: ServiceProcess, surroundings: Surroundings, members: Iterable[str]) -> None:
    """Register the station of our tests and these members."""
    async with calling(checkin, surroundings, "P1", "officer") as officer:
        answers = [await officer.insist("/stations", STATION, "station-S1")]
        for member in members:
            body = {"member_id": member, "trade": "courier"}
            answers.append(await officer.insist("/members", body, f"member-{member}"))
    assert all(answer.status_code == 200 for answer in answers), [answer.text for answer in answers]
