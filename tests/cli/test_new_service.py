"""`make new-service`: what it makes keeps every rule of the tree, and runs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from msgspec import json

from shared import new_service
from shared.contracts.event_type import topics
from shared.embedded.infra import Infra
from shared.embedded.ports import free_port
from shared.kafka import make_topics
from shared.new_service import CannotBeMade, files_of, make
from shared.plain_http import NO_TLS
from shared.testing.infrastructure import Databases
from shared.testing.processes import Surroundings
from shared.testing.waiting import eventually
from tests.architecture.tree import ROOT, files
from tests.cli.lab import without_settings

NAME = "parcels"  # behind the kernel's own modules in the alphabet, which moves a line of imports


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with one service more."""
    root = tmp_path_factory.mktemp("tree")
    for path in files():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes((ROOT / path).read_bytes())
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    make(NAME, root)
    ran(root, "-m", "ruff", "check", "--quiet", "--fix", f"services/{NAME}", f"tests/{NAME}")
    generated = ("shared.contracts.generate", "shared.access.generate", "shared.error_pages")
    for module in (*generated, "tests.contracts.write_samples"):
        ran(root, "-m", module)
    return root


def environment(root: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The tester's own, without settings; modules are those of the tree."""
    kept = {name: value for name, value in os.environ.items() if name not in without_settings()}
    return {**kept, "PYTHONPATH": str(root), **settings}


def started(root: Path, arguments: Sequence[str], settings: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A program of Python in a tree that goes on."""
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=root, env=environment(root, settings), stdout=file, stderr=file
        )


def ran(root: Path, *arguments: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """A program of Python in a tree; it must end well."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment(root, settings),
        input=given, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


@pytest.mark.slow
@pytest.mark.parametrize(
    "check",
    [
        ["importlinter.cli", "lint_imports"],
        ["-m", "ruff", "check", "services", "shared", "tests"],
        ["-m", "ruff", "format", "--check", f"services/{NAME}", f"tests/{NAME}", "shared/contracts"],
        ["-m", "pytest", "-q", f"tests/{NAME}", "tests/contracts", "tests/architecture/test_the_tree.py"],
        [
            "-m",
            "pytest",
            "-q",
            *[f"tests/architecture/test_{part}.py" for part in ("services", "written_text", "documents")],
        ],
    ],
    ids=["import contracts", "style", "format", "tests", "tests of the tree"],
)
def test_a_new_service_keeps_the_rules_of_the_tree(tree: Path, check: Sequence[str]) -> None:
    if check[0] == "importlinter.cli":
        check = ["-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo', '--no-cache'])"]
    ran(tree, *check)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_types_of_a_new_service_are_right(tree: Path) -> None:
    ran(tree, "-m", "mypy", f"services/{NAME}", "shared/contracts", f"tests/{NAME}")


@pytest.mark.slow
@pytest.mark.journey
async def test_a_new_service_takes_an_event_tells_others_and_answers_queries(
    tree: Path, infra: Infra, databases: Databases, tmp_path: Path
) -> None:
    await make_topics(infra.kafka, topics(NAME))
    here, port = Surroundings(tmp_path, infra.kafka), free_port()
    settings = {**here.settings(databases.empty(NAME)), "YIZHAN_HTTP_PORT": str(port)}
    module = ("-m", f"services.{NAME}.main", "--role")
    await asyncio.to_thread(ran, tree, *module, "migrate", **settings)
    process = started(tree, [*module, "all"], settings, tmp_path / "log")
    try:
        event, kafka = f"{NAME}.RequestSubmitted", {"KAFKA_URL": infra.kafka}
        example = await asyncio.to_thread(ran, tree, "-m", "shared.cli", "publish", event, "--example")
        publish = ("-m", "shared.cli", "publish", event, "--wait", "--json", "--timeout", "60")
        sent = await asyncio.to_thread(lambda: ran(tree, *publish, given=example.stdout, **kafka))
        answer = json.decode(sent.stdout)["answer"]
        assert answer["status"] == "accepted"
        headers = {"Authorization": here.authorization("P1", "officer")}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, verify=NO_TLS
        ) as http:

            async def acknowledged() -> bool:
                shown = await http.get("/requests/RQ-1", params={"min_position": answer["position"]})
                return shown.status_code == 200 and shown.json()["acknowledged_at"] is not None

            await eventually(acknowledged, within=30)
        follow = ("-m", "shared.cli", "tail", f"{NAME}.events.v1", "--from-start", "--count", "1", "--json")
        told = await asyncio.to_thread(ran, tree, *follow, **kafka)
        assert json.decode(told.stdout)["type"] == f"cn.yizhan.{NAME}.RequestAcknowledged.v1"
    finally:
        process.terminate()
        assert process.wait(40) == 0, (tmp_path / "log").read_text()[-3000:]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "small letters and digits"),
        ("Lockers", "small letters and digits"),
        ("my-lockers", "small letters and digits"),
        ("token", "a word of Python"),
        ("points", "services/points, shared/contracts/points.py, tests/points is there already"),
    ],
)
def test_a_name_that_cannot_be_says_why(name: str, said: str) -> None:
    with pytest.raises(CannotBeMade, match=said):
        files_of(name)


def test_a_new_service_has_the_migrations_of_the_kernel() -> None:
    of_the_kernel = {
        path.name: text for path in files() if path.match("services/points/migrations/versions/*.py")
        and "from shared." in (text := (ROOT / path).read_text())
    }  # fmt: skip
    made = {path.name: text for path, text in files_of(NAME).items() if path.parent.name == "versions"}
    assert made == of_the_kernel, "copy the new revision to shared/template/service/migrations/versions"


def test_a_registry_that_was_changed_is_told_before_anything_is_written(tmp_path: Path) -> None:
    registry = tmp_path / new_service.REGISTRY
    registry.parent.mkdir(parents=True)
    registry.write_text("EVENTS = ()\n")
    with pytest.raises(CannotBeMade, match="not as it was"):
        make(NAME, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [registry]


def test_the_command_ends_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="small letters"):
        new_service.main(["No"])
    assert capsys.readouterr().out == ""
