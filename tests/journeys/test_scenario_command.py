"""`python -m scenario`: what it says when it cannot start, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from shared.testing.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.journey


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scenario", *arguments]


def environment(**more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"INFRA", "INSTANCE"}}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


def finished(arguments: list[str], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=folder, env=environment(**settings), capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["day"], {"INFRA": "nonsense"}, "use one of: containers, embedded, urls"),
        (["day"], {"INFRA": "urls", "KAFKA_URL": "", "POSTGRES_URL": ""}, "set KAFKA_URL=host:port and POSTGRES_URL"),
        (["day", "--scale", "3"], {}, "Leave SCALE out"),
        (["day", "--kill", "nobody"], {}, "Kill one of: checkin, points, welfare"),
        (["run", "--instance", "../elsewhere"], {}, "use letters, digits, dot, dash, underscore"),
    ],
)
def test_what_cannot_start_says_why_and_what_to_do(
    tmp_path: Path, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    ended = finished(command(*arguments), tmp_path, **settings)
    assert ended.returncode == 1
    assert said in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


class Running(NamedTuple):
    process: subprocess.Popen[bytes]
    output: Path
    folder: Path

    def said(self) -> str:
        return self.output.read_text()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Running]:
    output = tmp_path / "said.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(command("run"), cwd=tmp_path, env=environment(), stdout=file, stderr=file)
    yield Running(process, output, tmp_path)
    process.kill()
    process.wait()


async def until_it_serves(serving: Running) -> None:
    def said() -> str:
        assert serving.process.poll() is None, serving.said()
        return serving.said()

    await eventually(said, within=100, until=lambda text: "Serving after" in text)


@pytest.mark.slow
async def test_a_served_day_tells_addresses_and_a_first_question_and_ends_when_asked(serving: Running) -> None:
    await until_it_serves(serving)
    question = re.search(r"^curl .*$", serving.said(), re.MULTILINE)
    assert question is not None
    answer = await asyncio.to_thread(finished, ["bash", "-c", f"{question[0]} --silent --fail"], serving.folder)
    assert '"visits":20' in answer.stdout
    page = re.search(r"^map +(\S+)$", serving.said(), re.MULTILINE)
    plot = re.search(r"^curl .*[.]svg.*$", serving.said(), re.MULTILINE)
    assert page is not None
    assert plot is not None
    shown = await asyncio.to_thread(finished, ["curl", "--silent", "--fail", page[1]], serving.folder)
    assert "2 stations at" in shown.stdout
    await asyncio.to_thread(finished, ["bash", "-c", f"{plot[0]} --silent --fail"], serving.folder)
    assert "<svg" in (serving.folder / "flow.svg").read_text()
    yizhan = [sys.executable, "-m", "shared.cli"]  # finds the instance by its folder, with no setting at all
    verified = await asyncio.to_thread(finished, [*yizhan, "verify", "points"], serving.folder)
    assert "the chain holds" in verified.stdout, verified.stderr
    told = [*yizhan, "tail", "points.events.v1", "--from-start", "--count", "1"]
    assert "points." in (await asyncio.to_thread(finished, told, serving.folder)).stdout
    children = serving.children()
    serving.process.send_signal(signal.SIGTERM)
    await eventually(lambda: serving.process.poll() is not None, within=60)
    assert serving.process.returncode == 0
    assert [child for child in children if child.is_running()] == []


@pytest.mark.slow
async def test_a_second_run_in_the_same_instance_is_refused_and_told_what_to_do(serving: Running) -> None:
    await eventually(lambda: "started" in serving.said(), within=100)
    second = await asyncio.to_thread(finished, command("run"), serving.folder)
    assert second.returncode == 1
    assert f"stop pid {serving.process.pid}" in second.stderr


@pytest.mark.slow
@pytest.mark.fault
async def test_nothing_is_left_running_when_it_is_killed(serving: Running) -> None:
    await eventually(lambda: "step  2" in serving.said(), within=100)
    children = serving.children()
    serving.process.kill()
    serving.process.wait()
    await eventually(lambda: not any(child.is_running() for child in children), within=60)
    assert len(children) >= 8, "two servers and two services, each with its guard"
