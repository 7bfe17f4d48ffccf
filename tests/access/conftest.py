"""Both services as processes, for requests by callers of every kind; they end with the module, as topics are shared."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.embedded.infra import Infra
from shared.testing.infrastructure import Databases
from tests.running import SERVICES, Town, a_town


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("access"), *SERVICES) as town:
        yield town
