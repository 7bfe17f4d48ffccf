"""Fen as people read them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import yuan


@pytest.mark.parametrize(
    "fen,written",
    [
        (0, "0.00"),
        (1, "0.01"),
        (-1, "-0.01"),
        (99, "0.99"),
        (100, "1.00"),
        (-100, "-1.00"),
        (-101, "-1.01"),
        (4_500, "45.00"),
        (123_456_789, "1234567.89"),
        (9_007_199_254_740_993, "90071992547409.93"),  # which no float holds
    ],
)
def test_k1_fen_are_written_as_yuan_with_two_places(fen: int, written: str) -> None:
    assert yuan(fen) == written


@given(st.integers(-(10**30), 10**30))
def test_k1_what_is_written_is_what_there_was_to_the_fen(fen: int) -> None:
    assert Fraction(yuan(fen)) * 100 == fen
    assert yuan(fen).lstrip("-") == yuan(-fen).lstrip("-")
