"""`python -m shared.embedded up | clean | pin`: the servers by hand."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from shared.embedded.errors import InfraError
from shared.embedded.infra import start
from shared.embedded.instance import clean, names
from shared.embedded.kafka_jars import pin


def main() -> int:
    options = _options().parse_args()
    try:
        match options.verb:
            case "up":
                up(options.instance)
            case "clean":
                for name in names(Path.cwd()) if options.all else [options.instance]:
                    removed = clean(name, Path.cwd(), options.force)
                    print(f"{name}: removed" if removed else f"{name}: there is none")
            case "pin":
                pins = pin(options.kafka)
                print(f"Kafka {pins.kafka}: {len(pins.jars)} jars pinned")
    except InfraError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def up(instance: str) -> None:
    """Until Ctrl-C or SIGTERM."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    with start(instance) as infra:
        print(f"KAFKA_URL={infra.kafka}\nPOSTGRES_URL={infra.postgres}\nCtrl-C stops both.", flush=True)
        asked.wait()


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared.embedded", description="Kafka and PostgreSQL by hand")
    verbs = parser.add_subparsers(dest="verb", required=True)
    default = os.environ.get("INSTANCE") or "default"
    starting = verbs.add_parser("up", help="start both, print where they are, run until Ctrl-C")
    starting.add_argument("--instance", default=default)
    cleaning = verbs.add_parser("clean", help="stop what an earlier run left and remove its data")
    cleaning.add_argument("--instance", default=default)
    cleaning.add_argument("--all", action="store_true", help="every instance below this folder")
    cleaning.add_argument("--force", action="store_true", help="also an instance that is running")
    pinning = verbs.add_parser("pin", help="write down another version of Kafka, with checksums")
    pinning.add_argument("kafka", help="the version, such as 4.1.1")
    return parser


if __name__ == "__main__":
    sys.exit(main())
