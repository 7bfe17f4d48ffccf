"""One event that crosses a service's border, and the topics that it travels on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.contracts.model import Contract

PARTITIONS = 6


@dataclass(frozen=True)
class EventType:
    """One version of one event."""

    model: type[Contract]
    service: str
    direction: Literal["intake", "published"]
    purpose: str
    key: str
    example: Mapping[str, Any]
    consumers: tuple[str, ...] = ()
    version: int = 1
    retention_days: int = 30
    data_class: Literal["pseudonymous", "none"] = "pseudonymous"

    @property
    def type(self) -> str:
        return f"cn.yizhan.{self.service}.{self.model.__name__}.v{self.version}"

    @property
    def topic(self) -> str:
        return intake_topic(self.service) if self.direction == "intake" else events_topic(self.service)


def intake_topic(service: str) -> str:
    return f"{service}.intake.v1"


def events_topic(service: str) -> str:
    return f"{service}.events.v1"


def feedback_topic(service: str) -> str:
    return f"{service}.feedback.v1"


def quarantine_topic(service: str) -> str:
    return f"{service}.quarantine.v1"


@dataclass(frozen=True)
class Topic:
    """A topic as it is to be made. Intake topics carry the broker's time: it is the server's receipt (K4)."""

    name: str
    partitions: int = PARTITIONS
    retention_days: int = 30

    @property
    def config(self) -> dict[str, str]:
        stamp = "LogAppendTime" if ".intake." in self.name else "CreateTime"
        return {"retention.ms": str(self.retention_days * 86_400_000), "message.timestamp.type": stamp}


def topics(service: str) -> tuple[Topic, ...]:
    """The four topics of a service."""
    makers = (intake_topic, events_topic, feedback_topic, quarantine_topic)
    return tuple(Topic(make(service)) for make in makers)
