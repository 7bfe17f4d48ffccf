"""What every service answers to its publishers: one answer for each intake event, with ids and codes only."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.model import Contract, Flag


class IntakeAnswered(Contract):
    """What became of an intake event. On `<service>.feedback.v1`; key: the subject of the event."""

    source: str | None = Field(default=None, description="The CloudEvents source of the event that is answered.")
    id: str | None = Field(default=None, description="The CloudEvents id of the event that is answered.")
    record: str | None = Field(
        default=None, description="topic/partition/offset of a record that is answered without source or id."
    )
    status: Literal["accepted", "duplicate", "refused", "quarantined"]
    code: str | None = Field(default=None, description="The refusal's or the fault's code.")
    field: str | None = Field(default=None, description="The field or attribute at fault, where one can be named.")
    remedy: str | None = Field(default=None, description="What the publisher can do.")
    retry: Flag = Field(default=False, description="Whether sending the same event again can help.")
    position: str | None = Field(default=None, description="Token to wait for in queries of this service.")


class RecordQuarantined(Contract):
    """A record that could not be read. On `<service>.quarantine.v1`; the bytes stay with the service, under `ref`."""

    ref: str = Field(description="Where the service keeps the record's bytes, encrypted.")
    topic: str
    partition: int
    offset: int
    code: str
    field: str | None = None
    remedy: str
