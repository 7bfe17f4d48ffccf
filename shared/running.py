"""A service process from start to stop: its tasks, its health, and the order in which it ends.

Stop: no new requests and records, finish pages and commands in flight, send what is sent, then let go of the database.
A task that crashes ends the process with a reason; whatever supervises it starts it anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI
from sqlalchemy import text

from shared import content_api, failpoints
from shared.access.guard import Guard, check_complete
from shared.body_limit import BodyLimit
from shared.building import Rebuilder
from shared.catching_up import CatchingUp
from shared.clock import Clock, SystemClock, clock_for
from shared.committer import Committer
from shared.config import Settings
from shared.content import Vault
from shared.database import Database, retrying
from shared.erasing import Eraser
from shared.errors import ConfigInvalid
from shared.health import Health
from shared.identity import Verifier
from shared.ingest import Ingest
from shared.kafka import Sender
from shared.leases import Leases
from shared.openapi import complete
from shared.page import PageBuilder
from shared.projecting import PAGE
from shared.queries import Queries
from shared.reacting import Door, Reactor
from shared.relay import Relay
from shared.revision import check_revision
from shared.service import Service, issuer_keys
from shared.subscription import Subscription
from shared.tail import Tail
from shared.telemetry.export import configure
from shared.timers import TIMERS, TimerLoop
from shared.versions import Version
from shared.waking import Signal
from shared.web import Api, answer_problems

log = logging.getLogger(__name__)

GRACE = 25.0  # seconds for pages and commands in flight; below a pod's usual 30


@dataclass
class Worker:
    """What the worker role runs besides the committer."""

    ingest: Ingest
    leases: Leases
    rebuilder: Rebuilder
    tail: Tail
    subscriptions: list[Subscription]
    timers: TimerLoop
    sender: Sender
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


async def serve(service: Service, settings: Settings, role: str) -> None:
    """Run until SIGTERM or SIGINT. Raises `ConfigInvalid` when the database is not at the needed revision."""
    settings.require(*service.secrets)
    database = Database(settings.database, name=f"yizhan {service.name}", pool=settings.database_pool)
    failpoints.arm(settings.failpoint, production=settings.production)
    flush = configure(service.name, settings.otlp)
    clock = clock_for(settings.clock, production=settings.production)
    vault = Vault(settings.content_key)
    verifier = Verifier(issuer_keys(settings), settings.issuer, settings.audience)
    epoch = await retrying(lambda: _ready(database, service.name, vault), "waiting for the database")
    waking = Signal(database)
    codec = service.codec
    committer = Committer(database, service.handlers, codec, clock, waking, service.messaging.publishing)
    queries, intake = Queries(service.name, database), service.messaging.intake
    eraser = Eraser(database, clock, waking)
    secrets = settings.code_secrets
    api = Api(service.name, committer, queries, intake, clock, epoch, database, vault, eraser, secrets)
    guard = Guard(service.access, verifier, clock, database)
    worker = _worker(service, settings, database, committer, clock, waking, vault, epoch) if role != "api" else None
    shown = () if role == "worker" else service.projections
    movable = not isinstance(clock, SystemClock)
    health = Health(service.name, database, committer, worker, shown, movable=movable)
    server = _Server(_web(service, api, guard, health, role), settings)
    port = _listen(settings.http_host, settings.http_port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    core = [_start(waking.run(), "waking"), _start(committer.run(), "committer")]
    http = _start(server.serve([port]), "http")
    try:
        if worker is not None:
            parts = [worker.ingest.run(), worker.rebuilder.run(), worker.leases.run()]
            parts += [subscription.run() for subscription in worker.subscriptions]
            names = ["ingest", "rebuilding", "leases", *[s.name for s in worker.subscriptions]]
            worker.tasks = [_start(part, name) for part, name in zip(parts, names, strict=True)]
        await _until(stop, [*core, *(worker.tasks if worker else []), http])
    finally:
        server.should_exit = True
        await _within(asyncio.wait([http]), GRACE)
        await _stop(worker, committer, core)
        await database.close()
        flush()


async def _ready(database: Database, service: str, vault: Vault) -> int:
    async with database.engine.connect() as db:
        await db.run_sync(check_revision, service)
        epoch = int((await db.execute(text("select epoch from log_head"))).scalar_one())
    async with await database.connect("content key") as connection:
        await vault.check(connection)
    return epoch


def _worker(
    service: Service,
    settings: Settings,
    database: Database,
    committer: Committer,
    clock: Clock,
    waking: Signal,
    vault: Vault,
    epoch: int,
) -> Worker:
    codec, messaging = service.codec, service.messaging
    sender = Sender(settings.kafka, f"{service.name}-relay")
    builder = PageBuilder(service.name, clock, vault)
    ingest = Ingest(service.name, database, settings.kafka, builder, sender, waking, settings.member)
    leases, tail = Leases(database), Tail(database)
    door = Door(service.name, database, committer, messaging.intake, settings.code_secrets)
    reactor = Reactor(service.name, committer, codec, messaging.policies)
    timers = TimerLoop(database, committer, codec, clock, messaging.timers, catching_up=CatchingUp(database, ingest))
    relay = Relay(service.name, codec, messaging.publishing, sender, epoch)
    follow = partial(Subscription, database, waking, leases, tail)
    subscriptions = [
        follow("intake", door.work, door.types),
        follow("policies", reactor.work, reactor.types),
        follow("relay", relay.work, relay.types),
        follow(TIMERS.name, timers.work, timers.types, TIMERS.version, together=PAGE, idle_work=timers.tick),
    ]
    for projection in service.projections:
        version = Version(projection, codec)
        more = partial(follow, page=projection.page, together=projection.page, idle_work=version.idle)
        subscriptions.append(more(projection.name, version.work, projection.types, projection.version))
    rebuilder = Rebuilder(database, waking, leases, codec, service.all_projections)
    return Worker(ingest, leases, rebuilder, tail, subscriptions, timers, sender)


def _web(service: Service, api: Api, guard: Guard, health: Health, role: str) -> FastAPI:
    """Raises `TypeError` when the policy table and the routes differ."""
    app = FastAPI(title=f"Yizhan {service.name}", version="0.1.0")
    app.state.api = api
    answer_problems(app)
    app.add_middleware(BodyLimit)
    app.include_router(health.router())
    if role != "worker":
        for router in (content_api.router, *service.routers):
            app.include_router(router, dependencies=[Depends(guard)])
        check_complete(app, service.access, guard)
        complete(app, service.access)
    return app


def _listen(host: str, port: int) -> socket.socket:
    """Done by us, as uvicorn ends the process without a remedy when the port is taken."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigInvalid(
            f"HTTP_PORT: nobody can listen at {host}:{port} ({os.strerror(error.errno or 0)}). "
            "End the process that does, or set YIZHAN_HTTP_PORT to another port."
        ) from error


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the process stops in its own order."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_config=None,
                access_log=False,
                lifespan="off",  # the process starts and stops things in its own order
                timeout_graceful_shutdown=10,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _start(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    return asyncio.create_task(work, name=name)


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the signal to stop; a task that ends before is a crash, and its error the reason."""
    asked = asyncio.create_task(stop.wait(), name="stop")
    done, _ = await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    for task in done:
        if task is not asked:
            error = task.exception()
            log.critical("%s ended: %s", task.get_name(), error, exc_info=error, extra={"action": "task_ended"})
            raise error or RuntimeError(f"{task.get_name()} ended")


async def _stop(worker: Worker | None, committer: Committer, core: list[asyncio.Task[None]]) -> None:
    if worker is not None:
        for subscription in worker.subscriptions:
            subscription.stop()
        taking, leases, following = worker.tasks[:2], worker.tasks[2:3], worker.tasks[3:]
        await _end(*taking)
        if following:
            await asyncio.wait(following, timeout=GRACE)
        await _end(*following)
        await worker.tail.close()
        await _within(worker.sender.close(), 5)
        await _end(*leases)
    await _within(committer.drained(), 10)
    await _end(*reversed(core))
    log.info("stopped", extra={"action": "stopped"})


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


async def _within(work: Awaitable[object], seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(work, seconds)
