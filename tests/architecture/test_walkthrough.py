"""docs/walkthrough.md leads through code that is there, and stays short enough to be walked."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "walkthrough.md"
LINK = re.compile(r"\[`([\w.]+)`\]\(\.\./([\w./-]+)\)")
STEP = re.compile(r"^\*\*(\d+)\. ", re.MULTILINE)

TEXT = PAGE.read_text(encoding="utf-8")
NAMED = sorted(set(LINK.findall(TEXT)))


def steps() -> str:
    """The numbered part, before the table of what carries it."""
    return TEXT.partition("## What carries it")[0]


@cache
def defined_in(path: Path) -> set[str]:
    """Functions and methods of a file, as `name` or `Class.name`."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".sql":
        return set(re.findall(r"^create function (\w+)", source, re.MULTILINE))
    found = set()
    for node in ast.parse(source).body:
        inside = [node] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else []
        found |= {function.name for function in inside}
        if isinstance(node, ast.ClassDef):
            methods = [m.name for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {f"{node.name}.{method}" for method in methods}
    return found


@pytest.mark.parametrize(("name", "file"), NAMED, ids=[f"{file}:{name}" for name, file in NAMED])
def test_what_the_walk_names_is_there(name: str, file: str) -> None:
    assert name in defined_in(ROOT / file)


def test_what_the_diagram_names_is_on_the_walk() -> None:
    diagram = TEXT.partition("```mermaid")[2].partition("```")[0]
    called = set(re.findall(r"(\w+)\(\)", diagram))
    assert called
    assert called - {name.rpartition(".")[2] for name, _ in NAMED} == set()


def test_the_walk_has_under_ten_files_one_for_each_step() -> None:
    numbers = [int(number) for number in STEP.findall(steps())]
    assert numbers == list(range(1, len(numbers) + 1))
    files = {file for _, file in LINK.findall(steps()) if file.endswith(".py")}
    assert len(files) == len(numbers) < 10
