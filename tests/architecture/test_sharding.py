import argparse

import pytest

from tests.sharding import Shard, files_of, parse_shard

FILES = [f"tests/points/test_{number}.py" for number in range(20)]


def test_every_file_is_in_exactly_one_shard() -> None:
    shards = [files_of(Shard(number, 3), FILES) for number in (1, 2, 3)]
    assert sorted(file for shard in shards for file in shard) == sorted(FILES)


def test_shards_are_equally_long() -> None:
    assert {len(files_of(Shard(number, 3), FILES)) for number in (1, 2, 3)} == {6, 7}


def test_the_order_of_collection_moves_no_file() -> None:
    assert files_of(Shard(2, 3), FILES) == files_of(Shard(2, 3), reversed(FILES))


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "a/b", "-1/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no shard"):
        parse_shard(text)


def test_a_shard_is_read_as_it_is_written() -> None:
    assert parse_shard("2/3") == Shard(number=2, of=3)
