"""Named places at which a test may kill the process, so that a crash there is proved harmless.

`YIZHAN_FAILPOINT=relay.after_send:3` kills this process with SIGKILL the third time it comes there. Without it `hit`
does nothing. Refused in production.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from shared.errors import ConfigInvalid

POINTS = (
    "committer.before_append",  # decided, nothing written
    "committer.after_append",  # written, nobody answered
    "ingest.before_store",  # a page is decoded, nothing written
    "ingest.after_store",  # a page is in the log, Kafka does not know
    "projection.before_commit",  # rows and position written, not committed
    "projection.before_switch",  # a new version stands where the live one does, which is not committed
    "rebuild.before_page",  # rows of a rebuild and how far it is are written, not committed
    "rebuild.before_switch",  # the live rows are as rebuilt, not committed
    "rebuild.after_switch",  # and committed, nothing else done
    "policy.after_commands",  # commands have outcomes, the position has not moved
    "replay.after_page",  # a page of what was parked is done and gone, the rest of its stream still waits
    "relay.after_send",  # records are acknowledged, the position has not moved
    "timer.after_fire",  # due commands have outcomes, the timer table does not know
)


def _nothing(point: str) -> None:
    """No failpoint is set."""


hit: Callable[[str], None] = _nothing


def arm(setting: str | None, *, production: bool) -> None:
    """Set the failpoint that the setting names. Raises `ConfigInvalid` for an unknown one, and in production."""
    global hit
    if setting is None:
        return
    name, _, count = setting.partition(":")
    if production or name not in POINTS or not (count or "1").isdigit():
        raise ConfigInvalid(f"FAILPOINT: {setting!r} is refused. Only for tests: one of {', '.join(POINTS)}[:count].")
    remaining = int(count or 1)

    def kill(point: str) -> None:
        nonlocal remaining
        if point == name:
            remaining -= 1
            if remaining == 0:
                sys.stdout.write(f'{{"action": "failpoint", "message": "{name}"}}\n')
                sys.stdout.flush()
                os.kill(os.getpid(), signal.SIGKILL)

    hit = kill
