"""A real server as a supervised child process: start, stop, and every way of dying that tests need."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from shared.embedded.errors import InfraError

if TYPE_CHECKING:
    from collections.abc import Sequence

START_TIMEOUT = 90.0  # seconds; a warm start takes two, a laptop under load and a cold disk many more
STOPPED_WITHIN = 5.0  # seconds until all processes have heard SIGSTOP
POLL = 0.02
LOG_LINES_SHOWN = 12
HERE = Path(__file__).parent
# What our user may have set for his own Java, Kafka and PostgreSQL must not reach ours.
FOREIGN_SETTINGS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "KAFKA_", "PG")

HINTS = {
    "No space left on device": "free some disk space, or choose another folder",
    "Address already in use": "end whoever holds the port, or use another instance: INSTANCE=other",
    "could not create shared memory": "end other databases on this machine; it allows no more shared memory",
    "insufficient memory": "free some memory: Kafka and PostgreSQL together take about 600 MB",
}


class SupervisedServer(ABC):
    """One server. Calls from several threads are put in a row; all of them may be repeated."""

    name: str
    stop_steps: Sequence[tuple[str, float]]  # signals with the seconds each is given
    death_signal: str  # what the kernel sends to the server should even its guard be killed (Linux)
    user = ""  # whom to become when we are root

    def __init__(self, folder: Path, logs: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.log = logs / f"{self.name}.log"
        self.pid_file = folder / "server.pid"
        self._guard: subprocess.Popen[bytes] | None = None
        self._server: psutil.Process | None = None
        self._lock = threading.RLock()

    @property
    def pid(self) -> int | None:
        return self._server.pid if self._server is not None and self.running else None

    @property
    def running(self) -> bool:
        return self._guard is not None and self._guard.poll() is None

    @abstractmethod
    def command(self) -> list[str]: ...

    def environment(self) -> dict[str, str]:
        """Handed on through the guard, not as an argument: everybody may read the arguments of a process."""
        return clean_environment()

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder, if it is not there yet."""

    @abstractmethod
    def is_ready(self, process: psutil.Process, output: str) -> bool:
        """Whether the server takes work; `output` is what it has logged since this start."""

    def start(self) -> None:
        """Same port, same data as before. Returns when the server takes work."""
        with self._lock:
            if self.running:
                return
            self.prepare()
            log_start = self.log.stat().st_size if self.log.exists() else 0
            self._spawn()
            try:
                self._await_ready(log_start)
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """In an orderly way: what was acknowledged is on disk. A server that does not listen is killed in the end."""
        with self._lock:
            if self._guard is None:
                return
            if self._guard.stdin is not None:
                self._guard.stdin.close()  # the guard's sign to end the server
            try:
                self._guard.wait(sum(seconds for _, seconds in self.stop_steps) + 10)
            except subprocess.TimeoutExpired:
                self.kill()
            self._forget()

    def kill(self) -> None:
        """SIGKILL for the server and its workers, as a power cut would."""
        with self._lock:
            family = self._family()
            for process in family:
                _signal(process, signal.SIGKILL)
            psutil.wait_procs(family[1:], timeout=10)
            if self._guard is not None:
                try:
                    self._guard.wait(10)  # it collects the server, and goes
                except subprocess.TimeoutExpired:
                    self._guard.kill()
                    self._guard.wait()
            self._forget()

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nobody answers, the unkind sort of failure."""
        with self._lock:
            until = time.monotonic() + STOPPED_WITHIN
            while going := [
                process for process in self._family() if _goes_on(process)
            ]:  # new ones may be born meanwhile
                for process in going:
                    _signal(process, signal.SIGSTOP)
                if time.monotonic() > until:
                    break  # it is stopped when the kernel comes to it
                time.sleep(POLL)

    def resume(self) -> None:
        with self._lock:
            for process in reversed(self._family()):
                _signal(process, signal.SIGCONT)

    def _spawn(self) -> None:
        self.pid_file.unlink(missing_ok=True)
        user = self.user if os.geteuid() == 0 else ""
        launch = [sys.executable, "-P", str(HERE / "launch.py"), self.death_signal, user]
        spec = {
            "command": [*launch, *self.command()],
            "cwd": str(self.folder),
            "pid_file": str(self.pid_file),
            "stop": list(self.stop_steps),
        }
        with self.log.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-P", str(HERE / "guard.py"), json.dumps(spec)],
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, env=self.environment(),
            )  # fmt: skip

    def _await_ready(self, log_start: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            output = self._output_since(log_start)
            self._server = self._server or recorded_process(self.pid_file)
            if not self.running:
                raise self._failure("ended while starting", output)
            if self._server is not None and self.is_ready(self._server, output):
                return
            if time.monotonic() > deadline:
                raise self._failure(f"took no work within {START_TIMEOUT:.0f} seconds", output)
            time.sleep(POLL)

    def _failure(self, what: str, output: str) -> InfraError:
        lines = "\n".join(f"    {line[:300]}" for line in output.splitlines()[-LOG_LINES_SHOWN:])
        remedy = next((hint for sign, hint in HINTS.items() if sign in output), "read the log; it says why")
        return InfraError(f"{self.name} {what}. The end of its log, {self.log}:\n{lines}", remedy)

    def _output_since(self, start: int) -> str:
        with self.log.open("rb") as log:
            log.seek(start)
            return log.read().decode(errors="replace")

    def _family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            if self._server is not None and self.running:
                return [self._server, *self._server.children(recursive=True)]
        return []

    def _forget(self) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard = self._server = None


def recorded_process(pid_file: Path) -> psutil.Process | None:
    """The process that a guard wrote down, if it is that very one that still lives."""
    try:
        pid, born = pid_file.read_text().split()
        process = psutil.Process(int(pid))
        # The time of birth is counted from the boot, whose time the system may correct by a moment.
        same = abs(process.create_time() - float(born)) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return process if same else None


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_SETTINGS)}


def _goes_on(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE))
    return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
