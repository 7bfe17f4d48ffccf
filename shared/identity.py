"""Who is calling: OIDC bearer tokens, verified against the issuer's keys.

Algorithms are allowed by list, keys are chosen by `kid`, and issuer, audience and times are checked against the
machine's clock (never the movable one). Development has an issuer of its own, `LocalIssuer`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from shared.errors import ConfigInvalid, Forbidden, Refused

ALGORITHMS = ["ES256"]
LEEWAY = 60  # seconds between our clock and the issuer's


class TokenInvalid(Refused):
    """The bearer token is missing or not valid here.

    Get a new one from the issuer and send it as Authorization: Bearer.
    """

    kind = "unauthenticated"


@dataclass(frozen=True)
class Principal:
    """The caller: a pseudonym or a machine's name, and what it may act as."""

    id: str
    roles: frozenset[str]
    org: str = "default"

    def must_be(self, *roles: str) -> None:
        """Raises `Forbidden` unless the caller has one of these roles (`admin` has all)."""
        if not self.roles.intersection((*roles, "admin")):
            raise Forbidden(f"this needs the role {' or '.join(roles)}")


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
        except (JoseError, ValueError) as error:
            raise TokenInvalid(str(error)) from error
        claims: dict[str, Any] = decoded.claims
        return Principal(str(claims["sub"]), frozenset(claims.get("roles", ())), str(claims.get("org", "default")))


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

    def token(self, subject: str, roles: Sequence[str], *, org: str = "default", hours: float = 24) -> str:
        """A signed token for this caller."""
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "iat": now,
            "exp": now + int(hours * 3600),
            "roles": list(roles),
            "org": org,
        }
        return jwt.encode({"alg": "ES256", "kid": self._key.kid, "typ": "at+jwt"}, claims, self._key)
