"""One trace leads from a scan at a gate to what it sets off in another service."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared.embedded.infra import Infra
from shared.testing.gates import GATE, SCANS, calling, scan, scanned, settle
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, header, read_all
from shared.testing.waiting import eventually
from tests.running import Town, a_town

pytestmark = pytest.mark.journey


class Collector:
    """An OTLP endpoint that remembers the spans it was sent."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """A collector is silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request: Any) -> None:
        for resource in request.resource_spans:
            service = {one.key: one.value.string_value for one in resource.resource.attributes}["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_plain(service, span) for span in scope.spans]

    def of(self, service: str, trace: str) -> list[dict[str, Any]]:
        return [span for span in self.spans if (span["service"], span["trace"]) == (service, trace)]


def _plain(service: str, span: Any) -> dict[str, Any]:
    attributes = {one.key: one.value.string_value for one in span.attributes}
    known = {"service": service, "trace": span.trace_id.hex(), "parent": span.parent_span_id.hex(), "name": span.name}
    return {**known, "kind": span.kind, "attributes": attributes, "links": [one.span_id.hex() for one in span.links]}


CONSUMER = 5  # SpanKind in OTLP


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


@pytest.fixture(scope="module")
async def town(
    infra: Infra, databases: Databases, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("trace")) as town:
        for process in (town.checkin, town.points):
            process.settings["OTEL_BSP_SCHEDULE_DELAY"] = "200"  # ms until spans are pushed
            await process.start(otlp=collector.url)
        await settle(town.checkin, town.surroundings, ["W01", "W02", "W03"])
        yield town


async def process_span(collector: Collector, trace: str) -> dict[str, Any]:
    """The step in points that the scan has set off."""
    (found,) = await eventually(lambda: collector.of("points", trace)[:1], 20)
    return dict(found)


async def test_a_scan_by_http_and_its_effect_in_points_are_one_trace(town: Town, collector: Collector) -> None:
    trace, parent = "1" * 32, "2" * 16
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        answer = await gate.post("/scans", scanned("W01"), "traced", traceparent=f"00-{trace}-{parent}-01")
    assert answer.status_code == 200
    span = await process_span(collector, trace)
    assert (span["name"], span["kind"]) == ("process checkin.events.v1", CONSUMER)
    assert span["attributes"]["messaging.operation.name"] == "process"
    assert span["attributes"]["messaging.destination.name"] == "checkin.events.v1"
    assert span["attributes"]["yizhan.event.type"] == "cn.yizhan.checkin.VisitStarted.v1"
    assert span["parent"] in span["links"], "the creation context is parent and link"


async def test_a_publishers_traceparent_is_kept_in_the_log_and_on_what_is_published(
    town: Town, collector: Collector
) -> None:
    """The same trace, from a foreign publisher through checkin's log and topic into points."""
    trace, parent = "a" * 32, "b" * 16
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, scan("foreign", "W02", traceparent=f"00-{trace}-{parent}-01"))
    (received,) = await eventually(lambda: collector.of("checkin", trace)[:1], 20)
    assert received["parent"] == parent
    await process_span(collector, trace)
    with psycopg.connect(town.urls["checkin"]) as db:
        stored = db.execute("select meta->>'traceparent' from event where event_id = 'foreign'").fetchone()
        decided = db.execute("select meta->>'traceparent' from event where stream = 'visits-W02'").fetchall()
    assert stored == (f"00-{trace}-{parent}-01",)
    assert {row[0].split("-")[1] for row in decided} == {trace}
    told = [one for one in await read_all(town.infra.kafka, "checkin.events.v1") if one.key == b"W02"]
    published = [one for one in told if header(one, "ce_type") != "cn.yizhan.checkin.MemberRegistered.v1"]
    assert [(header(one, "traceparent") or "").split("-")[1] for one in published] == [trace]
    assert [header(one, "ce_traceparent") == header(one, "traceparent") for one in published] == [True]


@pytest.mark.parametrize("foreign", ["nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 500])
async def test_trace_context_that_is_none_costs_no_event_and_is_not_handed_on(town: Town, foreign: str) -> None:
    identity = f"odd-{len(foreign)}"
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, scan(identity, "W03", traceparent=foreign))
    await town.checkin.idle()
    with psycopg.connect(town.urls["checkin"]) as db:
        rows = db.execute("select meta::text from event where event_id = %s", (identity,)).fetchall()
    assert len(rows) == 1
    assert foreign not in rows[0][0]
