"""`python -m scenario day | run`: play one day through the whole system, to check it or to look around in it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType

from shared.embedded.errors import InfraError

CHECKED, DIFFERENT, TROUBLE, INTERRUPTED = 0, 1, 1, 130


def main() -> int:
    options = _options().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell ignores SIGINT for what it starts in the background
        signal.signal(number, _interrupt)
    if options.scale != 1:
        print(f"SCALE={options.scale} is not carried yet: one day has one union. Leave SCALE out.", file=sys.stderr)
        return TROUBLE
    try:
        from scenario import verbs  # slow, and not needed to say what is wrong above

        return verbs.day(options) if options.verb == "day" else verbs.run(options)
    except InfraError as error:
        print(error, file=sys.stderr)
        return TROUBLE
    except KeyboardInterrupt:
        print("Stopped before the end.", file=sys.stderr)
        return INTERRUPTED


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scenario", description="One day of the whole system")
    verbs = parser.add_subparsers(dest="verb", required=True)
    running = verbs.add_parser("run", help="start everything, play the day once, then serve until Ctrl-C")
    checking = verbs.add_parser("day", help="play the day in a fresh instance, check every figure, and leave nothing")
    for verb, instance in ((running, "default"), (checking, "day")):
        verb.add_argument("--instance", default=os.environ.get("INSTANCE") or instance, help="whose data and ports")
        verb.add_argument("--seed", type=int, default=1, help="draws ids, doors and who comes first")
        verb.add_argument("--scale", type=int, default=1, help="copies of the day; only 1 for now")
    checking.add_argument("--keep", action="store_true", help="keep the instance's folder")
    checking.add_argument("--kill", metavar="SERVICE", help="SIGKILL this service once in the middle")
    return parser


if __name__ == "__main__":
    sys.exit(main())
