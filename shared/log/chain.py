"""The hash chain of the log: `chain = sha256(previous chain || digest of the row)`, at every position.

Digests are computed here, before the append takes its lock and again when the log is verified, so both read a row in
one way. The position itself needs no digest: it is the place in the chain.
"""

from __future__ import annotations

import hashlib

GENESIS = hashlib.sha256(b"yizhan").digest()


def digest(
    event_id: str,
    origin: str,
    category: str,
    stream: str,
    version: int | None,
    type_name: str,
    schema_version: int,
    occurred: int,
    recorded: int,
    data: str,
    meta: str,
) -> bytes:
    """The digest of one row; times are microseconds since 1970.

    No field but data and meta may hold a control character, and canonical JSON holds none: the separator is never
    ambiguous.
    """
    numbers = f"{'' if version is None else version}\x1f{type_name}\x1f{schema_version}\x1f{occurred}\x1f{recorded}"
    row = f"{event_id}\x1f{origin}\x1f{category}\x1f{stream}\x1f{numbers}\x1f{data}\x1f{meta}"
    return hashlib.sha256(row.encode()).digest()


def link(chain: bytes, row: bytes) -> bytes:
    """The chain after a row of this digest."""
    return hashlib.sha256(chain + row).digest()
