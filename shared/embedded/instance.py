"""One folder, one set of ports, one run at a time: `<root>/.yizhan/<instance>/`."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from shared.embedded.addresses import HOME
from shared.embedded.errors import InfraError
from shared.embedded.guard import end
from shared.embedded.ports import free_port, is_free
from shared.embedded.supervised import recorded_process

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ROOM_NEEDED = 1_000_000_000  # bytes; both servers write their first segments ahead
STRAY_STEPS = [("SIGINT", 15.0), ("SIGKILL", 5.0)]  # an orderly end to both kinds of server


class Instance:
    """Held by one process from `open` to `close`; the system lets go of the lock when that process dies."""

    def __init__(self, name: str, root: Path) -> None:
        if not NAME.fullmatch(name):
            raise InfraError(f"{name!r} is no name for an instance.", "use letters, digits, dot, dash, underscore")
        self.name = name
        self.folder = root.absolute() / HOME / name
        self.logs = self.folder / "logs"
        self._owner = self.folder / "owner.pid"
        self._ports = self.folder / "ports.json"
        # Not bound to the thread that took it: an application may start in one thread and stop in another.
        self._lock = FileLock(self.folder / "lock", timeout=0, thread_local=False)

    def open(self) -> None:
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            room = shutil.disk_usage(self.folder).free
            self.take()
        except OSError as error:
            raise InfraError(
                f"The folder {self.folder} cannot be used: {error}",
                "make it writable, or run in a folder that is yours",
            ) from error
        if room < ROOM_NEEDED:
            self.close()
            raise InfraError(
                f"The disk of {self.folder} has {room / 1e6:.0f} MB left; Kafka and PostgreSQL want 1,000.",
                "free some disk space",
            )
        self.end_strays()

    def close(self) -> None:
        self._lock.release()

    def take(self) -> None:
        try:
            self._lock.acquire()
        except Timeout:
            raise self._taken() from None
        self._owner.write_text(f"{os.getpid()}\n")

    def _taken(self) -> InfraError:
        try:
            owner = int(self._owner.read_text())
        except (OSError, ValueError):
            owner = 0  # it has the lock and is about to write its pid
        if owner and not psutil.pid_exists(owner):
            # Forked children share their parent's lock, and may outlive it.
            message = f"The instance {self.name!r} is still held by children of pid {owner}, which has ended."
            return InfraError(message, f"use another one, INSTANCE=other, or end them: `lsof {self._lock.lock_file}`")
        message = f"The instance {self.name!r} is already running, by pid {owner or 'unknown'}."
        return InfraError(message, f"use another one, INSTANCE=other, or stop pid {owner or 'unknown'}")

    def end_strays(self) -> None:
        """Servers of an earlier run whose parent and guard were both killed. Only those: the record is checked."""
        for record in self.folder.glob("*/server.pid"):
            if (stray := recorded_process(record)) is not None:
                end(stray.pid, STRAY_STEPS)
            record.unlink(missing_ok=True)

    def ports(self, names: list[str], say: Callable[[str], None]) -> list[int]:
        """The ports of last time, so that clients find their servers again; a port that was taken is replaced."""
        try:
            kept = json.loads(self._ports.read_text())
        except (OSError, ValueError):
            kept = {}
        for name in names:
            if name in kept and not is_free(kept[name]):
                say(f"Port {kept[name]} of {name} is taken by somebody else; a new one is chosen.")
                del kept[name]
            while kept.setdefault(name, free_port()) in [port for other, port in kept.items() if other != name]:
                del kept[name]
        self._ports.write_text(json.dumps(kept, indent=2) + "\n")
        return [kept[name] for name in names]


def names(root: Path) -> list[str]:
    home = root / HOME
    return sorted(path.name for path in home.iterdir() if path.is_dir()) if home.is_dir() else []


def clean(name: str, root: Path, force: bool = False) -> bool:
    """Remove an instance with all its data; False when there is none. A running one only when forced."""
    instance = Instance(name, root)
    if not instance.folder.is_dir():
        return False
    try:
        instance.take()
    except InfraError:
        if not force:
            raise
    instance.end_strays()  # when forced: the servers are taken away from a run, which will notice
    shutil.rmtree(instance.folder)
    instance.close()
    return True
