"""`pytest -p tests.sharding --shard 2/3` runs the second third of the test files.

Files are ranked by a hash of their path and dealt out like cards: the same tree is cut alike on every machine, shards
are equally long, and neighbours (often equally slow) are spread. A file is never cut, so its fixtures start once.
"""

import argparse
from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

import pytest


class Shard(NamedTuple):
    number: int
    of: int


def parse_shard(text: str) -> Shard:
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise argparse.ArgumentTypeError(f"{text!r} is no shard. Write 1/3, 2/3 or 3/3.")
    return Shard(int(number), int(of))


def files_of(shard: Shard, files: Iterable[str]) -> set[str]:
    ranked = sorted(set(files), key=lambda file: (crc32(file.encode()), file))
    return set(ranked[shard.number - 1 :: shard.of])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shard", type=parse_shard, default=Shard(1, 1), help="run one share of the test files: i/n")


# Last, when `-m` and `-k` have spoken: the shards share out what is really run.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def file_of(item: pytest.Item) -> str:
        return item.nodeid.partition("::")[0]

    mine = files_of(config.getoption("--shard"), map(file_of, items))
    others = [item for item in items if file_of(item) not in mine]
    items[:] = [item for item in items if file_of(item) in mine]
    if others:
        config.hook.pytest_deselected(items=others)


def pytest_report_header(config: pytest.Config) -> str:
    shard: Shard = config.getoption("--shard")
    return f"shard: {shard.number} of {shard.of}"
