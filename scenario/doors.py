"""The two doors of every service: HTTP and Kafka. What is given again is given under the same id, so it acts once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx
import msgspec
import psycopg
from cloudevents.core.bindings.kafka import to_structured_event
from cloudevents.core.v1.event import CloudEvent

from scenario.acts import STAFF, Caller, Door, Feigned, Order, Told
from scenario.system import System
from shared.contracts.envelope import headers_of
from shared.contracts.event_type import EventType
from shared.contracts.model import canonical
from shared.contracts.registry import BY_TYPE, stored_type
from shared.errors import Unavailable, YizhanError
from shared.kafka import Record, Sender
from shared.plain_http import NO_TLS

PATIENCE = 90.0  # seconds: a service that was killed is back, and has its partitions again, well before
PAUSE = 0.05  # seconds between tries
REFUSED = "select result->'refusal'->>'code', count(*) from command where result->'refusal' is not null group by 1"
PATHS = {
    "MemberScanned": ("/scans", "gate"),
    "ServiceUsed": ("/service-uses", "machine"),
    "DemandHeard": ("/demands", "worker"),
    "BookingPresented": ("/bookings/present", "desk"),
    "PatrolReported": ("/patrol-reports", "patrol_app"),
    "HazardSpotted": ("/hazards", "patrol_app"),
    "MachineReported": ("/machine-reports", "machine"),
    "GoodsRequested": ("/redemptions", "machine"),
    "DispenseReported": ("/dispense-reports", "machine"),
    "RedemptionRequested": ("/redemptions", "terminal"),
    "RedemptionReversalRequested": ("/redemption-reversals", "terminal"),
}


class Unexpected(YizhanError):
    """A service does not answer as the day expects. Its log, in the instance's folder, says more."""


class Doors:
    """Open while in use."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._tokens: dict[Caller, str] = {}
        self._sender = Sender(system.infra.kafka, "scenario")
        self._http = httpx.AsyncClient(timeout=10.0, trust_env=False, verify=NO_TLS)

    async def __aenter__(self) -> Doors:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._sender.close()
        await self._http.aclose()

    async def order(self, order: Order) -> dict[str, Any]:
        """Give a command. Raises `Unexpected` unless it is answered as the day has it."""
        body = canonical(dict(order.body))
        return await self._post(order.service, order.path, order.caller, order.key, body, order.refused)

    async def tell(self, told: Told, door: Door) -> None:
        """Tell what a machine has seen."""
        event = BY_TYPE[stored_type(type(told.event))]
        if door == "http":
            path, role = PATHS[type(told.event).__name__]
            caller = Caller(told.source, (role,))
            await self._post(event.service, path, caller, told.id, told.event.canonical(), told.refused)
        else:
            await self._send(_record(told, event, structured=door == "structured"))

    async def feign(self, feigned: Feigned) -> None:
        """Publish what a service that is not built yet would."""
        event = BY_TYPE[stored_type(type(feigned.event))]
        await self._send(_published(feigned, event))

    async def ask(self, service: str, path: str, **wanted: str) -> dict[str, Any]:
        """A query's answer."""
        return await self._answered("GET", service, path, STAFF, params=wanted)

    async def refusals(self) -> list[tuple[str, int]]:
        """How many commands were refused with each code, in all: no service is asked that, so its commands are."""
        counts: Counter[str] = Counter()
        for url in self._system.databases.values():
            async with await psycopg.AsyncConnection.connect(url) as connection:
                counts.update(dict(await (await connection.execute(REFUSED)).fetchall()))
        return sorted(counts.items())

    async def knows(self, service: str, path: str) -> bool:
        """Whether a query has an answer."""
        try:
            await self.ask(service, path)
        except Unexpected:
            return False
        return True

    async def idle(self, service: str) -> dict[str, Any]:
        """Whether a service has nothing left to do; while it cannot be asked it has."""
        try:
            answer = await self._http.get(f"{self._url(service)}/testing/idle")
            state: dict[str, Any] = answer.json() if answer.status_code == 200 else {"why": [answer.text[:200]]}
        except (httpx.HTTPError, ValueError) as error:
            state = {"why": [f"it does not answer ({type(error).__name__})"]}
        return {"idle": False, "position": -1, **state}

    def _url(self, service: str) -> str:
        return self._system.services[service].url

    async def _post(
        self, service: str, path: str, caller: Caller, key: str, body: bytes, refused: str | None = None
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return await self._answered("POST", service, path, caller, headers, refused, content=body)

    async def _answered(
        self,
        method: str,
        service: str,
        path: str,
        caller: Caller,
        headers: Mapping[str, str] | None = None,
        refused: str | None = None,
        **content: Any,
    ) -> dict[str, Any]:
        """Again and again while the service is away: the same key makes the repeat harmless."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                identified = {**(headers or {}), "Authorization": f"Bearer {self._token(caller)}"}
                answer = await self._http.request(method, self._url(service) + path, headers=identified, **content)
                if answer.status_code != 503:
                    return _body(answer, method, path, refused)
                trouble = answer.text
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}"
            if time.monotonic() > deadline:
                raise Unexpected(f"{method} {path}: {service} was away for {PATIENCE:.0f} s; at last: {trouble[:300]}")
            await asyncio.sleep(PAUSE)

    async def _send(self, record: Record) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await self._sender.send([record])
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(PAUSE)

    def _token(self, caller: Caller) -> str:
        if caller not in self._tokens:
            self._tokens[caller] = self._system.token(caller.subject, *caller.roles)
        return self._tokens[caller]


def _body(answer: httpx.Response, method: str, path: str, refused: str | None) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(answer.content) if answer.content else {}
    if answer.is_success if refused is None else body.get("code") == refused:
        return body
    wanted = f", where {refused} was expected" if refused else ""
    raise Unexpected(f"{method} {path} was answered with {answer.status_code}{wanted}: {answer.text[:500]}")


def _published(feigned: Feigned, event: EventType) -> Record:
    key = str(getattr(feigned.event, event.key))
    attributes = {"id": feigned.id, "source": f"/yizhan/{event.service}", "type": event.type, "subject": key}
    traced = {"partitionkey": key, "time": feigned.at.isoformat(), "correlationid": feigned.id}
    return Record(event.topic, key, headers_of({**attributes, **traced}), feigned.event.canonical())


def _record(told: Told, event: EventType, *, structured: bool) -> Record:
    key = str(getattr(told.event, event.key))
    attributes = {"id": told.id, "source": told.source, "type": event.type, "subject": key}
    if not structured:
        return Record(event.topic, key, headers_of(attributes), told.event.canonical())
    data = told.event.model_dump(mode="json", exclude_none=True)
    message = to_structured_event(CloudEvent({**attributes, "specversion": "1.0"}, data))
    headers = {name: value.decode() for name, value in message.headers.items()}
    return Record(event.topic, key, headers, message.value)
