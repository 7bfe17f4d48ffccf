"""The guard of one server: `python -P guard.py SPEC`, run as a script; it imports nothing of the project.

It holds the reading end of a pipe whose writing end the parent holds. When the parent closes it, or is gone without a
word (SIGKILL), the guard ends the server in an orderly way, so data is flushed and no process is left behind. It lives
in a session of its own: Ctrl-C in the terminal reaches the parent, and only the parent decides.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

POLL = 0.5  # seconds; only for the parent's death while a forked child of it still holds the pipe open
ASKED_TO_STOP = (signal.SIGTERM, signal.SIGHUP)


def main(spec: dict[str, Any]) -> int:
    wake, poke = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(poke, False)
    signal.set_wakeup_fd(poke, warn_on_full_buffer=False)
    asked: list[int] = []
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the thread that started us may have blocked some
    for number in ASKED_TO_STOP:
        signal.signal(number, lambda received, _frame: asked.append(received))
    signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the select below
    parent = os.getppid()
    server = subprocess.Popen(spec["command"], stdin=subprocess.DEVNULL, cwd=spec["cwd"])
    pid_file = Path(spec["pid_file"])
    write_pid(pid_file, server.pid)
    while server.poll() is None and not asked and os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin.fileno(), wake], [], [], POLL)
        if wake in readable:
            os.read(wake, 4096)
        if sys.stdin.fileno() in readable and not os.read(sys.stdin.fileno(), 1):
            break
    end(server.pid, spec["stop"])
    pid_file.unlink(missing_ok=True)
    return server.wait()


def write_pid(path: Path, pid: int) -> None:
    """Pids are used again by the system; with the time of birth the record means this process and no other."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{pid} {psutil.Process(pid).create_time()}\n")
    fresh.replace(path)


def end(pid: int, steps: list[tuple[str, float]]) -> None:
    """Send each signal in turn and give it its time; a paused server is woken first, or it would never hear."""
    try:
        server = psutil.Process(pid)
        family = [server, *server.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        _send(process, signal.SIGCONT)
    for name, seconds in steps:
        _send(server, signal.Signals[name])
        if _gone(server, seconds):
            break
    for process in family:  # what outlives its server (a database's workers after a SIGKILL) would block the next start
        _send(process, signal.SIGKILL)
    psutil.wait_procs(family, timeout=5)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _gone(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
