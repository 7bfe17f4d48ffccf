"""Starts services that have died again, and says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType

from scenario.service_process import ServiceProcess
from shared.embedded.errors import InfraError

LOOK = 0.1  # seconds between looks
BACKOFF_FIRST, BACKOFF_MOST = 0.1, 10.0  # seconds before a start that follows upon another
LIVED_WELL = 30.0  # seconds after which a death is no longer counted with the one before


class Watch:
    """A thread from `with` to the end of it."""

    def __init__(self, services: Iterable[ServiceProcess], say: Callable[[str], None]) -> None:
        self._services, self._say = list(services), say
        self._delays = dict.fromkeys((service.name for service in self._services), BACKOFF_FIRST)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        started = dict.fromkeys(self._delays, time.monotonic())
        while not self._over.wait(LOOK):
            for service in self._services:
                if service.running:
                    continue
                if time.monotonic() - started[service.name] > LIVED_WELL:
                    self._delays[service.name] = BACKOFF_FIRST
                self._say(f"{service.name} has ended ({service.last_words()}); starting it again")
                self._again(service)
                started[service.name] = time.monotonic()

    def _again(self, service: ServiceProcess) -> None:
        delay = self._delays[service.name]
        self._delays[service.name] = min(2 * delay, BACKOFF_MOST)
        if self._over.wait(delay):
            return
        service.stop()  # nothing is left to stop; what was held for it is let go of
        try:
            service.start()
        except InfraError as error:
            self._say(str(error))
