"""Sizes, names and rooms. Every fault is listed at once, so that one run is enough to mend them."""

import ast
import sys
from pathlib import Path

from tests.architecture.tree import ROOT, files, python_files, services, text_of

FILE_LIMIT = 300
FUNCTION_LIMIT = 60
NAMES_THAT_SAY_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
ROOMS = {
    "README.md",
    "access",
    "api",
    "domain",
    "handlers",
    "main",
    "messaging",
    "migrations",
    "policies",
    "projections",
    "publishing",
}


def is_code(path: Path) -> bool:
    return path.suffix in {".py", ".sh", ".sql"} or path.name == "Makefile" or path.parts[0] == ".ci"


def length(path: Path) -> int:
    return (text_of(path) or "").count("\n")


def long_functions(path: Path) -> list[str]:
    functions = (
        node
        for node in ast.walk(ast.parse(text_of(path) or ""))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    sized = ((node, (node.end_lineno or node.lineno) - node.lineno + 1) for node in functions)
    return [f"{path}:{node.lineno} {node.name}: {size} lines" for node, size in sized if size > FUNCTION_LIMIT]


def rooms_of(service: Path) -> set[str]:
    inside = (path.relative_to(service).parts[0] for path in files() if path.is_relative_to(service))
    return {room.removesuffix(".py") for room in inside} - {"__init__"}


def test_no_file_of_code_is_longer_than_one_sitting() -> None:
    read_whole = [path for path in files() if is_code(path) and path.parts[0] not in {"tests", "docs"}]
    assert [f"{path}: {length(path)} lines" for path in read_whole if length(path) > FILE_LIMIT] == []


def test_no_function_is_longer_than_a_screen() -> None:
    assert [found for path in python_files() for found in long_functions(path)] == []


def test_a_file_is_named_for_what_it_knows() -> None:
    assert [str(path) for path in files() if is_code(path) and path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_no_file_takes_a_name_of_the_standard_library() -> None:
    assert [str(path) for path in python_files() if path.stem in sys.stdlib_module_names] == []


def test_every_service_has_exactly_the_same_rooms() -> None:
    lacking = {str(service): ROOMS - rooms_of(service) for service in services()}
    beyond = {str(service): rooms_of(service) - ROOMS for service in services()}
    assert {service: rooms for service, rooms in lacking.items() if rooms} == {}, "these rooms are missing"
    assert {service: rooms for service, rooms in beyond.items() if rooms} == {}, "these rooms no other service has"


def test_the_tree_is_read_from_its_root() -> None:
    assert (ROOT / "pyproject.toml").is_file()
    assert Path("pyproject.toml") in files(), "an empty listing would let every other test here pass"
