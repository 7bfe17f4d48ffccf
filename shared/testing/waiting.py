"""Waiting for a condition, never for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

LOOK = 0.01  # seconds between looks


@overload
async def eventually(
    look: Callable[[], Awaitable[T]], within: float = ..., *, until: Callable[[T], Any] = ...
) -> T: ...
@overload
async def eventually(look: Callable[[], T], within: float = ..., *, until: Callable[[T], Any] = ...) -> T: ...
async def eventually(look: Callable[[], Any], within: float = 10.0, *, until: Callable[[Any], Any] = bool) -> Any:
    """Look, again and again, until what is seen is true, or as `until` wants it; answers what was seen.

    An error in looking counts as not yet. After `within` seconds the test fails and says what was last seen.
    """
    deadline = time.monotonic() + within
    while True:
        fault: Exception | None = None
        try:
            seen = look()
            if inspect.isawaitable(seen):
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + within):
                    seen = await seen
            if until(seen):
                return seen
        except Exception as error:
            fault, seen = error, f"{type(error).__name__}: {error}"
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {_named(look)}; last seen: {seen!r}") from fault
        await asyncio.sleep(LOOK)


async def quickly(work: Callable[[], Awaitable[T]], within: float, tries: int = 5) -> T:
    """Do this work within so many seconds, in one of some tries at least: what else runs makes any of them slow."""
    took = []
    for _ in range(tries):
        started = time.monotonic()
        done = await work()
        took.append(time.monotonic() - started)
        if took[-1] < within:
            return done
    raise AssertionError(f"{_named(work)} never took less than {within:g} s, but {[round(one, 1) for one in took]}")


def _named(look: Callable[[], Any]) -> str:
    """The name of what was looked at; of a lambda, its place."""
    name = getattr(look, "__qualname__", repr(look))
    code = getattr(look, "__code__", None)
    return f"{name} (line {code.co_firstlineno})" if code is not None else name
