"""A service as a child process under a guard, as the embedded servers are: it never outlives whoever started it."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from shared.embedded.supervised import SupervisedServer, clean_environment, recorded_process
from shared.plain_http import NO_TLS

PROJECT = Path(__file__).resolve().parents[1]
SERVICES = tuple(sorted(path.parent.name for path in PROJECT.glob("services/*/main.py")))
ANSWER_WITHIN = 2.0  # seconds for a look at its health


class ServiceProcess(SupervisedServer):
    """One service in all its roles."""

    stop_steps = (("SIGTERM", 40.0), ("SIGKILL", 5.0))  # its own grace is 25 s, and some for letting go
    death_signal = "SIGKILL"  # Linux only, should even the guard be killed; what it repeats then is harmless

    def __init__(self, name: str, instance: Path, port: int, settings: Mapping[str, str]) -> None:
        self.name = name
        super().__init__(instance / name, instance / "logs", port)
        self._settings = {**settings, "YIZHAN_HTTP_PORT": str(port)}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", f"services.{self.name}.main", "--role", "all"]

    def environment(self) -> dict[str, str]:
        return {**clean_environment(), "PYTHONPATH": str(PROJECT), **self._settings}

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def is_ready(self, process: psutil.Process, output: str) -> bool:
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=ANSWER_WITHIN, trust_env=False, verify=NO_TLS)
            return answer.status_code == 200 and answer.json()["service"] == self.name
        except (httpx.HTTPError, ValueError, KeyError):
            return False

    def crash(self) -> int | None:
        """SIGKILL for the service alone, as a crash: whoever watches it finds it dead. Answers its pid."""
        process = recorded_process(self.pid_file)
        if process is None:
            return None
        process.kill()
        return process.pid

    def last_words(self) -> str:
        """Why it ended: the signal, or the exit code and the end of its log."""
        code = self._guard.returncode if self._guard is not None else None
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return f"exit code {code}: {_message(lines[-1])}" if code in range(1, 128) and lines else _meaning(code)


def _meaning(code: int | None) -> str:
    """A guard ends with its server's code, of which the system keeps eight bits: a signal is counted down from 256."""
    if code is None:
        return "it could not be started"
    names = {256 - number: number.name for number in signal.Signals}
    return f"killed by {names[code]}" if code in names else f"exit code {code}"


def _message(line: str) -> str:
    """What a line of a service's log says to people; other lines are shown as they are."""
    try:
        return str(json.loads(line)["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return line[:300]
