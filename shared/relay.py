"""Kafka out: the log is the outbox. Own events that have a published contract, and answers, are sent in log order.

The position moves when all records of a page are acknowledged. A crash repeats at most a page, with the same ids.
"""

from __future__ import annotations

import msgspec

from shared import failpoints
from shared.contracts.answers import IntakeAnswered
from shared.contracts.event_type import events_topic, feedback_topic, quarantine_topic
from shared.contracts.model import canonical
from shared.contracts.registry import stored_type
from shared.kafka import Record, Sender
from shared.leases import Lease
from shared.log.codec import Codec, derived_id
from shared.log.read import Page, Recorded
from shared.publishing import Publishing


class Relay:
    """Publishes for one service."""

    def __init__(self, service: str, codec: Codec, publishing: Publishing, sender: Sender, epoch: int) -> None:
        self._service, self._codec = service, codec
        self._publishing, self._sender, self._epoch = publishing, sender, epoch

    @property
    def types(self) -> list[str]:
        return sorted({event.__name__ for event in self._publishing.events} | {"IntakeAnswered", "RecordQuarantined"})

    async def work(self, lease: Lease, page: Page) -> None:
        """One page: sent in order, acknowledged, and only then passed."""
        await self._sender.send([record for row in page.rows if (record := self.record(row)) is not None])
        failpoints.hit("relay.after_send")
        await lease.move(page.reached)

    def record(self, row: Recorded) -> Record | None:
        """What others are told of this row, if anything."""
        if row.origin:
            return None  # a contract of another service that is named like an event of ours
        if row.type == "IntakeAnswered":
            token = f"{self._service}.{self._epoch}.{row.position}"
            data = canonical({**msgspec.json.decode(row.data), "position": token})
            return self._of(row, feedback_topic(self._service), row.entity, "IntakeAnswered", data)
        if row.type == "RecordQuarantined":
            return self._of(row, quarantine_topic(self._service), row.entity, row.type, row.data.encode())
        published = self._publishing.publish(self._codec.decode(row.type, row.data), row.entity)
        if published is None:
            return None
        contract = stored_type(type(published.data))
        return self._of(row, events_topic(self._service), published.key, contract, published.data.canonical())

    def _of(self, row: Recorded, topic: str, key: str, type_name: str, data: bytes) -> Record:
        context = row.context()
        full_type = type_name if "." in type_name else f"cn.yizhan.{self._service}.{type_name}.v1"
        headers = {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_id": derived_id("public", row.event_id, full_type.rpartition(".")[0]),
            "ce_source": f"/yizhan/{self._service}",
            "ce_type": full_type,
            "ce_subject": key,
            "ce_partitionkey": key,
            "ce_time": row.occurred_at.isoformat(),
            "ce_recordedtime": row.recorded_at.isoformat(),
            "ce_correlationid": context.correlation_id,
            "ce_causationid": context.causation_id or context.command_id or row.event_id,
            "ce_orgid": context.org,
        }
        if row.version is not None:
            headers["ce_sequence"] = f"{row.version:010d}"
        if context.traceparent:
            headers["traceparent"] = headers["ce_traceparent"] = context.traceparent
        return Record(topic, key, headers, data)


def answer_record(service: str, key: str, answer: IntakeAnswered) -> Record:
    """An answer that is not in the log: to a duplicate, best effort."""
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": derived_id("answer", "direct", answer.source or "", answer.id or "", answer.status),
        "ce_source": f"/yizhan/{service}",
        "ce_type": f"cn.yizhan.{service}.IntakeAnswered.v1",
        "ce_subject": key,
        "ce_partitionkey": key,
    }
    return Record(feedback_topic(service), key, headers, answer.canonical())
