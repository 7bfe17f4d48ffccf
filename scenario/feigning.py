"""Events of grievance, which is not built yet: made up by the day file, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scenario.acts import Feigned
from scenario.naming import Names
from shared.contracts.registry import EVENTS, PLANNED

_MODELS = {f"{event.service}.{event.model.__name__}": event.model for event in EVENTS if event.service in PLANNED}
_TIMES = ("_at", "_until")  # how fields that are times end


def feigned(entry: Mapping[str, Any], at: datetime, names: Names) -> Feigned:
    """`event` names the event, `@HZ1` is the id of what the day calls HZ1, V1 is a member; `at` is when it is told."""
    fields = {name: _meant(name, value, names) for name, value in entry.items() if name not in ("event", "at")}
    return Feigned(names.drawn("feigned"), at, _MODELS[entry["event"]].model_validate(fields))


def _meant(name: str, value: Any, names: Names) -> Any:
    if name.endswith(_TIMES):
        return names.text(value)
    if name == "member_id":
        return names.member(value)
    return names.of(value[1:]) if isinstance(value, str) and value.startswith("@") else value
