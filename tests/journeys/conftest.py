"""Each journey of `codes.py` has really been answered by a service, by HTTP and by Kafka, as is said there of it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator

import pytest

from shared.contracts.event_type import feedback_topic
from shared.embedded.infra import Infra
from shared.testing.gates import REFUSED
from shared.testing.topics import answers, read_all
from tests.journeys.codes import BY_HTTP, BY_KAFKA, Codes

_cut: set[str] = set()  # journeys of which only some tests were asked for


def pytest_deselected(items: list[pytest.Item]) -> None:
    _cut.update(item.path.stem for item in items)


@pytest.fixture(scope="module", autouse=True)
async def codes_are_answered(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Nothing is asked of a journey that was cut short: by `-k`, by naming single tests, or by a test that failed."""
    journey, failed = request.path.stem, request.session.testsfailed
    REFUSED.clear()
    yield
    if not (journey in BY_HTTP or journey in BY_KAFKA) or request.session.testsfailed > failed or not _whole(request):
        return
    missing = _told(BY_HTTP.get(journey, {})) - REFUSED
    assert not missing, f"tests/journeys/codes.py says that {journey} is answered these by HTTP: {sorted(missing)}"
    if journey in BY_KAFKA:
        infra: Infra = request.getfixturevalue("infra")
        missing = _told(BY_KAFKA[journey]) - await _fed_back(infra, *BY_KAFKA[journey])
        assert not missing, f"tests/journeys/codes.py says that {journey} is answered these by Kafka: {sorted(missing)}"


def _whole(request: pytest.FixtureRequest) -> bool:
    written = {name for name, one in inspect.getmembers(request.module) if name.startswith("test_") and callable(one)}
    asked = {
        item.function.__name__
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    }
    return written == asked and request.path.stem not in _cut


def _told(codes: Codes) -> set[tuple[str, str]]:
    return {(service, code) for service, listed in codes.items() for code in listed.split()}


async def _fed_back(infra: Infra, *services: str) -> set[tuple[str, str]]:
    """What is in the feedback topics now, which every town makes anew."""
    found = set()
    for service in services:
        for answer in answers(await read_all(infra.kafka, feedback_topic(service))):
            if "code" in answer:
                found.add((service, answer["code"]))
    return found
