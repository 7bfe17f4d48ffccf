"""One clock for every rule and deadline, so that a test or a scenario can move it.

`system` is the machine's time. `file:<path>` reads one small file, shared by every process and kept across restarts:
either `fixed 2026-01-23T05:35:00+08:00`, or `offset -12345.5` (seconds added to the machine's time, running on).
Tokens, time-outs and back-off never use this clock: they always use the machine's time.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol

from shared.errors import ConfigInvalid

CHINA = timezone(timedelta(hours=8), "UTC+8")  # K1: one zone, no daylight saving


def by_our_clock(
    device_at: datetime, sent_at: datetime, received_at: datetime, tolerance: timedelta
) -> tuple[datetime, bool]:
    """K4: when something happened that a device told by its own clock, and whether that clock was corrected.

    How wrong it is shows when it sends. Nothing happens after we were told.
    """
    offset = received_at - sent_at  # how far the device's clock is behind ours
    corrected = abs(offset) > tolerance
    return min(device_at + offset if corrected else device_at, received_at), corrected


class Clock(Protocol):
    """Tells the time that rules go by."""

    def now(self) -> datetime: ...

    def at(self, machine_time: datetime) -> datetime:
        """What this clock showed when the machine's (or the broker's) time was this."""
        ...


class SystemClock:
    """The machine's time, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def at(self, machine_time: datetime) -> datetime:
        return machine_time


class FileClock:
    """A time that development and tests set for all processes at once, by writing one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] = (0, 0)
        self._fixed: datetime | None = None
        self._offset = timedelta(0)
        self._load()

    def now(self) -> datetime:
        return self.at(datetime.now(UTC))

    def at(self, machine_time: datetime) -> datetime:
        stat = os.stat(self.path)
        if (stat.st_ino, stat.st_mtime_ns) != self._seen:
            self._load()
        return self._fixed if self._fixed is not None else machine_time + self._offset

    @property
    def stands(self) -> bool:
        """Whether it is stopped at a moment."""
        return self._fixed is not None

    @classmethod
    def stopped(cls, path: Path, moment: datetime) -> FileClock:
        """The clock of this file, stopped at this moment, also when the file cannot be read as a clock."""
        _write(path, f"fixed {moment.isoformat()}")
        return cls(path)

    def set(self, moment: datetime) -> None:
        """Stop the clock at this moment."""
        self._write(f"fixed {moment.isoformat()}")

    def run_from(self, moment: datetime) -> None:
        """Let the clock run on from this moment."""
        self._write(f"offset {(moment - datetime.now(UTC)).total_seconds()}")

    def _write(self, line: str) -> None:
        _write(self.path, line)
        self._load()

    def _load(self) -> None:
        try:
            stat = os.stat(self.path)
            word, _, value = self.path.read_text().strip().partition(" ")
            if word == "fixed":
                moment = datetime.fromisoformat(value)
                if moment.tzinfo is None:
                    raise ValueError("the time has no offset")
                self._fixed, self._offset = moment.astimezone(UTC), timedelta(0)
            elif word == "offset":
                self._fixed, self._offset = None, timedelta(seconds=float(value))
            else:
                raise ValueError(f"it begins with {word!r}")
        except (OSError, ValueError, OverflowError) as error:
            raise ConfigInvalid(
                f"CLOCK: {self.path} cannot be read as a clock ({error}). "
                "It must hold one line: 'fixed <ISO time with offset>' or 'offset <seconds>'."
            ) from error
        self._seen = (stat.st_ino, stat.st_mtime_ns)


def _write(path: Path, line: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(line + "\n")
    draft.replace(path)  # whole or not at all: other processes read it at any moment


def clock_for(setting: str, *, production: bool) -> Clock:
    """The clock a setting names: `system` or `file:<path>`. A file clock is refused in production."""
    if setting == "system":
        return SystemClock()
    scheme, _, path = setting.partition(":")
    if scheme != "file" or not path:
        raise ConfigInvalid(f"CLOCK: {setting!r} is not a clock. Use 'system' or 'file:<path>'.")
    if production:
        raise ConfigInvalid("CLOCK: a file clock moves deadlines and is refused when ENV=prod. Use 'system'.")
    return FileClock(Path(path))
