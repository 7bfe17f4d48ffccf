"""Whole service processes for tests: started as in production, killed as a power cut would, started again.

A process dies with its parent, by the same launcher that the embedded servers use.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from shared.clock import FileClock
from shared.embedded import launch
from shared.embedded.ports import free_port
from shared.embedded.supervised import clean_environment
from shared.identity import EVERYWHERE, Grant, LocalIssuer
from shared.plain_http import NO_TLS
from shared.testing.waiting import eventually

ROOT = Path(__file__).parents[2]
START_WITHIN, STOP_WITHIN = 40.0, 30.0  # seconds
NOON = datetime(2026, 1, 23, 4, 0, tzinfo=UTC)  # 12:00 in China


class Surroundings:
    """What all service processes of one test share: the clock that the test moves, the issuer, the content key."""

    def __init__(self, folder: Path, kafka: str) -> None:
        self.folder, self.kafka = folder, kafka
        self.issuer = LocalIssuer(folder / "issuer")
        path = folder / "clock"
        path.write_text(f"fixed {NOON.isoformat()}\n")
        self.clock = FileClock(path)
        self.content_key = base64.b64encode(bytes(range(32))).decode()
        self.code_secret = base64.b64encode(bytes(range(32, 64))).decode()

    def settings(self, database: str) -> dict[str, str]:
        """The environment of a process whose log is in this database."""
        return {
            "YIZHAN_DATABASE": database,
            "YIZHAN_KAFKA": self.kafka,
            "YIZHAN_CONTENT_KEY": self.content_key,
            "YIZHAN_CODE_SECRET": self.code_secret,
            "YIZHAN_ISSUER_KEYS": str(self.issuer.public),
            "YIZHAN_CLOCK": f"file:{self.clock.path}",
            "YIZHAN_MEMBER": "0",
        }

    def authorization(
        self, subject: str, *roles: str, stations: Iterable[str] = (EVERYWHERE,), grants: Iterable[Grant] = ()
    ) -> str:
        """The header of a caller who serves all stations, unless some are named."""
        return f"Bearer {self.issuer.token(subject, roles, stations=stations, grants=grants)}"


class ServiceProcess:
    """One process of a service, which may be started many times. Its log holds all of them."""

    def __init__(
        self, service: str, surroundings: Surroundings, database: str, *, role: str = "all", name: str = ""
    ) -> None:
        self.service, self.role, self.port = service, role, free_port()
        self.settings = surroundings.settings(database)
        self.log = surroundings.folder / f"{name or service}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def begin(self, **more: str) -> None:
        """Start without waiting; `more` are settings without their prefix (`failpoint="relay.after_send"`)."""
        assert not self.running, f"{self.service} is running already"
        settings = {f"YIZHAN_{name.upper()}": value for name, value in more.items()}
        environment = {"YIZHAN_HTTP_PORT": str(self.port), **self.settings, **settings}
        self._process, self._started_at = _spawn(self.service, self.role, environment, self.log)

    async def start(self, **more: str) -> None:
        """Start, and wait until it answers at `/readyz`."""
        self.begin(**more)
        await self.ready()

    async def ready(self, within: float = START_WITHIN) -> None:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, verify=NO_TLS) as http:

            async def answers() -> bool:
                return not self.running or (await http.get("/readyz")).status_code == 200

            await eventually(answers, within)
        assert self.running, f"{self.service} ended while it started:\n{self.output[-2000:]}"

    async def idle(self, within: float = 30.0) -> int:
        """Wait until nothing is left to do; answers how long the log is then."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, verify=NO_TLS) as http:
            seen = await eventually(lambda: _get(http, "/testing/idle"), within, until=lambda seen: seen["idle"])
            return int(seen["position"])

    async def died(self, within: float = 30.0) -> int:
        """Wait for its end; answers the exit code, which is negative for a signal."""
        await eventually(lambda: not self.running, within)
        assert self._process is not None
        return int(self._process.returncode)

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nobody is told."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)

    def signal(self, number: signal.Signals) -> None:
        if self.running and self._process is not None:
            self._process.send_signal(number)

    async def stop(self) -> int:
        """SIGTERM, as every supervisor does; answers the exit code."""
        self.signal(signal.SIGTERM)
        return await self.died(STOP_WITHIN)

    @property
    def output(self) -> str:
        """What the present process, or the last one, has written."""
        with self.log.open("rb") as log:
            log.seek(self._started_at)
            return log.read().decode(errors="replace")

    def actions(self) -> list[str]:
        """The machine keys of its log lines, in order."""
        return [line["action"] for line in self.lines() if "action" in line]

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]


async def _get(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await http.get(path)).json()
    return answer


def _spawn(service: str, role: str, settings: Mapping[str, str], log: Path) -> tuple[subprocess.Popen[bytes], int]:
    command = [sys.executable, "-m", f"services.{service}.main", "--role", role]
    launcher: Sequence[str] = [sys.executable, "-P", str(launch.__file__), "SIGKILL", ""]
    environment = {name: value for name, value in clean_environment().items() if not name.startswith("YIZHAN_")}
    start = log.stat().st_size if log.exists() else 0
    with log.open("ab") as file:
        process = subprocess.Popen(
            [*launcher, *command], cwd=ROOT, env={**environment, **settings}, stdout=file, stderr=file
        )
    return process, start


def run_to_end(
    service: str, settings: Mapping[str, str], *, role: str = "all", within: float = 30.0
) -> tuple[int, str]:
    """Run a process that is expected to end by itself; answers exit code and everything it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIZHAN_")}
    done = subprocess.run(
        [sys.executable, "-m", f"services.{service}.main", "--role", role],
        cwd=ROOT, env={**environment, **settings}, capture_output=True, timeout=within, check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")
