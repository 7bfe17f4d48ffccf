"""What every test may ask for: the real servers, started once a session, and fresh databases on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.embedded.infra import Infra
from shared.testing.infrastructure import Databases, databases_of, infrastructure
from shared.testing.logged import ErrorLog, errors_logged


@pytest.fixture(scope="session")
def infra() -> Iterator[Infra]:
    """Kafka and PostgreSQL. Nobody stops or pauses these: who must, starts servers of his own."""
    with infrastructure() as infra:
        yield infra


@pytest.fixture(scope="session")
def databases(infra: Infra) -> Iterator[Databases]:
    """`databases.fresh()` is the URL of a new database with an empty log."""
    with databases_of(infra) as databases:
        yield databases


@pytest.fixture(autouse=True)
def logged_errors() -> Iterator[ErrorLog]:
    """A test fails when our code logged an error that the test did not expect: `logged_errors.expect("action")`."""
    with errors_logged() as errors:
        yield errors
    assert not errors.unexpected(), f"errors were logged that nobody expected: {errors.unexpected()}"
