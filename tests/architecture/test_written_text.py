"""What no file may say, and what no test may do."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.tree import files, python_files, text_of

# Written so that no pattern matches its own text: this file is read by the test as well.
OF_ONE_MACHINE = re.compile(r"(?<![\w.}/-])/(?:(?:tmp|root|home|Users)/\w|work(?![\w-]))")
REGISTRY = re.compile(
    r"(?:pypi|pythonhosted|npmjs|proxy\.golang)\.org|(?:deb|security)\.debian\.org"
    r"|(?:docker|ghcr|quay|gcr)\.io|registry\.k8s\.io|maven\.(?:org|apache\.org)|crates\.io",
)


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    texts = ((path, text_of(path) or "") for path in files())
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def sleeps_in(source: str) -> list[int]:
    """Lines of calls to something named sleep. sleep(0) only lets others run, which is no waiting."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    sleeps = (call for call in calls if re.fullmatch(r"(.*\.)?sleep", ast.unparse(call.func)))
    return [call.lineno for call in sleeps if [ast.unparse(argument) for argument in call.args] != ["0"]]


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_with(OF_ONE_MACHINE) == []


def test_no_file_names_a_registry_host() -> None:
    assert lines_with(REGISTRY) == []


def test_no_test_sleeps() -> None:
    tests = [path for path in python_files() if path.parts[0] == "tests"]
    found = [f"{path}:{line}" for path in tests for line in sleeps_in(text_of(path) or "")]
    assert found == [], "wait for a condition with a deadline instead"


@pytest.mark.parametrize("place", ["work", "work/a", "tmp/a", "root/a", "home/a", "Users/a"])
def test_a_path_of_one_machine_is_seen(place: str) -> None:
    assert OF_ONE_MACHINE.search(f"see {Path('/') / place}")


@pytest.mark.parametrize("host", ["pypi.{}", "files.pythonhosted.{}", "repo1.maven.{}", "deb.debian.{}"])
def test_a_registry_host_is_seen(host: str) -> None:
    assert REGISTRY.search(host.format("org"))


def test_only_real_sleeps_are_seen() -> None:
    assert sleeps_in("sleep(1)\nawait asyncio.sleep(0)\ntime.sleep(delay)\nlog('sleep(1)')\nasleep(1)") == [1, 3]
