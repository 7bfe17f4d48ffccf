"""What was once stored is read by today's code, and what is stored today has a sample."""

from __future__ import annotations

import json

import pytest
import rfc8785

from tests.contracts.stored import SAMPLES, Stored, stored_classes

STORED = {stored.name: stored for stored in stored_classes()}
FILES = sorted(path.stem for path in SAMPLES.glob("*.json"))


def text_of(sample: str) -> str:
    return (SAMPLES / f"{sample}.json").read_text(encoding="utf-8").rstrip("\n")


def written_by(sample: str) -> tuple[Stored | None, int]:
    """The class that wrote a sample, and in which version."""
    name, version, _kind = sample.rsplit(".", 2)
    return STORED.get(name), int(version.removeprefix("v"))


def test_every_stored_class_has_its_samples() -> None:
    missing = {name for stored in STORED.values() for name in stored.samples()} - set(FILES)
    assert missing == set(), "run: python -m tests.contracts.write_samples"


def test_no_class_is_gone_that_once_was_stored() -> None:
    assert [sample for sample in FILES if written_by(sample)[0] is None] == [], "logs still hold such events"


@pytest.mark.parametrize("sample", FILES)
def test_a_sample_is_read_and_written_again_byte_for_byte(sample: str) -> None:
    stored, version = written_by(sample)
    assert stored is not None
    read = stored.decode(text_of(sample))
    if version == stored.version:  # an older version is read as what it means today, and is never written again
        assert stored.encode(read) == text_of(sample)


@pytest.mark.parametrize("sample", FILES)
def test_a_sample_is_canonical_json(sample: str) -> None:
    """RFC 8785, as its own library writes it: the hash chain and request hashes rest on these bytes."""
    assert rfc8785.dumps(json.loads(text_of(sample))).decode() == text_of(sample)


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED.keys())
def test_what_is_written_today_is_read_as_it_was(stored: Stored) -> None:
    for one in (stored.full, stored.sparse):
        assert stored.decode(stored.encode(one)) == one
