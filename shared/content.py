"""Bytes that must be erasable or must not be shown: encrypted in the database, each subject under a key of its own.

Keys are wrapped by a key from outside the database, `CONTENT_KEY`: a list, newest first. New keys are wrapped by the
first of them, the others only open what they wrapped. To erase a subject is to delete its key and rows: see erasing.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.database import Connection
from shared.errors import ConfigInvalid, IdempotencyKeyReused, NotFound, Refused

NONCE = 12  # bytes, as AES-GCM wants them
REWRAPPED_AT_ONCE = 500

KEY = "select key_id, subject, wrapped, wrapped_by from content_key where subject = %s"
NEW_KEY = """insert into content_key (key_id, subject, wrapped, wrapped_by) values (%s, %s, %s, %s)
  on conflict (subject) do nothing"""
# The key is held while its content is stored: an erasure that comes between finds both, or neither.
STORE = """with key as (select key_id from content_key where key_id = %(key_id)s for key share)
  insert into content (ref, subject, key_id, nonce, ciphertext, media_type, author, created_at)
  select %(ref)s, %(subject)s, key_id, %(nonce)s, %(ciphertext)s, %(media_type)s, %(author)s, clock_timestamp() from key
  where not exists (select from content_erased where ref = %(ref)s)
  on conflict (ref) do nothing returning ref"""
FETCH = """select c.subject, c.media_type, c.author, c.nonce, c.ciphertext, k.key_id, k.subject, k.wrapped, k.wrapped_by
  from content c left join content_key k using (key_id) where c.ref = %s"""
ERASED = "select from content_erased where ref = %s"
ABOUT = "select subject, author from content where ref = %s"
# One key for each wrapping key that is in use, found by leaps through the index, however many keys there are.
WRAPPED_BY = """with recursive used as (
    (select wrapped_by from content_key order by wrapped_by limit 1)
    union all select (select k.wrapped_by from content_key k where k.wrapped_by > used.wrapped_by
      order by k.wrapped_by limit 1) from used where used.wrapped_by is not null)
  select k.key_id, k.subject, k.wrapped, k.wrapped_by from used cross join lateral (
    select * from content_key where content_key.wrapped_by = used.wrapped_by limit 1) k"""
NEXT_KEYS = """select key_id, subject, wrapped, wrapped_by from content_key where key_id > %s
  order by key_id limit %s"""
REWRAP = "update content_key set wrapped = %s, wrapped_by = %s where key_id = %s and wrapped_by = %s"


class ContentErased(Refused):
    """This content was erased and cannot be had again. Show in its place that it is gone; do not ask again."""

    kind = "gone"


class ContentAltered(Refused):
    """What is kept here is not what was posted. Report the reference: somebody changed the content by hand."""


@dataclass(frozen=True)
class Kept:
    """Content as it is kept. Events carry `hmac` beside the reference: it tells whether this is still the same."""

    subject: str
    content: bytes
    media_type: str
    author: str
    hmac: str
    repeated: bool = False


class Vault:
    """Encrypts and decrypts content. `wrapping_keys`: 16, 24 or 32 bytes in base64 each, newest first, by commas."""

    def __init__(self, wrapping_keys: str) -> None:
        keys = [_key(text.strip(), number) for number, text in enumerate(wrapping_keys.split(","), start=1)]
        self._wrappers = {_fingerprint(key): AESGCM(key) for key in keys}
        self._newest = _fingerprint(keys[0])

    async def check(self, db: Connection) -> None:
        """Raises `ConfigInvalid` when some key here was wrapped by a key that we were not given."""
        for key_id, subject, wrapped, wrapped_by in await (await db.execute(WRAPPED_BY)).fetchall():
            self._unwrap(key_id, subject, bytes(wrapped), wrapped_by)

    async def store(
        self, db: Connection, ref: str, subject: str, content: bytes, *, media_type: str = "", author: str = ""
    ) -> Kept:
        """Keep this content under a reference. The same again is what was kept; other content under it is refused.

        Raises `ContentErased` when the reference was erased, `IdempotencyKeyReused` when it holds something else.
        """
        about = ref, subject, media_type, author
        while True:
            key_id, key = await self._key_of(db, subject)
            nonce = os.urandom(NONCE)
            ciphertext = AESGCM(key).encrypt(nonce, content, _bound(*about))
            row = {"ref": ref, "subject": subject, "media_type": media_type, "author": author}
            stored = await db.execute(STORE, {**row, "key_id": key_id, "nonce": nonce, "ciphertext": ciphertext})
            if stored.rowcount:
                return Kept(subject, content, media_type, author, _mac(key, *about, content))
            try:
                kept = await self.read(db, ref)
            except NotFound:
                continue  # the subject was erased in between: once more, under a new key
            if (kept.subject, kept.media_type, kept.content) != (subject, media_type, content):
                raise IdempotencyKeyReused("other content was posted under this key")
            return Kept(subject, content, media_type, kept.author, kept.hmac, repeated=True)

    async def fetch(self, db: Connection, ref: str) -> bytes:
        """The content under a reference. Raises as `read` does."""
        return (await self.read(db, ref)).content

    async def read(self, db: Connection, ref: str, expected: str | None = None) -> Kept:
        """What is kept under a reference; with `expected`, an event's `hmac`, only if it is that very content.

        Raises `ContentErased`, `NotFound` when nothing was ever there, `ContentAltered` when it is not what was stored.
        """
        row = await (await db.execute(FETCH, (ref,))).fetchone()
        if row is None or row[5] is None:
            if row is not None or (await (await db.execute(ERASED, (ref,))).fetchone()) is not None:
                raise ContentErased(f"the content {ref} was erased")
            raise NotFound(f"no content under {ref}")
        subject, media_type, author, nonce, ciphertext, key_id, owner, wrapped, wrapped_by = row
        key = self._unwrap(key_id, owner, bytes(wrapped), wrapped_by)
        about = ref, subject, media_type, author
        try:
            content = AESGCM(key).decrypt(bytes(nonce), bytes(ciphertext), _bound(*about))
        except InvalidTag:
            raise ContentAltered(f"the content {ref} does not decrypt") from None
        mac = _mac(key, *about, content)
        if expected is not None and not hmac.compare_digest(mac, expected):
            raise ContentAltered(f"the content {ref} is not the one that the event means", field="hmac")
        return Kept(subject, content, media_type, author, mac)

    async def rewrap(self, db: Connection) -> int:
        """Wrap every key by the newest wrapping key; answers how many were not. Can be broken off and begun again."""
        count, after = 0, ""
        while True:
            keys = await (await db.execute(NEXT_KEYS, (after, REWRAPPED_AT_ONCE))).fetchall()
            if not keys:
                return count
            after = keys[-1][0]
            for key_id, subject, wrapped, wrapped_by in keys:
                if wrapped_by != self._newest:
                    key = self._unwrap(key_id, subject, bytes(wrapped), wrapped_by)
                    done = await db.execute(REWRAP, (self._wrap(key_id, key), self._newest, key_id, wrapped_by))
                    count += done.rowcount

    async def _key_of(self, db: Connection, subject: str) -> tuple[str, bytes]:
        row = await (await db.execute(KEY, (subject,))).fetchone()
        while row is None:  # another process may be first, and an erasure right after it
            key_id = f"{subject}/{secrets.token_hex(8)}"
            wrapped = self._wrap(key_id, AESGCM.generate_key(256))
            await db.execute(NEW_KEY, (key_id, subject, wrapped, self._newest))
            row = await (await db.execute(KEY, (subject,))).fetchone()
        return row[0], self._unwrap(row[0], row[1], bytes(row[2]), row[3])

    def _wrap(self, key_id: str, key: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._wrappers[self._newest].encrypt(nonce, key, key_id.encode())

    def _unwrap(self, key_id: str, subject: str, wrapped: bytes, wrapped_by: str) -> bytes:
        for fingerprint, wrapper in self._wrappers.items():
            if wrapped_by in (fingerprint, ""):  # keys of before there were several do not say
                try:
                    return wrapper.decrypt(wrapped[:NONCE], wrapped[NONCE:], key_id.encode())
                except InvalidTag:
                    continue
        raise ConfigInvalid(
            f"CONTENT_KEY: it does not open the key of {subject}. Give the key that the content was written under, "
            "too, behind the newest."
        )


def _key(text: str, number: int) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
        AESGCM(key)
    except ValueError as error:
        place = "" if number == 1 else f" (number {number} of the list)"
        raise ConfigInvalid(
            f"CONTENT_KEY{place}: not a key ({error}). Give 16, 24 or 32 random bytes in base64."
        ) from error
    return key


def _fingerprint(key: bytes) -> str:
    """Which key it is, without telling it: the key is random and long."""
    return hashlib.sha256(b"yizhan wrapping key\x00" + key).hexdigest()[:16]


def _bound(ref: str, subject: str, media_type: str, author: str) -> bytes:
    """What the ciphertext is bound to: under another reference, subject or author it does not decrypt."""
    return "\x1f".join((ref, subject, media_type, author)).encode() if author else ref.encode()


def _mac(key: bytes, ref: str, subject: str, media_type: str, author: str, content: bytes) -> str:
    """Under a key of its own, derived from the content's; once that is erased nobody can try out texts against it."""
    mac_key = hmac.digest(key, b"yizhan content hmac", "sha256")
    return hmac.new(mac_key, _bound(ref, subject, media_type, author) + b"\x00" + content, "sha256").hexdigest()
