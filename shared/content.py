"""Bytes that must be erasable or must not be shown: encrypted in the database, each subject under a key of its own.

Keys are wrapped by one key from outside the database. To erase a subject is to delete its key and rows.
"""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.database import Connection
from shared.errors import ConfigInvalid, NotFound

NONCE = 12  # bytes, as AES-GCM wants them

KEY = "select key_id, wrapped from content_key where subject = %s order by key_id limit 1"
NEW_KEY = "insert into content_key (key_id, subject, wrapped) values (%s, %s, %s) on conflict do nothing"
STORE = """insert into content (ref, subject, key_id, nonce, ciphertext, created_at)
  values (%s, %s, %s, %s, %s, clock_timestamp()) on conflict (ref) do nothing"""
FETCH = """select c.nonce, c.ciphertext, c.subject, k.key_id, k.wrapped from content c join content_key k using (key_id)
  where ref = %s"""


class Vault:
    """Encrypts and decrypts content. `wrapping_key` is 32 bytes in base64."""

    def __init__(self, wrapping_key: str) -> None:
        try:
            self._wrapper = AESGCM(base64.b64decode(wrapping_key, validate=True))
        except ValueError as error:
            raise ConfigInvalid(
                f"CONTENT_KEY: not a key ({error}). Give 16, 24 or 32 random bytes in base64."
            ) from error

    async def check(self, db: Connection) -> None:
        """Raises `ConfigInvalid` when what is kept here was written under another key."""
        row = await (await db.execute("select key_id, subject, wrapped from content_key limit 1")).fetchone()
        if row is not None:
            self._unwrap(row[0], row[1], bytes(row[2]))

    async def store(self, db: Connection, ref: str, subject: str, content: bytes) -> None:
        """Keep this content under a reference; the same reference again keeps what is there."""
        key_id, key = await self._key(db, subject)
        nonce = os.urandom(NONCE)
        ciphertext = AESGCM(key).encrypt(nonce, content, ref.encode())
        await db.execute(STORE, (ref, subject, key_id, nonce, ciphertext))

    async def fetch(self, db: Connection, ref: str) -> bytes:
        """The content under a reference. Raises `NotFound` when it was erased or never there."""
        row = await (await db.execute(FETCH, (ref,))).fetchone()
        if row is None:
            raise NotFound(f"no content under {ref}")
        nonce, ciphertext, subject, key_id, wrapped = row
        key = self._unwrap(key_id, subject, bytes(wrapped))
        return AESGCM(key).decrypt(bytes(nonce), bytes(ciphertext), ref.encode())

    async def _key(self, db: Connection, subject: str) -> tuple[str, bytes]:
        row = await (await db.execute(KEY, (subject,))).fetchone()
        if row is None:
            key, key_id = AESGCM.generate_key(256), f"{subject}/1"
            nonce = os.urandom(NONCE)
            wrapped = nonce + self._wrapper.encrypt(nonce, key, key_id.encode())
            await db.execute(NEW_KEY, (key_id, subject, wrapped))
            row = await (await db.execute(KEY, (subject,))).fetchone()  # another process may have been first
            assert row is not None
        return row[0], self._unwrap(row[0], subject, bytes(row[1]))

    def _unwrap(self, key_id: str, subject: str, wrapped: bytes) -> bytes:
        try:
            return self._wrapper.decrypt(wrapped[:NONCE], wrapped[NONCE:], key_id.encode())
        except InvalidTag:
            raise ConfigInvalid(
                f"CONTENT_KEY: it does not open the key of {subject}. "
                "Start with the key that the content was written under."
            ) from None
