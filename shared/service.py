"""What every `main.py` calls: a service's parts, named once, and its start by role."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from fastapi import APIRouter
from msgspec.json import Decoder

from shared.access.table import Access
from shared.config import Settings, load
from shared.content import Vault
from shared.contracts.registry import taken_by
from shared.database import Database
from shared.decider import Handlers
from shared.erasing import ERASED_TYPE, ContentErased
from shared.errors import ConfigInvalid
from shared.log.codec import Codec
from shared.parked import ParkedDropped
from shared.policies import Intake, Policies, Timers
from shared.projecting import Projection
from shared.publishing import Publishing
from shared.timers import TIMERS, TimerFired
from shared.waits import WaitResumed

log = logging.getLogger(__name__)

ROLES = ("api", "worker", "all", "migrate", "rewrap")


@dataclass(frozen=True)
class Messaging:
    """What a service hears and says: the joints between topics and its rules."""

    intake: Intake
    policies: Policies
    timers: Timers
    publishing: Publishing


@dataclass(frozen=True)
class Service:
    """One service, whole."""

    name: str
    handlers: Handlers
    messaging: Messaging
    projections: tuple[Projection, ...]
    routers: tuple[APIRouter, ...]
    access: Access
    secrets: tuple[str, ...] = ()  # settings that it cannot do without in production, though others can

    @property
    def codec(self) -> Codec:
        """Reads everything that is in this service's log."""
        received = {event.type: event.model.model_validate_json for event in taken_by(self.name).values()}
        kernels = {kind.__name__: Decoder(kind).decode for kind in (TimerFired, WaitResumed, ParkedDropped)}
        return Codec(self.handlers.deciders, {**received, **kernels, ERASED_TYPE: Decoder(ContentErased).decode})

    @property
    def all_projections(self) -> tuple[Projection, ...]:
        return (*self.projections, TIMERS)


def run(service: Service, arguments: Sequence[str] | None = None) -> None:
    """Start a service process in one role; returns when it was asked to stop and has stopped in order."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}.main", description=service.name)
    parser.add_argument("--role", choices=ROLES, default="all", help="what this process does (default: all)")
    role = parser.parse_args(arguments).role
    try:
        settings = load()
        log_as_json(service.name, settings)
        if role == "migrate":
            from shared.migrating import migrate  # and with it Alembic, which nothing else needs

            migrate(service.name, settings.database, service.all_projections)
            return
        if role == "rewrap":
            count = asyncio.run(rewrap(settings))
            log.info("%d keys were wrapped anew", count, extra={"action": "rewrapped"})
            return
        from shared.running import serve  # not needed to migrate, and slow to import

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            gc.collect()
            gc.freeze()  # what was imported is never garbage: collections are short from now on
            # Rows come and go by the thousand: by default each page would be walked through twice.
            gc.set_threshold(50_000, 20, 50)
            runner.run(serve(service, settings, role))
    except ConfigInvalid as error:
        sys.exit(f"{service.name} cannot start: {error}")


async def rewrap(settings: Settings) -> int:
    """Wrap every content key by the first of `CONTENT_KEY`; afterwards the others can be given up."""
    async with await Database(settings.database, name="rewrap").connect("rewrap") as connection:
        return await Vault(settings.content_key).rewrap(connection)


def log_as_json(service: str, settings: Settings) -> None:
    """Log lines as JSON on standard output, each with a machine key `action` where there is one."""

    class Lines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            line: dict[str, Any] = {
                "time": self.formatTime(record),
                "level": record.levelname,
                "service": service,
                "logger": record.name,
                "message": record.getMessage(),
            }
            if action := getattr(record, "action", None):
                line["action"] = action
            if record.exc_info:
                line["exception"] = self.formatException(record.exc_info)
            return json.dumps(line, ensure_ascii=False)

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Lines())
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for noisy in ("aiokafka", "httpx", "uvicorn.access", "faststream", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def issuer_keys(settings: Settings) -> Path:
    """Where the issuer's public keys are."""
    return Path(settings.issuer_keys)
