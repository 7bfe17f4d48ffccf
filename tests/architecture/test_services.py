"""What a service needs beyond its rooms. A new one reads here what it still lacks, all at once."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from shared.contracts.registry import EVENTS, SERVICES
from tests.architecture.tree import files, services, text_of


def lacking(name: str) -> list[str]:
    """Each thing that is missing, and what to do about it."""
    readme = text_of(Path("services", name, "README.md")) or ""
    tests = [path for path in files() if path.match(f"tests/{name}/test_*.py")]
    revisions = [path for path in files() if path.match(f"services/{name}/migrations/versions/*.py")]
    known = name in SERVICES
    wanted = {
        f"README.md has no table of words: begin one with '## Words' in services/{name}/README.md": "## Words"
        in readme,
        "README.md has no Chinese word beside the English ones": re.search(r"[\u4e00-\u9fff]", readme) is not None,
        f"it has no tests: add tests/{name}/test_<aggregate>.py for each file of its domain": bool(tests),
        "it has no migration: the first one makes the log": bool(revisions),
        "shared/contracts/registry.py does not name it in SERVICES": known,
        f"it takes no intake event: add one to shared/contracts/listing/{name}.py": _has(name, "intake"),
        f"it publishes nothing: add an event to shared/contracts/listing/{name}.py": _has(name, "published"),
        "main.py names it otherwise: SERVICE.name is its folder's name": _service_name(name) == name,
    }
    return [what for what, there in wanted.items() if not there]


def _has(name: str, direction: str) -> bool:
    return any((event.service, event.direction) == (name, direction) for event in EVENTS)


def _service_name(name: str) -> str:
    return str(import_module(f"services.{name}.main").SERVICE.name)


def test_no_service_lacks_anything() -> None:
    found = {path.name: lacking(path.name) for path in services()}
    assert found
    assert {name: what for name, what in found.items() if what} == {}


def test_a_name_without_a_service_lacks_what_can_be_seen_from_outside() -> None:
    assert not _has("nobody", "intake")
    assert "nobody" not in SERVICES
