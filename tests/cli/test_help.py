"""What the command line says about itself, and what pages say about it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from shared.cli.main import app
from shared.cli.names import event_of, topics_of
from shared.cli.saying import Failure
from tests.architecture.tree import ROOT
from tests.cli.lab import yizhan

MISUSED = "See what can be given"
PAGES = ("README.md", "docs/cli.md", "docs/new-service.md")


def commands(group: typer.Typer = app, *names: str) -> Iterator[tuple[str, ...]]:
    for one in group.registered_commands:
        yield (*names, one.name or "")
    for sub in group.registered_groups:
        assert sub.typer_instance is not None
        yield from commands(sub.typer_instance, *names, sub.name or "")


def shown_on_pages() -> list[str]:
    found = [re.findall(r"[`\n](yizhan [a-z][^`\n]*)", (ROOT / page).read_text(encoding="utf-8")) for page in PAGES]
    return sorted({line.partition(" > ")[0].strip() for some in found for line in some})


COMMANDS = list(commands())


def test_there_are_the_commands_that_the_page_lists() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`yizhan {' '.join(name)}" not in page] == []


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_has_an_example_that_can_be_given(
    name: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = yizhan(*name, "--help")
    assert shown.exit_code == 0
    example = re.search(r"Example:\n +(yizhan .+)", shown.stdout)
    assert example is not None
    assert example[1].startswith(f"yizhan {' '.join(name)}")
    assert "--json" in shown.stdout
    assert MISUSED not in yizhan(*shlex.split(example[1])[1:], given="{}").stderr


@pytest.mark.parametrize("line", shown_on_pages())
def test_what_a_page_shows_is_right_use(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without an instance: it may find nothing, but it is understood."""
    monkeypatch.chdir(tmp_path)
    said = yizhan(*shlex.split(line)[1:], given="{}")
    assert MISUSED not in said.stderr, said.stderr
    assert said.exit_code in (0, 2), said.output


def test_without_a_command_it_shows_all_of_them() -> None:
    shown = yizhan()
    assert all(name[0] in shown.output for name in COMMANDS)


@pytest.mark.parametrize("group", [(), ("quarantine",), ("projections",), ("clock",)])
def test_what_a_list_of_commands_says_of_each_is_whole(group: tuple[str, ...]) -> None:
    assert "..." not in yizhan(*group, "--help").stdout.partition("Commands:")[2]


def test_an_instance_that_is_not_there_is_told_by_every_command_that_needs_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ["tail", "points"], ["token", "W1", "--role", "a"], ["verify", "points"], ["explain", "x"],
        ["quarantine", "list"], ["projections", "list", "points"], ["clock", "show"], ["clock", "run"],
    ):  # fmt: skip
        failed = yizhan(*arguments)
        assert failed.exit_code == 2
        assert "There is no instance 'default'" in failed.stderr
        assert "make run" in failed.stderr


@pytest.mark.parametrize("wrong", [["publsh"], ["tail"], ["tail", "points", "--nothing"], ["quarantine", "gone"]])
def test_wrong_use_is_exit_code_2(wrong: list[str]) -> None:
    assert yizhan(*wrong).exit_code == 2


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("yizhan publish checkin.M", "checkin.MemberScanned"), ("yizhan tail points.f", "points.feedback.v1")],
)
def test_names_are_completed(typed: str, completed: str) -> None:
    settings = {"_YIZHAN_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": "2"}
    done = subprocess.run(
        [Path(sys.executable).with_name("yizhan")], env={**settings, "PATH": ""}, capture_output=True, text=True
    )
    assert completed in done.stdout.splitlines()


@pytest.mark.parametrize("name", ["PatrolReported", "points.PatrolReported", "cn.yizhan.points.PatrolReported.v1"])
def test_an_event_has_a_short_name_and_a_full_one(name: str) -> None:
    assert event_of(name).type == "cn.yizhan.points.PatrolReported.v1"


def test_a_name_that_is_nearly_right_is_asked_about() -> None:
    for wrong, meant in (("point.PatrolReported", "points.PatrolReported"), ("memberscaned", "checkin.MemberScanned")):
        with pytest.raises(Failure) as failure:
            event_of(wrong)
        assert failure.value.remedy == f"Did you mean {meant}?"
    with pytest.raises(Failure, match="no topic"):
        topics_of("nothing.at.all")
