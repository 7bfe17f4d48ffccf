"""The AsyncAPI 3.0.0 document of all topics: what is on them, under which key and headers, who sends and receives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.contracts.answers import IntakeAnswered, RecordQuarantined
from shared.contracts.event_type import EventType, Topic, feedback_topic, intake_topic, quarantine_topic, topics
from shared.contracts.model import Contract
from shared.contracts.registry import ANSWER_TYPES, EVENTS, PRODUCERS, SERVICES, taken_by

TEXT: dict[str, Any] = {"type": "string"}
TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
IDENTIFIER = {"type": "string", "minLength": 1, "maxLength": 128}
ALWAYS = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {**IDENTIFIER, "description": "The same id and source is the same event, however often it is sent."},
    "ce_source": {"type": "string", "minLength": 1, "maxLength": 256},
    "ce_type": {**TEXT, "description": "The event's type, with its version."},
    "ce_subject": {**IDENTIFIER, "description": "The same as the record's key."},
}
BESIDE = {
    "content-type": {"const": "application/json"},
    "ce_time": {**TIME, "description": "When it happened."},
    "ce_correlationid": {**IDENTIFIER, "description": "The same for all that one first cause led to."},
    "ce_causationid": {**IDENTIFIER, "description": "The id of the event or command that led to this one."},
    "ce_orgid": {**IDENTIFIER, "description": "The union that it belongs to."},
    "traceparent": {**TEXT, "description": "W3C trace context: a consumer's span is its child."},
}
OURS = {
    "ce_partitionkey": {**IDENTIFIER, "description": "The record's key again, where bridges drop it."},
    "ce_recordedtime": {**TIME, "description": "When we recorded it."},
    "ce_sequence": {**TEXT, "pattern": "^[0-9]{10}$", "description": "The version of the stream behind it."},
    "ce_traceparent": {**TEXT, "description": "The trace context of the origin, which no hop changes."},
}


def document(version: str) -> dict[str, Any]:
    """The whole document. Payloads are references to the generated schemas, relative to the document."""
    every = [topic for service in PRODUCERS for topic in topics(service) if _on(topic.name)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Yizhan events",
            "version": version,
            "description": "CloudEvents 1.0 on Apache Kafka: binary mode, and on intake topics structured mode too.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in every},
        "operations": {name: operation for service in PRODUCERS for name, operation in _operations(service)},
        "components": {"schemas": _headers(), "messages": _messages()},
    }


def message_name(answer: type[Contract], service: str) -> str:
    """The type of an answer when this service sends it."""
    return ANSWER_TYPES[answer].format(service=service)


def _channel(topic: Topic) -> dict[str, Any]:
    names = _on(topic.name)
    return {
        "address": topic.name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": topic.retention_days * 86_400_000},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _on(topic: str) -> list[str]:
    service = topic.partition(".")[0]
    if service in SERVICES and topic == feedback_topic(service):
        return [message_name(IntakeAnswered, service)]
    if service in SERVICES and topic == quarantine_topic(service):
        return [message_name(RecordQuarantined, service)]
    return [event.type for event in EVENTS if event.topic == topic]


def _operations(service: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """What a service does itself: it receives its intake and what it takes from others, and sends the rest."""
    taken: dict[str, list[str]] = {}
    for event in taken_by(service).values():
        taken.setdefault(event.topic, []).append(event.type)
    for topic, names in taken.items():
        operation = _operation("receive", topic, names)
        group = {"groupId": {"type": "string", "const": service}, "bindingVersion": "0.5.0"}
        yield f"{service}.receives.{topic}", {**operation, "bindings": {"kafka": group}}
    for sent in topics(service):
        if sent.name != intake_topic(service) and _on(sent.name):
            yield f"{service}.sends.{sent.name}", _operation("send", sent.name, _on(sent.name))


def _operation(action: str, topic: str, names: Iterable[str]) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in names]
    return {"action": action, "channel": {"$ref": f"#/channels/{topic}"}, "messages": messages}


def _headers() -> dict[str, Any]:
    required = list(ALWAYS)
    intake = {"type": "object", "required": required, "properties": {**ALWAYS, **BESIDE}}
    sent = {**intake, "required": [*required, "content-type", "ce_partitionkey"]}
    return {"intakeHeaders": intake, "sentHeaders": {**sent, "properties": {**ALWAYS, **BESIDE, **OURS}}}


def _messages() -> dict[str, Any]:
    messages = {event.type: _event(event) for event in EVENTS}
    for service in SERVICES:
        for answer in ANSWER_TYPES:
            name = message_name(answer, service)
            summary = " ".join((answer.__doc__ or "").split())  # from 3.13 on Python takes the indentation away itself
            payload = f"{answer.__name__}.v1.json"
            messages[name] = _message(name, summary, "sentHeaders", payload, "The intake event's subject.")
    return messages


def _event(event: EventType) -> dict[str, Any]:
    """What others send to us they write by the closed schema; what we send they read by the open one."""
    intake = event.direction == "intake"
    payload = f"{event.type}.writer.json" if intake else f"{event.type}.json"
    headers = "intakeHeaders" if intake else "sentHeaders"
    return _message(event.type, event.purpose, headers, payload, f"The event's {event.key}.")


def _message(name: str, summary: str, headers: str, payload: str, key: str) -> dict[str, Any]:
    of_type = {"properties": {"ce_type": {"const": name}}}
    return {
        "name": name,
        "summary": summary,
        "contentType": "application/json",
        "headers": {"allOf": [{"$ref": f"#/components/schemas/{headers}"}, of_type]},
        "payload": {
            "schemaFormat": "application/schema+json;version=2020-12",
            "schema": {"$ref": f"./schemas/{payload}"},
        },
        "bindings": {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": "0.5.0"}},
    }
