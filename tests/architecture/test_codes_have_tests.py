"""Every code of a service is answered by a real service in some journey: by HTTP, and what it can by Kafka.

Here only what `tests/journeys/codes.py` says is compared with the classes of refusals; that it is true is seen to while
the journeys run. So no part of the tests that runs alone passes for the whole.
"""

from __future__ import annotations

import pytest

from shared import error_pages
from tests.architecture.tree import ROOT
from tests.journeys.codes import BY_HTTP, BY_KAFKA, NOT_OF_INTAKE

SERVICES = ("checkin", "points", "welfare")


def codes_of(service: str) -> set[str]:
    error_pages.documents()  # imports every service, and with them their refusals
    return {refusal.code for refusal in error_pages.refusals(f"services.{service}.")}


def said(journeys: object, service: str) -> set[str]:
    assert isinstance(journeys, dict)
    there = [codes for journey, codes in journeys.items() if (ROOT / f"tests/journeys/{journey}.py").is_file()]
    return {code for codes in there for code in codes.get(service, "").split()}


@pytest.mark.parametrize("service", SERVICES)
def test_every_code_is_answered_by_http(service: str) -> None:
    codes, answered = codes_of(service), said(BY_HTTP, service)
    assert len(codes) > 20
    assert codes - answered == set(), "let a journey be answered these, and write them into tests/journeys/codes.py"
    assert answered - codes == set(), "no refusal has these codes any more"


@pytest.mark.parametrize("service", SERVICES)
def test_every_code_of_intake_is_answered_by_kafka(service: str) -> None:
    codes, answered = codes_of(service), said(BY_KAFKA, service)
    by_people = set(NOT_OF_INTAKE[service].split())
    assert codes - by_people - answered == set(), "let a journey be answered these by Kafka, too"
    assert answered & by_people == set(), "these are answered by Kafka, so they are codes of intake"
    assert answered - codes == set(), "no refusal has these codes any more"
