"""The whole system on this machine: Kafka and PostgreSQL, every service, one clock and one issuer of tokens.

    with System(root, "mine", at=noon) as system:
        httpx.get(system.services["checkin"].url + "/readyz")

Everything it writes lies in `<root>/.yizhan/<instance>/`. What it starts ends with it, even when it is killed.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType

from scenario.service_process import SERVICES, ServiceProcess
from scenario.watching import Watch
from shared.clock import FileClock
from shared.embedded.addresses import Addresses, database_name, note
from shared.embedded.errors import InfraError
from shared.embedded.infra import Infra, start
from shared.embedded.instance import Instance, clean
from shared.embedded.ports import free_port, is_free
from shared.errors import Unavailable
from shared.identity import EVERYWHERE, LocalIssuer

FIRST_PORT = 8101  # of the first service, when the same addresses every time are wanted


class System:
    """Started by `with`. `crash` kills a service as a power cut would; it is started again by itself."""

    infra: Infra
    clock: FileClock
    issuer: LocalIssuer
    databases: dict[str, str]  # the URLs, by service

    def __init__(
        self,
        root: Path,
        instance: str,
        at: datetime,
        *,
        fresh: bool = False,
        kind: str | None = None,
        same_ports: bool = False,
        say: Callable[[str], None] = print,
    ) -> None:
        """The clock stands `at` this time when the services start. `fresh`: what an earlier run has left is removed."""
        self.root, self.instance, self.at = root, instance, at
        self.folder = Instance(instance, root).folder
        self.vanishes = False  # set it, and nothing of this instance is left in the end
        self._fresh, self._kind, self._same_ports, self._say = fresh, kind, same_ports, say
        self._resources = ExitStack()
        self.services: dict[str, ServiceProcess] = {}

    def __enter__(self) -> System:
        if self._fresh:
            clean(self.instance, self.root)
        with ExitStack() as stack, ThreadPoolExecutor(1) as beside:
            imported = beside.submit(import_module, "scenario.preparing")  # slow, and the servers are too
            stack.callback(self._remove_folder)
            self.infra = stack.enter_context(start(self.instance, self._kind, self._say, self.root))
            if self.infra.kind != "embedded":
                self._hold(stack)
            self._files()
            imported.result()
            self._prepare(stack)
            self._start(stack)
            addresses = {name: service.url for name, service in self.services.items()}
            note(self.folder, Addresses(self.infra.kafka, self.databases, addresses))
            self._resources = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._resources.close()

    def database(self, service: str) -> str:
        """The name of a service's database."""
        return database_name(self.instance, service)

    def token(self, subject: str, *roles: str) -> str:
        """For a caller at whichever station the day has something to do."""
        return self.issuer.token(subject, roles, stations=(EVERYWHERE,))

    def crash(self, service: str) -> None:
        """SIGKILL. The watch finds it dead and starts it again."""
        self.services[service].crash()

    def _remove_folder(self) -> None:
        if self.vanishes:
            clean(self.instance, self.root)

    def _remove_databases(self) -> None:
        """Embedded servers and containers go with their data; from given ones only what is ours is taken."""
        if self.infra.kind == "urls":
            for service in SERVICES:
                self.infra.drop(self.database(service))

    def _hold(self, stack: ExitStack) -> None:
        """The embedded servers hold the instance; with others somebody else must."""
        instance = Instance(self.instance, self.root)
        instance.open()
        stack.callback(instance.close)

    def _files(self) -> None:
        """What services share besides servers, made once an instance."""
        self.issuer = LocalIssuer(self.folder / "issuer")
        for name in ("content.key", "code.secret"):
            key = self.folder / name
            if not key.exists():
                key.touch(mode=0o600)
                key.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
        path = self.folder / "clock"
        path.write_text(f"fixed {self.at.isoformat()}\n")
        self.clock = FileClock(path)

    def _prepare(self, stack: ExitStack) -> None:
        from scenario import preparing  # imported while the servers started

        if self._fresh:
            self._remove_databases()
        stack.callback(lambda: self._remove_databases() if self.vanishes else None)
        self.databases = {name: self.infra.database(self.database(name)) for name in SERVICES}
        try:
            preparing.prepare(self.infra.kafka, self.databases)
            if self.infra.kind == "urls":
                asyncio.run(preparing.pass_over_what_is_there(self.infra.kafka, self.databases))
        except Unavailable as error:
            raise InfraError(str(error), "start that Kafka, or correct KAFKA_URL") from error

    def _start(self, stack: ExitStack) -> None:
        with ThreadPoolExecutor(len(SERVICES)) as starting:
            for number, name in enumerate(SERVICES):
                self.services[name] = ServiceProcess(name, self.folder, self._port(number), self._settings(name))
            stack.callback(self._stop)
            list(starting.map(lambda service: service.start(), self.services.values()))
        stack.enter_context(Watch(self.services.values(), self._say))

    def _stop(self) -> None:
        with ThreadPoolExecutor(len(SERVICES)) as stopping:
            list(stopping.map(lambda service: service.stop(), self.services.values()))

    def _port(self, number: int) -> int:
        wanted = FIRST_PORT + number
        return wanted if self._same_ports and is_free(wanted) else free_port()

    def _settings(self, service: str) -> dict[str, str]:
        return {
            "YIZHAN_DATABASE": self.databases[service],
            "YIZHAN_KAFKA": self.infra.kafka,
            "YIZHAN_CONTENT_KEY": (self.folder / "content.key").read_text(),
            "YIZHAN_CODE_SECRET": (self.folder / "code.secret").read_text(),
            "YIZHAN_ISSUER_KEYS": str(self.issuer.public),
            "YIZHAN_MEMBER": f"{service}-1",  # known to Kafka by name: after a crash it is not waited for
            "YIZHAN_CLOCK": f"file:{self.clock.path}",
        }
