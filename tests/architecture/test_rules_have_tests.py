"""Every rule and edge case that the services answer for has a test whose name says so.

`test_ck5_e10_...` is a test of CK5 and of E10. A name is needed: whoever reads that a test has failed reads its name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.tree import files, text_of

COMMON = {f"K{number}" for number in range(1, 11)}
CHECKIN = {f"CK{number}" for number in range(1, 13)}
POINTS = {f"PT{number}" for number in range(1, 14)}
WELFARE = {f"WF{number}" for number in range(1, 14)}
EDGES = {f"E{number}" for number in range(1, 48)}

SHOWN = {"CK8", "PT13"}  # what is only shown: given events, then rows
RULE = re.compile(r"(?:ck|pt|wf|k|e)[0-9]+")


@cache
def written() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Each test function, by the folder that it is in."""
    paths = [path for path in files() if path.match("tests/*/test_*.py")]
    return [(path.parts[1], test) for path in paths for test in _tests_in(text_of(path) or "")]


def _tests_in(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for one in ast.walk(ast.parse(text)):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_"):
            yield one


def named(*folders: str, given: bool = False) -> set[str]:
    """What tests are named after; with `given`, those that give a past, ask, and see what happens."""
    found: set[str] = set()
    for folder, test in written():
        if (folders and folder not in folders) or (given and "given" not in [one.arg for one in test.args.args]):
            continue
        found.update(word.upper() for word in test.name.split("_") if RULE.fullmatch(word))
    return found


@pytest.mark.parametrize(("service", "rules"), [("checkin", CHECKIN), ("points", POINTS), ("welfare", WELFARE)])
def test_every_rule_of_a_service_has_given_when_then_tests(service: str, rules: set[str]) -> None:
    assert rules - SHOWN - named(service, given=True) == set(), "name a test of each after it"
    assert rules & SHOWN - named(service) == set()


def test_every_common_rule_and_edge_case_has_a_test() -> None:
    missing = (COMMON | EDGES) - named()
    assert missing == set(), "name a test of each after it"


def test_no_test_is_named_after_a_rule_that_is_none() -> None:
    unknown = named("checkin", "points", "welfare", "journeys") - COMMON - CHECKIN - POINTS - WELFARE - EDGES
    assert unknown == set(), "a slip of the pen, or a rule that is not in the lists above"
