"""The member code 会员码 that an app shows and a gate reads (CK7): `<member>.<key>.<step>.<mac>`.

Gates and server go by this one file (E5): a gate that has lost its network checks as the server does. It changes every
half minute, and only who has the secret can make it (E13): the mac is an HMAC under a key of its own for each member
and key id, so nothing that is recorded lets anybody make a code. Pure: secrets and time are given.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from .device_time import Moment
from .refusals import CodeExpired, CodeUnknown
from .values import CLOCK_TOLERANCE, CODE_MAC_BYTES, CODE_STEP, CODE_WINDOW

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP_DIGITS = 12

Secrets: TypeAlias = Sequence[bytes]  # newest first: the first makes codes, all of them open those that are shown


class MemberCode(NamedTuple):
    """What a code says, once its signature is right."""

    member_id: str
    key_id: str
    step: int

    @property
    def shown_from(self) -> datetime:
        return EPOCH + self.step * CODE_STEP

    @property
    def shown_until(self) -> datetime:
        """When the app shows the next one; gates accept this one a little longer."""
        return EPOCH + (self.step + 1) * CODE_STEP


def step_of(moment: datetime) -> int:
    return (moment - EPOCH) // CODE_STEP


def make(member_id: str, key_id: str, secrets: Secrets, now: datetime) -> str:
    """The code that this member's app shows now."""
    code = MemberCode(member_id, key_id, step_of(now))
    return f"{_signed(code)}.{_mac(code, secrets[0])}"


def check(text: str, secrets: Secrets, now: datetime, slack: int = 0) -> MemberCode:
    """The code that this text is. `slack`: how many steps more the clock that says `now` may be wrong, either way.

    Raises `CodeUnknown` when nobody who has a secret made it, `CodeExpired` when it is of another time.
    """
    code = _verified(text, secrets)
    if not _is_of(code, now, slack):
        raise CodeExpired(field="code")
    return code


def _verified(text: str, secrets: Secrets) -> MemberCode:
    code, mac = _parsed(text)
    # Compared in constant time, so that nobody learns how near a guess was.
    if not any(hmac.compare_digest(_mac(code, secret), mac) for secret in secrets):
        raise CodeUnknown("the code's signature is not ours", field="code")
    return code


def _is_of(code: MemberCode, now: datetime, slack: int) -> bool:
    return abs(code.step - step_of(now)) <= CODE_WINDOW + slack


def _parsed(text: str) -> tuple[MemberCode, str]:
    """Member ids may hold dots, so it is read from the end."""
    parts = text.rsplit(".", 3)
    if len(parts) < 4 or not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) <= _STEP_DIGITS):
        raise CodeUnknown("this is no member code", field="code")
    member_id, key_id, step, mac = parts
    if step != str(int(step)) or not mac.isascii():
        raise CodeUnknown("this is no member code", field="code")
    return MemberCode(member_id, key_id, int(step)), mac


def _signed(code: MemberCode) -> str:
    return f"{code.member_id}.{code.key_id}.{code.step}"


def _mac(code: MemberCode, secret: bytes) -> str:
    key = hmac.digest(secret, f"yizhan member code\x00{code.member_id}\x00{code.key_id}".encode(), "sha256")
    mac = hmac.digest(key, _signed(code).encode(), "sha256")[:CODE_MAC_BYTES]
    return base64.b32encode(mac).decode().rstrip("=")


class ShownCode(msgspec.Struct, frozen=True):
    """A code as a gate has read it, after its signature and step were checked: which it is, or what is wrong."""

    ref: str = ""  # key and step, as in `3f9a1c20.58971360`: tells one code from another, and opens nothing
    key_id: str = ""
    fault: Literal["unknown", "expired"] | None = None


def shown(text: str, member_id: str, secrets: Secrets, moment: Moment) -> ShownCode:
    """What the server makes of a code that a gate has read.

    A gate that was offline has gone by a clock that may be wrong by what K4 tolerates without correcting it.
    """
    slack = CLOCK_TOLERANCE // CODE_STEP if moment.offline else 0
    try:
        code = _verified(text, secrets)
    except CodeUnknown:
        return ShownCode(fault="unknown")
    if code.member_id != member_id:
        return ShownCode(fault="unknown")  # somebody else's
    expired = not _is_of(code, moment.at, slack)
    return ShownCode(f"{code.key_id}.{code.step}", code.key_id, "expired" if expired else None)
