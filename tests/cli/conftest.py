"""A running town as an instance called `default`, in a folder that the command line is run in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.embedded.infra import Infra
from shared.testing.gates import settle
from shared.testing.infrastructure import Databases
from tests.cli.lab import as_instance
from tests.running import Town, a_town


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("cli") / ".yizhan" / "default"
    folder.mkdir(parents=True)
    async with a_town(infra, databases, folder, "checkin", "points") as town:
        as_instance(town, folder)
        await settle(town.checkin, town.surroundings, ["W01", "W55"])
        yield town


@pytest.fixture
def here(town: Town, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder below which the town's instance lies; the test runs in it."""
    root = town.surroundings.folder.parent.parent
    monkeypatch.chdir(root)
    return root
