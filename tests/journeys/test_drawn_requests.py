"""Requests drawn from the OpenAPI documents: each is answered as the document declares, and none with a 5xx."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.embedded.infra import Infra
from shared.testing.infrastructure import Databases
from tests.running import SERVICES, Town, a_town

pytestmark = pytest.mark.journey


def no_service_breaks(_context: Any, answer: Any, case: Any) -> None:
    assert answer.status_code < 500, f"{answer.text}\n{case.as_curl_command()}"


CHECKS: list[Any] = [
    no_service_breaks,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
AT_LEAST = 10  # operations of a service; a document that lists none would let everything pass


@pytest.fixture(scope="module")
def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """In a loop of its own, as requests are drawn and sent outside of any."""
    with asyncio.Runner() as runner:
        town = a_town(infra, databases, tmp_path_factory.mktemp("drawn"), *SERVICES)
        yield runner.run(town.__aenter__())
        runner.run(town.__aexit__(None, None, None))


@pytest.mark.parametrize("requests_each", [4, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_whatever_is_asked_is_answered_as_the_document_says(town: Town, service: str, requests_each: int) -> None:
    """By a caller who may do everything: what stops him is never the door."""
    url = getattr(town, service).url
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = town.surroundings.authorization("admin", "admin")
        document: Any = schemathesis.openapi.from_url(f"{url}/openapi.json")
        operations = [found.ok() for found in document.get_all_operations()]
        faults = [fault for one in operations if (fault := faults_of(one, session, requests_each))]
    assert len(operations) >= AT_LEAST
    assert not faults, "\n\n".join(faults)


def faults_of(operation: Any, session: requests.Session, requests_each: int) -> str:
    """What is wrong with the answers of one operation, if anything is."""

    @given(case=operation.as_strategy())
    @settings(max_examples=requests_each, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        case.call_and_validate(session=session, checks=CHECKS)

    try:
        ask()
    except FailureGroup as group:
        return f"{operation.label}: {group.exceptions[0]}"
    return ""
