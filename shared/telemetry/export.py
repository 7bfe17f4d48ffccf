"""Where spans go: pushed by OTLP when an address is set, nowhere otherwise."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry import trace


def configure(service: str, otlp: str | None) -> Callable[[], None]:
    """Set up tracing for this process; answers what to call before it ends."""
    if otlp is None:
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{otlp.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    return provider.shutdown
