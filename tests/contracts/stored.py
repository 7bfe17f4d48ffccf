"""Every class whose instances outlive the code that wrote them: stored events, contracts, and what lies beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from shared.contracts.model import Contract, canonical
from shared.contracts.registry import ANSWER_TYPES, EVENTS
from shared.deciding import Result
from shared.erasing import ContentErased
from shared.log.append import Context
from shared.log.codec import encode
from shared.parked import ParkedDropped
from shared.quarantine import Settled
from shared.service import Service
from shared.timers import TimerFired
from shared.waits import WaitResumed
from tests.architecture.tree import services

SAMPLES = Path(__file__).parent / "samples"
_KERNEL = (Context, Result, TimerFired, WaitResumed, ContentErased, ParkedDropped, Settled)
MOMENT = datetime(2026, 1, 22, 21, 35, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Stored:
    """One such class, in the version that is written today. `full` and `sparse` are instances with and without all
    that may be left out or be empty."""

    name: str
    version: int
    decode: Callable[[str], Any]
    encode: Callable[[Any], str]
    full: Any
    sparse: Any

    def samples(self) -> dict[str, str]:
        """What today's code would write, by name of the sample."""
        texts = {"full": self.encode(self.full), "sparse": self.encode(self.sparse)}
        if texts["sparse"] == texts["full"]:
            del texts["sparse"]
        return {f"{self.name}.v{self.version}.{kind}": text for kind, text in texts.items()}


@cache
def service_of(name: str) -> Service:
    service: Service = import_module(f"services.{name}.main").SERVICE
    return service


def service_names() -> list[str]:
    return [path.name for path in services()]


def stored_classes() -> list[Stored]:
    """All of them: of every service in the tree, of the registry, and of the kernel."""
    own = [stored for name in service_names() for stored in own_events(service_of(name))]
    return [*own, *_contracts(), *(_struct(f"kernel.{kind.__name__}", kind) for kind in _KERNEL)]


def own_events(service: Service) -> Iterator[Stored]:
    codec = service.codec
    for event in sorted({e for decider in service.handlers.deciders for e in decider.events}, key=lambda e: e.__name__):
        name = event.__name__
        full, sparse = instance(event, full=True), instance(event, full=False)
        decode = _decoder(codec.decode, name)
        yield Stored(f"{service.name}.{name}", event.schema_version, decode, encode, full, sparse)


def _decoder(decode: Callable[[str, str], Any], name: str) -> Callable[[str], Any]:
    return lambda data: decode(name, data)


def _contracts() -> Iterator[Stored]:
    for event in EVENTS:
        yield _contract(event.type.rpartition(".")[0], event.version, event.model, json.dumps(dict(event.example)))
    for answer in ANSWER_TYPES:
        example = answer.model_json_schema()["examples"][0]
        yield _contract(f"answers.{answer.__name__}", 1, answer, json.dumps(example))


def _contract(name: str, version: int, model: type[Contract], example: str) -> Stored:
    full = model.model_validate_json(example)
    required = {key for key, field in model.model_fields.items() if field.is_required()}
    sparse = model.model_validate_json(canonical({k: v for k, v in json.loads(example).items() if k in required}))
    return Stored(name, version, model.model_validate_json, lambda data: data.canonical().decode(), full, sparse)


def _struct(name: str, kind: type[msgspec.Struct]) -> Stored:
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
    return Stored(name, 1, decoder.decode, encode, instance(kind, full=True), instance(kind, full=False))


def instance(kind: type[Any], *, full: bool) -> Any:
    """An instance made from the types of its fields, the same every time."""
    return _value(inspect.type_info(kind), kind.__name__, full)


def _value(kind: inspect.Type, name: str, full: bool) -> Any:
    match kind:
        case inspect.StrType():
            return f"{name.replace('_', '').lower()}1"
        case inspect.IntType():
            return 7 if full else 0
        case inspect.BoolType():
            return full
        case inspect.DateTimeType():
            return MOMENT if full else MOMENT.replace(microsecond=0)
        case inspect.DateType():
            return MOMENT.date()
        case inspect.TimeType():
            return time(5, 30)
        case inspect.LiteralType():
            return kind.values[0 if full else -1]
        case inspect.UnionType():
            nothing = not full and any(isinstance(one, inspect.NoneType) for one in kind.types)
            return None if nothing else _value(_first_of(kind), name, full)
        case inspect.VarTupleType(item_type=inspect.LiteralType(values)):
            return tuple(values) if full else ()  # every one of them, so that none is ever dropped
        case inspect.VarTupleType():
            return (_value(kind.item_type, name, full),) if full else ()
        case inspect.TupleType():
            return tuple(_value(item, name, full) for item in kind.item_types)
        case inspect.StructType():
            return kind.cls(**{field.name: _value(field.type, field.name, full) for field in kind.fields})
        case inspect.NamedTupleType() | inspect.DataclassType():
            return kind.cls(**{field.name: _value(field.type, field.name, full) for field in kind.fields})
        case _:
            raise TypeError(f"{name} is a {type(kind).__name__}: say here what a sample of it is")


def _first_of(union: inspect.UnionType) -> inspect.Type:
    return next(kind for kind in union.types if not isinstance(kind, inspect.NoneType))
