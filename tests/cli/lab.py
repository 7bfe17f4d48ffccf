"""A running instance for the command line, and the command line itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import json
from typer.testing import CliRunner, Result

from shared.cli.main import app
from shared.embedded.addresses import Addresses, note
from shared.embedded.ports import free_port
from tests.running import SERVICES, Town

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("KAFKA_URL", "POSTGRES_URL", "INSTANCE", "ENV")


def without_settings() -> dict[str, str | None]:
    """Nothing of the tester's own environment counts."""
    return {name: None for name in os.environ if name in SETTINGS or name.startswith("YIZHAN_")}


def yizhan(*arguments: str, given: str = "", **settings: str) -> Result:
    """Run a command in this process. It ends by itself, and shows nobody a traceback."""
    result = CliRunner().invoke(app, arguments, input=given, env={**without_settings(), **settings})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


async def called(*arguments: str, given: str = "", **settings: str) -> Result:
    """The same beside a running loop."""
    return await asyncio.to_thread(yizhan, *arguments, given=given, **settings)


def refused(result: Result, exit_code: int, *parts: str) -> None:
    """It failed as it should, and its one message says all of this and a remedy."""
    assert result.exit_code == exit_code, result.output
    for part in (*parts, "What to do"):
        assert part in result.stderr
    assert "Traceback" not in result.output


def objects(result: Result, exit_code: int = 0) -> list[dict[str, Any]]:
    """Every line of a `--json` answer."""
    assert result.exit_code == exit_code, result.output
    return [json.decode(line) for line in result.stdout.splitlines()]


def process(arguments: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """A command as a shell starts it."""
    environment = {name: value for name, value in os.environ.items() if name not in without_settings()}
    return subprocess.Popen(
        [sys.executable, "-m", "shared.cli", *arguments],
        cwd=folder, env={**environment, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def as_instance(town: Town, instance: Path) -> None:
    """Make the town's folder an instance, as `make run` leaves it."""
    (instance / "content.key").write_text(town.surroundings.content_key)
    note(instance, Addresses(town.infra.kafka, town.urls))


def instance_that_is_gone(root: Path, name: str = "gone") -> None:
    """It was run once, and nothing of it answers any more."""
    folder = root / ".yizhan" / name
    folder.mkdir(parents=True)
    (folder / "content.key").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    databases = {service: f"postgresql://a:b@127.0.0.1:{free_port()}/{service}" for service in SERVICES}
    note(folder, Addresses(f"127.0.0.1:{free_port()}", databases))
