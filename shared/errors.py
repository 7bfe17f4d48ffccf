"""What can go wrong, and what to do next.

YizhanError
├── Refused                 a rule says no; `code` is the contract, the docstring the message and its remedy
│   ├── ValidationFailed    a field is not as the contract says
│   ├── NotFound            nothing is known under this id
│   ├── Forbidden           this caller may not do this
│   ├── IdempotencyKeyReused
│   ├── VersionConflict     only ever a caller's own stale If-Match
│   ├── CauseMissing        an event waited for its cause in vain; only ever the second answer to a publisher
│   └── ProjectionBehind    min_position has not been reached in time
└── Trouble                 no rule is involved
    ├── Unavailable         a dependency is away or too much waits: try again
    │   └── BuildHeld       a new version of a read table cannot be built: the old one stays
    ├── ConfigInvalid       a setting is wrong: named at start, with the remedy
    ├── LeaseLost           another process owns the subscription now: stop, what it repeats is harmless
    ├── ParkedChanged       what is parked was dropped meanwhile: look again
    ├── ReplayFailed        an event cannot be applied to a read table that is built anew
    └── LogCorrupted        the log is not what it must be: stop and look
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.decider import Change

Kind = Literal[
    "validation",
    "unauthenticated",
    "not_found",
    "gone",
    "forbidden",
    "refused",
    "key_reused",
    "if_match",
    "too_large",
    "media_type",
    "unavailable",
]

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class YizhanError(Exception):
    """Something went wrong."""


class Refused(YizhanError):
    """The rules do not allow this."""

    kind: ClassVar[Kind] = "refused"
    code: ClassVar[str] = "REFUSED"

    def __init_subclass__(cls) -> None:
        cls.code = _WORD_START.sub("_", cls.__name__).upper()

    def __init__(self, detail: str = "", *, field: str | None = None) -> None:
        super().__init__(detail or self.message())
        self.detail = detail
        self.field = field
        self.record: Sequence[Change] = ()

    @classmethod
    def message(cls) -> str:
        """The class's docstring on one line: what is wrong and what to do next."""
        return " ".join((cls.__doc__ or cls.__name__).split())

    def recording(self, *changes: Change) -> Refused:
        """The same refusal, leaving these events in the log, for refusals that must be remembered."""
        self.record = changes
        return self


class ValidationFailed(Refused):
    """A field is missing or not of the form the contract asks for. Correct the named field and send it again."""

    kind = "validation"


class NotFound(Refused):
    """Nothing is known under this id. Check the id, or register it first."""

    kind = "not_found"


class Forbidden(Refused):
    """This caller may not do this. Ask for the role or the relation that is named, as docs/access has it."""

    kind = "forbidden"


class IdempotencyKeyReused(Refused):
    """This key was used before with another body. Use a new key for a new command."""

    kind = "key_reused"


class VersionConflict(Refused):
    """The resource has changed since it was read. Read it again and repeat with its new ETag."""

    kind = "if_match"


class CauseMissing(Refused):
    """What the named field refers to was not told here in time. Once it has been, send this again under a new id."""


class ProjectionBehind(Refused):
    """The read model has not reached the position asked for yet. Ask again in a moment."""

    kind = "unavailable"


class Trouble(YizhanError):
    """Something outside the rules is in the way."""


class Unavailable(Trouble):
    """A dependency is away or too many commands wait. Try again after the time given in Retry-After."""


class BuildHeld(Unavailable):
    """A new version of a read table cannot be built. The old one stays; correct the rule and release it again."""


class ConfigInvalid(Trouble):
    """A setting is wrong or missing. Correct the named setting and start again."""


class LeaseLost(Trouble):
    """Another process owns the subscription now. Stop here; what it repeats is harmless."""


class ParkedChanged(Trouble):
    """Somebody has dropped what is parked. Read what is parked again, and repeat."""


class ReplayFailed(Trouble):
    """An event cannot be applied to a read table that is built anew. Correct its rule, or drop the event."""


class LogCorrupted(Trouble):
    """The log does not hold what it must. Stop writing, run the verification and restore from a backup."""
