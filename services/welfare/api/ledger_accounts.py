"""Numbers of bank accounts: content, sealed for one ledger, so that they can be erased with it. No event has them.

A part's numbers are one piece of content, by row: sealing each by itself would take longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from shared.content import Kept
from shared.content_api import TEXT
from shared.database import Connection
from shared.errors import NotFound
from shared.log.codec import derived_id
from shared.web import Caller

from .ledger_cells import clean

NUMBERS = "application/vnd.yizhan.accounts+json"  # of a part

_read = msgspec.json.Decoder(dict[int, str]).decode


class Sealed(NamedTuple):
    """Where numbers are kept, and what tells one content from another without telling it."""

    ref: str
    hmac: str


async def seal(call: Caller, ledger_id: str, numbers: Mapping[int, str]) -> Sealed:
    """Keep a part's numbers. The same command has the same content; it is sealed before its rows are decided."""
    return await _store(call, ledger_id, msgspec.json.encode(numbers), NUMBERS)


async def seal_one(call: Caller, ledger_id: str, number: str) -> Sealed:
    """Keep one number."""
    return await _store(call, ledger_id, number.encode(), TEXT)


async def _store(call: Caller, ledger_id: str, content: bytes, media_type: str) -> Sealed:
    ref = derived_id("ledger account", call.command_id())
    author = call.principal.id
    async with call.api.database.borrowed() as db:
        kept = await call.api.vault.store(db, ref, subject_of(ledger_id), content, media_type=media_type, author=author)
    return Sealed(ref, kept.hmac)


def subject_of(ledger_id: str) -> str:
    """Whom the content of a ledger is about: what is erased together."""
    return f"ledger:{ledger_id}"


class Accounts:
    """Numbers by reference and row. Each content is opened once."""

    def __init__(self, call: Caller, db: Connection) -> None:
        self._vault, self._db = call.api.vault, db
        self._opened: dict[str, str | dict[int, str]] = {}

    async def number(self, ref: str, row: int) -> str | None:
        """None when it is not there or no number. Raises `ContentErased`."""
        if ref not in self._opened:
            self._opened[ref] = await self._open(ref)
        found = self._opened[ref]
        return found.get(row) if isinstance(found, dict) else found or None

    async def _open(self, ref: str) -> str | dict[int, str]:
        try:
            kept: Kept = await self._vault.read(self._db, ref)
        except NotFound:
            return ""
        if kept.media_type == NUMBERS:
            return _read(kept.content)
        return clean(kept.content.decode(errors="replace")) if kept.media_type == TEXT else ""
