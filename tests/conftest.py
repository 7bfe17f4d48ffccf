"""What every test may ask for: the real servers, started once a session, and fresh databases on them.

Side by side (`pytest -n 2`, `make test`) each worker is a session: it has servers of its own.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

from shared.embedded import ports
from shared.embedded.infra import Infra
from shared.testing.infrastructure import Databases, databases_of, infrastructure
from shared.testing.logged import ErrorLog, errors_logged


def pytest_configure() -> None:
    """Workers that run side by side (`-n`) draw their ports from different ones, or they would now and then meet."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        worker, workers = os.environ["PYTEST_XDIST_WORKER"], os.environ["PYTEST_XDIST_WORKER_COUNT"]
        ports.RANGE = ports.RANGE[int(worker.removeprefix("gw")) % int(workers) :: int(workers)]


def pytest_collection_finish() -> None:
    """Thousands of collected tests are never garbage: with them aside, each collection is short."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole files, whatever `--dist` says: they share what they started. In their order: last come short ones."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


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
