"""Trace context that outlives processes: stored with every event, taken up again by every step that it causes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    ProxyTracerProvider,
    SpanContext,
    SpanKind,
    TraceFlags,
    set_span_in_context,
)

from shared.log.read import Recorded
from shared.telemetry import names

_PARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_tracer = trace.get_tracer(names.TRACER)


def parse(traceparent: str | None) -> SpanContext | None:
    """The span context that a W3C traceparent names, or None when there is none or it is not one."""
    match = _PARENT.match(traceparent or "")
    if match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
        return None
    return SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=TraceFlags(int(match[3], 16)))


def current() -> str | None:
    """The traceparent of the span we are in, if any."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@contextmanager
def processing(row: Recorded, group: str) -> Iterator[str | None]:
    """A step caused by this event: a `process` span under the event's stored context; yields the new traceparent.

    Without a configured SDK the stored context is handed on as it is.
    """
    stored = row.context()
    if isinstance(trace.get_tracer_provider(), ProxyTracerProvider):
        yield stored.traceparent  # no SDK: a span that nobody sees costs more than reading the event
        return
    creation = parse(stored.traceparent)
    received = row.origin != ""
    attributes = {
        names.OPERATION_NAME: "process",
        names.OPERATION_TYPE: "process",
        names.SYSTEM: "kafka",
        names.DESTINATION: row.category,
        names.GROUP: group,
        names.MESSAGE_ID: row.event_id,
        names.EVENT_ID: row.event_id,
        names.EVENT_TYPE: row.type,
        names.CORRELATION_ID: stored.correlation_id,
    }
    parent = set_span_in_context(NonRecordingSpan(creation)) if creation else None
    with _tracer.start_as_current_span(
        f"process {row.category}",
        context=parent,
        kind=SpanKind.CONSUMER if received else SpanKind.INTERNAL,
        attributes=attributes,
        links=[Link(creation)] if creation else [],
    ) as span:
        yield current() if span.is_recording() else stored.traceparent
