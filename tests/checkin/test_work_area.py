"""Where people work: counted anew, never added up."""

from __future__ import annotations

import msgspec
import pytest

from services.checkin.domain.work_area import WORK_AREA, CountWorkArea, WorkAreaCounted
from shared.errors import ValidationFailed
from shared.testing.given import Given, on
from tests.checkin.town import at

NOON, LATER = at("12:00"), at("13:00")
count = CountWorkArea("A1", "n1", 36_000_000, 103_000_000, 240, NOON)
counted = WorkAreaCounted(NOON, "A1", "n1", 36_000_000, 103_000_000, 240)


def test_an_area_is_counted_and_the_same_count_again_is_nothing_new(given: Given) -> None:
    given().when(count).then(on(WORK_AREA, "A1", counted))
    given(on(WORK_AREA, "A1", counted)).when(msgspec.structs.replace(count, now=LATER)).then_nothing()


@pytest.mark.parametrize("field,value", [("people", 0), ("lat_e6", 36_000_001), ("county", "n2")])
def test_a_later_count_replaces_the_one_before(given: Given, field: str, value: object) -> None:
    again = msgspec.structs.replace(count, now=LATER, **{field: value})
    given(on(WORK_AREA, "A1", counted)).when(again).then(
        on(WORK_AREA, "A1", msgspec.structs.replace(counted, at=LATER, **{field: value}))
    )


@pytest.mark.parametrize("field,value", [("people", -1), ("lat_e6", 90_000_001), ("lon_e6", -180_000_001)])
def test_a_count_that_cannot_be_is_refused(given: Given, field: str, value: int) -> None:
    given().when(msgspec.structs.replace(count, **{field: value})).then_refused(ValidationFailed)
