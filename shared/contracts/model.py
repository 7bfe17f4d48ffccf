"""What every contract is made of: ids, instants and the base class of all published and intake events.

A contract is read open (fields we do not know are ignored, as others may grow before we do) and written closed (the
generated writer's schema forbids what the model does not declare). No contract has a free-text or person field.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, TypeAlias

import msgspec
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
)

MAX_DATA_BYTES = 256 * 1024  # of one event's data; checked before the append, so that nothing recorded is unsendable

_canonical = msgspec.json.Encoder(order="sorted")


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of strings, whole numbers, booleans, times, lists and objects with ASCII keys."""
    return _canonical.encode(value)


def _written_out(value: Any) -> Any:
    if isinstance(value, str | datetime):
        return value
    raise ValueError("must be text in ISO 8601 with an offset, as in 2026-01-23T05:35:00+08:00")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie within the years 1 to 9999 in UTC too") from None


Instant: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]
Id: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,95}$", examples=["S1"])]
Code: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["table_chairs"])]
Count: TypeAlias = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]
Flag: TypeAlias = StrictBool


class Contract(BaseModel):
    """Data of one event that crosses a service's border."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def canonical(self) -> bytes:
        """The declared fields as canonical JSON, with what was left out left out."""
        return _canonical.encode(self.model_dump(exclude_none=True))


class Fault(NamedTuple):
    """What a contract finds wrong first: where, of which kind, and in words. Values are not quoted."""

    path: list[str]
    kind: str
    message: str


def first_fault(error: ValidationError) -> Fault:
    """The first of what pydantic has found."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return Fault([str(part) for part in fault["loc"]], fault["type"], fault["msg"])
