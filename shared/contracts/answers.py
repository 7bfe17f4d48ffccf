"""What every service answers to its publishers, with ids and codes only.

Each intake event has one answer when it is taken. If it is accepted and waits for a cause that never comes, it is
answered again when that wait runs out, and once more when it is replayed: the last answer holds.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from shared.contracts.model import Contract, Flag


class IntakeAnswered(Contract):
    """What became of an intake event. On `<service>.feedback.v1`; key: the subject of the event."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "/example/gate/S1-G1",
                    "id": "scan-0001",
                    "status": "accepted",
                    "retry": False,
                    "position": "checkin.1.42",
                }
            ]
        }
    )

    source: str | None = Field(default=None, description="The CloudEvents source of the event that is answered.")
    id: str | None = Field(default=None, description="The CloudEvents id of the event that is answered.")
    record: str | None = Field(
        default=None, description="topic/partition/offset of a record that is answered without source or id."
    )
    status: Literal["accepted", "duplicate", "refused", "quarantined"]
    code: str | None = Field(default=None, description="The refusal's or the fault's code.")
    field: str | None = Field(default=None, description="The field or attribute at fault, where one can be named.")
    remedy: str | None = Field(default=None, description="What the publisher can do.")
    retry: Flag = Field(default=False, description="Whether sending the same again later, under a new id, can help.")
    position: str | None = Field(default=None, description="Token to wait for in queries of this service.")


class RecordQuarantined(Contract):
    """A record that could not be read, or an intake event whose cause was not told in time (CAUSE_MISSING).

    On `<service>.quarantine.v1`. What it says stays with the service, under `ref`. An unreadable record has a place, an
    event that waited has a source and an id.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ref": "8f14e45f-ceea-5c6e-9d5c-0d6f3f1f7a11",
                    "topic": "checkin.intake.v1",
                    "partition": 3,
                    "offset": 42,
                    "code": "ATTRIBUTE_MISSING",
                    "field": "id",
                    "remedy": "The attribute 'id' is missing. Send it (header ce_id in binary mode).",
                }
            ]
        }
    )

    ref: str = Field(description="Where the service keeps the record's bytes, encrypted, or the end of a wait.")
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    source: str | None = Field(default=None, description="The CloudEvents source of an event that waited.")
    id: str | None = Field(default=None, description="The CloudEvents id of an event that waited.")
    code: str
    field: str | None = None
    remedy: str
