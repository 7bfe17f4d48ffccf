"""Kafka's jars: pinned by version and checksum, fetched once a user, verified at every start.

`kafka_jars.json` is the whole closure, so nothing is resolved when it is fetched: what runs is what was committed.
`pin` makes that file anew, for a new version of Kafka.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import requests
from filelock import FileLock
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from shared.embedded.errors import InfraError

if TYPE_CHECKING:
    from collections.abc import Callable

PINS = Path(__file__).with_name("kafka_jars.json")
FETCHERS = 4
SAY_EVERY = 12  # jars
NETWORK_TIMEOUT = 30  # seconds without a byte
SAME_FETCH_TIMEOUT = 600  # seconds; another run may be fetching the same over a slow line


@dataclass(frozen=True)
class Pin:
    coordinate: str  # group:artifact:version
    sha256: str

    @property
    def file_name(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


@dataclass(frozen=True)
class Pins:
    kafka: str
    jars: tuple[Pin, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256("".join(jar.sha256 for jar in self.jars).encode()).hexdigest()[:12]


def pinned() -> Pins:
    content = json.loads(PINS.read_text(encoding="utf-8"))
    return Pins(content["kafka"], tuple(Pin(name, digest) for name, digest in content["jars"].items()))


def cache_folder() -> Path:
    """One folder a version; YIZHAN_CACHE moves it, for a CI that keeps a folder between runs."""
    root = Path(os.environ.get("YIZHAN_CACHE") or platformdirs.user_cache_path("yizhan"))
    pins = pinned()
    return root / f"kafka-{pins.kafka}-{pins.digest}"


def jars(say: Callable[[str], None]) -> Path:
    """The folder of the verified jars."""
    folder = cache_folder() / "jars"
    if folder.is_dir() and not _strangers(folder) and not _missing(folder, lambda line: None):
        return folder  # nothing is written, so a cache that came with an image may be read-only
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / "fetch.lock", timeout=SAME_FETCH_TIMEOUT):
            _complete(folder, say)
    except OSError as error:
        raise InfraError(
            f"Kafka's jars cannot be kept in {folder}: {error}",
            "make room, or name a folder that can be written to: YIZHAN_CACHE=<folder>",
        ) from error
    return folder


def _complete(folder: Path, say: Callable[[str], None]) -> None:
    for stranger in _strangers(folder):
        (folder / stranger).unlink()  # everything that lies here would be on the class path
    if missing := _missing(folder, say):
        _fetch(missing, folder, say)


def _strangers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {jar.file_name for jar in pinned().jars}


def _missing(folder: Path, say: Callable[[str], None]) -> list[Pin]:
    missing = []
    for jar in pinned().jars:
        path = folder / jar.file_name
        if not path.exists():
            missing.append(jar)
        elif _digest(path) != jar.sha256:
            say(f"{path} is not what was pinned; it is fetched again.")
            missing.append(jar)
    return missing


def _fetch(missing: list[Pin], folder: Path, say: Callable[[str], None]) -> None:
    say(f"Fetching Apache Kafka {pinned().kafka}: {len(missing)} jars into {folder}, once.")
    size = 0
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="incoming-") as incoming:
        context = maven(Path(incoming))
        with ThreadPoolExecutor(FETCHERS) as fetchers:
            arriving = fetchers.map(lambda jar: _fetch_one(context, jar), missing)
            for count, (jar, path) in enumerate(zip(missing, arriving, strict=True), start=1):
                size += path.stat().st_size
                path.replace(folder / jar.file_name)  # whole and verified, or not there at all
                if count % SAY_EVERY == 0 or count == len(missing):
                    say(f"  {count} of {len(missing)} jars, {size / 1e6:.0f} MB")


def _fetch_one(context: MavenContext, jar: Pin) -> Path:
    try:
        path = context.create_dependency(jar.coordinate).artifact.resolve()
    except (requests.RequestException, RuntimeError) as error:
        raise InfraError(
            f"{jar.coordinate} cannot be fetched: {error}",
            "check the network (HTTPS_PROXY, or a mirror under [repositories] in jgo's settings), or bring your own "
            "servers: KAFKA_URL and POSTGRES_URL",
        ) from error
    if (found := _digest(path)) != jar.sha256:
        raise InfraError(
            f"{jar.coordinate} was fetched, but is not what was pinned: sha256 {found} instead of {jar.sha256}.",
            "somebody between here and the repository changes files; ask who runs the network or the mirror",
        )
    return path


def maven(local: Path) -> MavenContext:
    """The user's mirrors first: with checksums pinned here it does not matter who serves the bytes."""
    repositories = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    return MavenContext(repo_cache=local, remote_repos=repositories, timeout=NETWORK_TIMEOUT)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pin(version: str) -> Pins:
    """Resolve a version of Kafka and write its closure down. Look at the difference before committing it."""
    with tempfile.TemporaryDirectory() as local:
        context = maven(Path(local))
        inputs, others = context.resolver.resolve([context.create_dependency(f"org.apache.kafka:kafka_2.13:{version}")])
        artifacts = [found.artifact for found in [*inputs, *others] if found.scope in (None, "compile", "runtime")]
        log4j = next(found.version for found in artifacts if found.artifactId == "log4j-core")
        # Kafka logs through slf4j and leaves it to its distribution to bring the bridge. Resolved together with Kafka,
        # the bridge's own table of versions would win over Kafka's.
        bridge = context.create_dependency(f"org.apache.logging.log4j:log4j-slf4j-impl:{log4j}")
        artifacts.append(bridge.artifact)
        digests = {
            f"{found.groupId}:{found.artifactId}:{found.version}": _digest(found.resolve()) for found in artifacts
        }
    PINS.write_text(json.dumps({"kafka": version, "jars": dict(sorted(digests.items()))}, indent=2) + "\n")
    return pinned()
