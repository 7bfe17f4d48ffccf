"""Given/when/then over welfare's own handlers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.welfare.handlers import HANDLERS
from shared.testing.given import Given, scenarios


@pytest.fixture
def given() -> Iterator[Given]:
    with scenarios(HANDLERS) as given:
        yield given
