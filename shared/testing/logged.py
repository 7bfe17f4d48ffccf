"""Errors that our code logs while a test runs: each is either part of the test or a failure of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

OURS = ("shared", "services", "asyncio")


class ErrorLog(logging.Handler):
    """Remembers errors that our code has logged, by `action`, or by logger where a line has no action."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[logging.LogRecord] = []
        self._expected: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record)

    def expect(self, *actions: str) -> None:
        """These errors are part of the test."""
        self._expected.update(actions)

    def unexpected(self) -> list[str]:
        return [
            record.getMessage() for record in self.seen if getattr(record, "action", record.name) not in self._expected
        ]


@contextmanager
def errors_logged() -> Iterator[ErrorLog]:
    """Collects what our code logs at ERROR or above."""
    log = ErrorLog()
    loggers = [logging.getLogger(name) for name in OURS]
    for logger in loggers:
        logger.addHandler(log)
    try:
        yield log
    finally:
        for logger in loggers:
            logger.removeHandler(log)
