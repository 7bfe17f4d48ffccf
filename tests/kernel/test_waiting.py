"""How tests wait, and how they notice errors that nobody expected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from shared.testing.logged import ErrorLog, errors_logged
from shared.testing.waiting import eventually


async def test_waiting_ends_when_the_condition_holds_and_answers_what_was_seen() -> None:
    looks: Iterator[object] = iter([None, [], "there", "never looked at"])
    assert await eventually(lambda: next(looks)) == "there"


async def test_waiting_may_want_something_certain() -> None:
    looks = iter(range(10))
    assert await eventually(lambda: next(looks), until=lambda seen: seen > 4) == 5


async def test_an_error_in_looking_counts_as_not_yet() -> None:
    looks = iter([0, 0, 2])

    async def look() -> float:
        return 1 / next(looks)

    assert await eventually(look) == 0.5


async def test_waiting_in_vain_tells_what_was_last_seen() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: .*last seen: \['half'\]"):
        await eventually(lambda: ["half"], 0.05, until=lambda seen: len(seen) == 2)


async def test_a_look_that_hangs_is_given_up() -> None:
    with pytest.raises(AssertionError, match="TimeoutError"):
        await eventually(asyncio.Event().wait, 0.05)


@pytest.mark.parametrize("name", ["shared.committer", "services.points.main"])
def test_an_error_that_nobody_expected_is_found(name: str, logged_errors: ErrorLog) -> None:
    with errors_logged() as errors:
        logging.getLogger(name).error("it broke", extra={"action": "broken"})
        logging.getLogger(name).warning("no error")
        logging.getLogger("elsewhere").error("not ours")
    assert errors.unexpected() == ["it broke"]
    logged_errors.expect("broken")
