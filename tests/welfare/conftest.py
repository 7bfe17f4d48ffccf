"""Given/when/then over welfare's own handlers; the money of each decision is audited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.testing.given import Given, scenarios
from tests.welfare.audit import Audited


@pytest.fixture
def given() -> Iterator[Given]:
    with scenarios(Audited()) as given:
        yield given
