"""The import contracts of pyproject.toml hold, and each is seen to fail.

The violations are planted in a small tree of two services: they are found in a second, whatever the real tree holds.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

ROOMS = ["access", "api", "handlers", "main", "messaging", "policies", "projections", "publishing"]
SOUND = {
    "scenario/day.py": "import services.alpha.main\n",
    "shared/clock.py": "import time\n",
    "shared/decider.py": "",
    "shared/errors.py": "",
    "shared/relay.py": "import sqlalchemy\n",
    "services/alpha/main.py": "from shared import relay\nfrom . import api, messaging\n",
    "services/alpha/messaging.py": "from . import policies\n",
    "services/alpha/policies.py": "from .domain import account\n",
    "services/alpha/domain/account.py": "from shared import clock, decider, errors\n",
    "services/beta/domain/pool.py": "from shared.decider import Decider\n",
}
PLANTED = [
    ("directions", "shared/relay.py", "from services.alpha import publishing"),
    ("directions", "shared/relay.py", "import scenario.day"),
    ("directions", "services/alpha/main.py", "from scenario import day"),
    ("no-tests", "shared/relay.py", "from tests import sharding"),
    ("no-tests", "services/alpha/main.py", "import benchmarks"),
    ("independent", "services/alpha/policies.py", "from services.beta.domain import pool"),
    ("independent", "services/beta/main.py", "from ..alpha import api"),
    ("rooms", "services/alpha/domain/account.py", "from .. import handlers"),
    ("rooms", "services/alpha/policies.py", "from . import publishing"),
    ("rooms", "services/alpha/handlers.py", "from . import api"),
    ("rooms", "services/alpha/handlers.py", "from . import access"),
    ("rooms", "services/alpha/api.py", "from . import messaging"),
    ("domain-kernel", "services/alpha/domain/account.py", "from shared import telemetry"),
    ("domain-kernel", "services/beta/domain/pool.py", "import shared.contracts.points"),
    ("domain-libraries", "services/alpha/domain/account.py", "import sqlalchemy"),
    ("domain-libraries", "services/beta/domain/pool.py", "def late():\n    from pydantic import BaseModel"),
    ("domain-libraries", "shared/decider.py", "import faststream"),
    ("domain-pure", "services/alpha/domain/account.py", "from random import choice"),
]


def contracts() -> dict[str, str]:
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return {contract["id"]: contract["name"] for contract in configured["contracts"]}


def broken_contracts(tree: Path) -> tuple[set[str], str]:
    """Names of the contracts that `lint-imports` reports as broken in the tree, and all that it says."""
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=tree,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},  # a name must not be wrapped or coloured
        capture_output=True,
        text=True,
    )
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", linted.stdout, re.MULTILINE))
    assert set(verdicts) == set(contracts().values()), (
        f"not every contract was checked:\n{linted.stdout}{linted.stderr}"
    )
    broken = {name for name, verdict in verdicts.items() if verdict == "BROKEN"}
    assert (linted.returncode != 0) == bool(broken), linted.stdout
    return broken, linted.stdout


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """Two services, a kernel and a scenario, bound by the real contracts and keeping them."""
    empty = [f"services/{service}/{room}.py" for service in ("alpha", "beta") for room in ROOMS]
    empty += ["shared/telemetry.py", "shared/contracts/points.py"]
    for name, source in {**dict.fromkeys(empty, ""), **SOUND}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        for package in path.relative_to(tmp_path).parents[:-1]:
            (tmp_path / package / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return tmp_path


def test_the_tree_keeps_every_contract() -> None:
    broken, report = broken_contracts(ROOT)
    assert broken == set(), report


def test_a_sound_small_tree_keeps_every_contract(small_tree: Path) -> None:
    broken, report = broken_contracts(small_tree)
    assert broken == set(), report


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(contracts())


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_planted_violation_breaks_its_contract_alone(small_tree: Path, contract: str, file: str, line: str) -> None:
    with (small_tree / file).open("a") as source:
        source.write(f"{line}\n")
    broken, report = broken_contracts(small_tree)
    assert broken == {contracts()[contract]}, report
