"""Given/when/then over a service's handlers: pure, no database, no clock.

    def test_the_same_patrol_is_paid_once(given):
        given(on(ACCOUNT, "V1", patrol_paid)).when(PayPatrol(...)).then_nothing()

A scenario that ends without a `then` fails by itself: a test that checks nothing is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.decider import Change, Command, Decider, DomainEvent, Handlers
from shared.errors import Refused


def on(decider: Decider[Any, Any, Any], entity: str, *events: DomainEvent) -> Change:
    """These events on this entity's stream: as a past in `given`, as an expectation in `then`."""
    return Change(decider, entity, list(events))


class Scenario:
    """One past, one command, one outcome."""

    def __init__(self, handlers: Handlers, past: tuple[Change, ...]) -> None:
        self._handlers = handlers
        self._events: dict[str, list[DomainEvent]] = {}
        for change in past:
            self._events.setdefault(change.decider.stream(change.entity), []).extend(change.events)
        self._outcome: dict[str, list[DomainEvent]] | Refused | None = None
        self.checked = False

    def when(self, command: Command) -> Scenario:
        if self._outcome is not None:
            self._keep()
        try:
            self._outcome = _by_stream(self._handlers.handle(command, self._read))
        except Refused as refusal:
            self._outcome = refusal
        self.checked = False
        return self

    def then(self, *expected: Change) -> Scenario:
        """Exactly these events on these streams, in this order, and nothing else."""
        self._check()
        if isinstance(self._outcome, Refused):
            raise AssertionError(f"refused with {self._outcome.code}: {self._outcome}") from self._outcome
        assert self._outcome == _by_stream(expected)
        return self

    def then_nothing(self) -> Scenario:
        return self.then()

    def then_refused(self, refusal: type[Refused], *recorded: Change) -> Scenario:
        """Refused with this class, leaving exactly these events in the log (none by default)."""
        self._check()
        assert isinstance(self._outcome, Refused), f"expected {refusal.code}, but it was done: {self._outcome}"
        assert type(self._outcome) is refusal, f"expected {refusal.code}, got {self._outcome.code}: {self._outcome}"
        assert _by_stream(self._outcome.record) == _by_stream(recorded)
        return self

    @property
    def refusal(self) -> Refused:
        """What it was refused with, for a look at the field and the detail."""
        self._check()
        assert isinstance(self._outcome, Refused), self._outcome
        return self._outcome

    @property
    def events(self) -> dict[str, list[DomainEvent]]:
        """What was decided, for a look at single fields."""
        self._check()
        assert isinstance(self._outcome, dict), self._outcome
        return self._outcome

    def _check(self) -> None:
        assert self._outcome is not None, "nothing was done yet: call when(command) first"
        self.checked = True

    def _keep(self) -> None:
        """A second `when` builds on what the first one decided."""
        changes = self._outcome.record if isinstance(self._outcome, Refused) else ()
        done = _by_stream(changes) if isinstance(self._outcome, Refused) else self._outcome or {}
        for stream, events in done.items():
            self._events.setdefault(stream, []).extend(events)
        self.checked = True

    def _read(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        return decider.fold(self._events.get(decider.stream(entity), []))


def _by_stream(changes: Any) -> dict[str, list[DomainEvent]]:
    streams: dict[str, list[DomainEvent]] = {}
    for decider, entity, events in changes:
        if events:
            streams.setdefault(decider.stream(entity), []).extend(events)
    return streams


class Given:
    """Starts scenarios and, at the end of the test, refuses those without a `then`."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._started: list[Scenario] = []

    def __call__(self, *past: Change) -> Scenario:
        scenario = Scenario(self._handlers, past)
        self._started.append(scenario)
        return scenario

    def close(self) -> None:
        assert all(s.checked for s in self._started), "a scenario ended without a then: it checks nothing"


@contextmanager
def scenarios(handlers: Handlers) -> Iterator[Given]:
    """The body of a service's `given` fixture."""
    given = Given(handlers)
    yield given
    given.close()
