"""docs/errors lists every code with what to do about it."""

from __future__ import annotations

import pytest

from shared import error_pages
from shared.errors import Refused

ALL = [refusal for prefix in ("shared.", "services.") for refusal in error_pages.refusals(prefix)]


def test_the_pages_are_what_the_classes_say() -> None:
    assert error_pages.drift() == [], "run: python -m shared.error_pages"


@pytest.mark.parametrize("refusal", ALL, ids=lambda refusal: f"{refusal.__module__}.{refusal.code}")
def test_a_refusal_says_what_is_wrong_and_what_to_do(refusal: type[Refused]) -> None:
    """Two sentences at least: the first is the fault, the others the remedy."""
    assert refusal.message().count(". ") >= 1 or ": " in refusal.message(), refusal.message()
    assert refusal.message().endswith(".")
