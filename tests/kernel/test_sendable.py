"""Nothing is recorded that could not be published: contracts are made and measured before the append."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError

from shared.contracts.model import MAX_DATA_BYTES, Contract, Id
from shared.database import Connection
from shared.log.read import read_head
from shared.publishing import Publishing
from shared.testing.logged import ErrorLog
from tests.kernel.counter import Add, Added
from tests.kernel.counting import Process

PUBLISHING = Publishing()


class CounterGrew(Contract):
    counter: Id
    trail: list[str]


@PUBLISHING.on(Added)
def counter_grew(event: Added, entity: str) -> CounterGrew:
    return CounterGrew(counter=entity, trail=["x" * 1_000] * event.amount)


async def test_an_event_whose_contract_would_be_too_large_is_not_recorded(
    url: str, connection: Connection, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("decide_failed")
    async with Process(url, publishing=PUBLISHING) as process:
        with pytest.raises(ValueError, match=f"more than {MAX_DATA_BYTES} bytes"):
            await process.give(Add("c1", MAX_DATA_BYTES // 1_000))
    assert await read_head(connection) == 0


async def test_a_command_whose_contract_is_refused_fails_alone(
    url: str, connection: Connection, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("decide_failed")
    async with Process(url, publishing=PUBLISHING) as process:
        commands = [process.give(Add(counter)) for counter in ("c1", "not an id", "c2")]
        outcomes = await asyncio.gather(*commands, return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == ["Answer", ValidationError.__name__, "Answer"]
    assert await read_head(connection) == 2
