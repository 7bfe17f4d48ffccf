"""Who is calling: OIDC bearer tokens, verified against the issuer's keys.

Algorithms are allowed by list, keys are chosen by `kid`, and issuer, audience and times are checked against the
machine's clock (never the movable one). Development has an issuer of its own, `LocalIssuer`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from shared.errors import ConfigInvalid, Refused

ALGORITHMS = ["ES256"]
LEEWAY = 60  # seconds between our clock and the issuer's
EVERYWHERE = "*"  # a station scope without limits, for what serves all stations


class TokenInvalid(Refused):
    """The bearer token is missing or not valid here.

    Get a new one from the issuer and send it as Authorization: Bearer.
    """

    kind = "unauthenticated"


class Grant(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """A role at one station for a time, [from, to) in seconds since 1970: a station chief 一日站长 has it for a day."""

    role: str
    station: str
    since: int
    until: int

    def holds(self, role: str, station: str, now: datetime) -> bool:
        """Whether it gives this role at this station now."""
        return (self.role, self.station) == (role, station) and self.since <= now.timestamp() < self.until


@dataclass(frozen=True)
class Principal:
    """The caller: a pseudonym or a machine's name, what it may act as, and where."""

    id: str
    roles: frozenset[str]
    org: str = "default"
    stations: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()

    def serves(self, station: str) -> bool:
        """Whether this station is in the caller's scope."""
        return station in self.stations or EVERYWHERE in self.stations


NOBODY = Principal("anonymous", frozenset(), org="")  # whoever asks for what is public: of no union, with no role


class _Claims(msgspec.Struct, frozen=True):
    """What we read of a token, strictly: `"roles": "admin"` is a fault, not five roles of one letter."""

    sub: str
    roles: frozenset[str] = frozenset()
    org: str = "default"
    stations: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()


class Verifier:
    """Checks tokens of one issuer."""

    def __init__(self, keys: Path, issuer: str, audience: str) -> None:
        try:
            self._keys = KeySet.import_key_set(json.loads(keys.read_text()))
        except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
            raise ConfigInvalid(
                f"ISSUER_KEYS: {keys} is not a JWK set ({type(error).__name__}: {error}). "
                'Give a file with the issuer\'s public keys: {"keys": [...]}.'
            ) from error
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    def principal(self, authorization: str | None) -> Principal:
        """The caller named by an Authorization header. Raises `TokenInvalid`."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenInvalid("there is no bearer token")
        try:
            decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
            self._claims.validate(decoded.claims)
            claims = msgspec.convert(decoded.claims, _Claims)
        except (JoseError, ValueError) as error:
            raise TokenInvalid(str(error)) from error
        return Principal(claims.sub, claims.roles, claims.org, claims.stations, claims.grants)


class LocalIssuer:
    """Signs tokens for development with a key in a folder of its own."""

    def __init__(self, folder: Path, issuer: str = "yizhan-dev", audience: str = "yizhan") -> None:
        self._private, self.public = folder / "issuer.private.json", folder / "issuer.keys.json"
        self._issuer, self._audience = issuer, audience
        if not self._private.exists():
            folder.mkdir(parents=True, exist_ok=True)
            key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
            self.public.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
            draft = os.open(self._private, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(draft, "w") as file:
                json.dump(key.as_dict(private=True), file)
        self._key = ECKey.import_key(json.loads(self._private.read_text()))

    def token(
        self,
        subject: str,
        roles: Sequence[str],
        *,
        org: str = "default",
        stations: Iterable[str] = (),
        grants: Iterable[Grant] = (),
        hours: float = 24,
    ) -> str:
        """A signed token for this caller: roles, the stations it serves, and roles that it has for a time."""
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "iat": now,
            "exp": now + int(hours * 3600),
            "roles": list(roles),
            "org": org,
            "stations": list(stations),
            "grants": [msgspec.to_builtins(grant) for grant in grants],
        }
        return self.sign(claims)

    def sign(self, claims: dict[str, object]) -> str:
        """A token with exactly these claims, good or bad."""
        return jwt.encode({"alg": "ES256", "kid": self._key.kid, "typ": "at+jwt"}, claims, self._key)
