"""How every command answers: wrong use, terminals of any width, and readers that have enough."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ
from uuid import uuid4

import pytest
from msgspec import json

from shared.cli.tables import below_each_other, cells_of, least_width, steerless
from shared.testing.topics import Publisher, Raw
from tests.cli.lab import ROOT, called, process, refused, without_settings, yizhan
from tests.running import Town

pytestmark = pytest.mark.usefixtures("here")
EXAMPLE = "points.PatrolReported"


@pytest.mark.parametrize(
    ("arguments", "field", "parts"),
    [
        (["publish"], "SERVICE.EVENT", ["Missing argument", "yizhan publish --help"]),
        (["publish", EXAMPLE, "--timeout", "x"], "--timeout", ["valid number", "yizhan publish --help"]),
        (["publish", EXAMPLE, "--file"], "--file", ["requires an argument", "yizhan publish --help"]),
        (["tail", "points", "--count", "0"], "--count", ["greater than or equal to 1", "yizhan tail --help"]),
        (["tail", "points", "--nothing"], "--nothing", ["No such option", "yizhan tail --help"]),
        (["quarantine", "drop", "points", "x"], "--reason", ["Missing option", "yizhan quarantine drop --help"]),
        (["token", "W13"], "--role", ["Missing option", "yizhan token --help"]),
        (["clock", "forward", "-5m"], "-5", ["No such option", "yizhan clock forward --help"]),
        (["clock", "st"], None, ["Did you mean 'set'?", "yizhan clock --help"]),
        (["publsh"], None, ["Did you mean 'publish'?", "yizhan --help"]),
    ],
)
def test_wrong_use_names_argument_and_remedy_and_is_json_too(
    arguments: list[str], field: str | None, parts: list[str]
) -> None:
    refused(yizhan(*arguments), 2, field or "", *parts)
    told = yizhan(*arguments[:1], "--json", *arguments[1:]) if field == "--file" else yizhan(*arguments, "--json")
    error = json.decode(told.stderr)["error"]
    assert (told.exit_code, error["field"], told.stdout) == (2, field, "")
    assert set(error) == {"message", "field", "remedy"}


@pytest.mark.parametrize(
    "arguments",
    [["publish", EXAMPLE, "--data"], ["publish", EXAMPLE, "--data", "{}", "--id"], ["explain"],
     ["tail", "points", "--key"], ["token", "W13", "--role"], ["quarantine", "show", "points"]],
)  # fmt: skip
def test_an_argument_that_is_not_utf_8_is_refused(arguments: list[str]) -> None:
    refused(yizhan(*arguments, "\udcff"), 2, "not text in UTF-8")


def test_a_reader_that_has_enough_is_no_fault(here: Path) -> None:
    report = yizhan("publish", EXAMPLE, "--example").stdout
    assert yizhan("publish", EXAMPLE, given=report).exit_code == 0
    with process(["tail", "points.intake.v1", "--from-start"], here) as following:
        assert following.stdout is not None
        assert following.stdout.readline()
        following.stdout.close()
        assert yizhan("publish", EXAMPLE, given=report).exit_code == 0
        assert following.wait(30) == 141
        assert following.stderr is not None
        assert following.stderr.read() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("arguments", [["verify", "points"], ["projections", "list"], ["clock", "show", "--json"]])
def test_an_answer_that_cannot_be_written_is_told(arguments: list[str], here: Path) -> None:
    with Path("/dev/full").open("w") as full:
        failed = subprocess.run(
            [sys.executable, "-m", "shared.cli", *arguments],
            cwd=here, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert failed.returncode == 1
    assert failed.stderr.startswith("The answer cannot be written (No space left on device).")
    assert "Traceback" not in failed.stderr


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in without_settings()}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm"}


def on_terminal(columns: int, folder: Path, *arguments: str) -> str:
    """What a command shows on a terminal of this width."""
    ours, its = pty.openpty()
    ioctl(its, TIOCSWINSZ, pack("HHHH", 40, columns, 0, 0))
    running = subprocess.Popen(
        [sys.executable, "-m", "shared.cli", *arguments],
        cwd=folder, env=environment(), stdin=its, stdout=its, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(its)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # as Linux says that the other side is closed
        pass
    os.close(ours)
    assert running.wait(30) == 0
    return shown.decode().replace("\r\n", "\n")


async def test_a_list_is_whole_on_a_narrow_terminal_and_a_line_for_each_row_without_one(town: Town, here: Path) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send("points.intake.v1", Raw(f"K-{uuid4()}".encode(), b"{", [("ce_id", b"n-1")]))
    await town.points.idle()
    rows = [json.decode(line) for line in (await called("quarantine", "list", "--json")).stdout.splitlines()]
    assert rows
    narrow = on_terminal(60, here, "quarantine", "list")
    for row in rows:
        assert f"id: {row['id']}\n" in narrow
        assert f"why: {row['why']}" in narrow
    lines = (await called("quarantine", "list")).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", *[row["id"] for row in rows]]
    assert all(line.endswith(row["why"]) for line, row in zip(lines[1:], rows, strict=True))


def test_a_table_says_how_wide_it_must_be() -> None:
    columns = ("id", "why")
    cells = cells_of([{"id": "8f14", "why": "驿站 is\nclosed"}, {"id": "8", "why": None}], columns)
    assert cells == [["8f14", "驿站 is\\nclosed"], ["8", ""]]
    assert least_width(columns, cells) == 4 + 2 + 15
    assert below_each_other(columns, cells) == "id: 8f14\nwhy: 驿站 is\\nclosed\n\nid: 8"


def test_what_would_steer_a_terminal_is_escaped() -> None:
    assert steerless("驿站\n\tis \x1b[2Jopen\x07") == "驿站\n\tis \\x1b[2Jopen\\x07"
    assert steerless("one\nline", kept="") == "one\\nline"


def test_a_folder_below_that_of_the_instance_does_as_well(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = here / "some" / "folder"
    below.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(below)
    assert yizhan("projections", "list").exit_code == 0
    refused(yizhan("clock", "show", "--instance", "none"), 2, "--instance", "There are: default", "--instance default")
