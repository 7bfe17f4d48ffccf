"""Paired rounds: every contestant runs in every round, so that noise of the machine meets all of them alike.

What counts is the median of the rounds' ratios; rates and seconds only say on which machine it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TypeAlias

import msgspec
import psutil

Contestant: TypeAlias = Callable[[], Awaitable[float]]


class Figure(msgspec.Struct, frozen=True):
    """One line of the result. `ratio` is ours to the reference's; where less is better the goal is an upper bound."""

    name: str
    value: float
    unit: str
    against: str
    reference: float
    ratio: float
    goal: float | None
    met: bool | None
    rounds: int
    noise: float  # cores that other work on this machine used meanwhile

    def at_most(self, limit: float) -> Figure:
        """The same with a goal for the value itself, which is to be at most this."""
        return msgspec.structs.replace(self, goal=limit, met=self.value <= limit)


class Noise:
    """How many cores were used by processes other than this one and its children, since it was made."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.monotonic(), _busy(), _own()

    def cores(self) -> float:
        seconds = time.monotonic() - self._began
        return max(0.0, (_busy() - self._busy) - (_own() - self._own)) / max(seconds, 0.001)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


def _own() -> float:
    """CPU seconds of this process and all below it, those that have ended included."""
    total = 0.0
    this = psutil.Process()
    for process in [this, *this.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue  # it ended while we counted; its parent has its time
        total += times.user + times.system + times.children_user + times.children_system
    return total


@dataclass
class Rounds:
    """What each contestant reached in each round."""

    noise: float
    reached: dict[str, list[float]] = field(default_factory=dict)

    def figure(
        self, name: str, unit: str, ours: str, reference: str, goal: float | None, *, less_is_better: bool = False
    ) -> Figure:
        mine, theirs = self.reached[ours], self.reached[reference]
        ratio = median(a / b for a, b in zip(mine, theirs, strict=True))
        met = None if goal is None else (ratio <= goal if less_is_better else ratio >= goal)
        return Figure(
            name, median(mine), unit, reference, median(theirs), ratio, goal, met, len(mine), round(self.noise, 2)
        )


async def paired(contestants: Mapping[str, Contestant], *, rounds: int = 3, within: float = 60) -> Rounds:
    """Run all contestants in turn, round after round; no new round begins once `within` seconds are over."""
    noise, result = Noise(), Rounds(0, {name: [] for name in contestants})
    until = time.monotonic() + within
    for _ in range(rounds):
        for name, contestant in contestants.items():
            result.reached[name].append(await contestant())
        if time.monotonic() > until:
            break
    result.noise = noise.cores()
    return result


async def repeatedly(callers: int, seconds: float, once: Callable[[], Awaitable[object]]) -> float:
    """How often a second `once` ends, when so many callers repeat it side by side."""
    end, done = time.perf_counter() + seconds, 0

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await once()
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return done / (time.perf_counter() - began)
