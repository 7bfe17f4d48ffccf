"""What every contract is made of: ids, instants and the base class of all published and intake events.

A contract is read open (fields we do not know are ignored, as others may grow before we do) and written closed (the
generated writer's schema forbids what the model does not declare). No contract has a free-text or person field.
"""

from __future__ import annotations

from collections.abc import Mapping
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
_ID, _CODE = r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,95}$", r"^[a-z][a-z0-9_]{0,63}$"
_WORDS = {
    _ID: "Input should be an id: up to 96 letters A-Z, a-z, digits and . _ : ~ -, the first a letter or a digit",
    _CODE: "Input should be a code: up to 64 small letters, digits and _, the first a letter",
}
Id: TypeAlias = Annotated[str, Field(pattern=_ID, examples=["S1"])]
Code: TypeAlias = Annotated[str, Field(pattern=_CODE, examples=["table_chairs"])]
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
    fault = error.errors(include_url=False, include_input=False)[0]
    return Fault([str(part) for part in fault["loc"]], fault["type"], in_words(fault))


def in_words(fault: Mapping[str, Any]) -> str:
    """What pydantic says of a fault; of the patterns that all services have, what they mean."""
    said: str = _WORDS.get(fault.get("ctx", {}).get("pattern", ""), fault["msg"])
    return said
