"""Settings, read once from the environment (`YIZHAN_...`) and validated at start.

A wrong one is named with its remedy.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import hmac
import os
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import ConfigInvalid

PREFIX = "YIZHAN_"
SECRET_BYTES = 32  # as many as the hash of an HMAC has


class Settings(BaseSettings):
    """What a service process needs to know. Every field is an environment variable of its name with the prefix."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    env: Literal["dev", "prod"] = Field(
        default="dev", description="prod refuses everything that only serves development."
    )
    database: str = Field(description="postgresql://user:password@host:port/name of this service's own database.")
    kafka: str = Field(
        description="Bootstrap servers, host:port[,host:port...].", pattern=r"^[^\s:,]+:\d+(,[^\s:,]+:\d+)*$"
    )
    content_key: str = Field(
        description="The key that wraps content keys: 32 random bytes in base64; or several by commas, newest first."
    )
    code_secret: SecretStr | None = Field(
        default=None,
        description="What member codes are signed with: 32 random bytes in base64; or several by commas, newest first. "
        "In development it may be left out.",
    )
    member: str | None = Field(
        default=None,
        description="A name of this replica that outlives restarts, as a StatefulSet pod's is: "
        "it then takes its partitions back at once.",
    )
    clock: str = Field(default="system", description="system, or file:<path> in development.")
    http_host: str = Field(default="127.0.0.1", description="The address to listen on.")
    http_port: int = Field(default=8080, ge=0, le=65535, description="The port to listen on.")
    issuer: str = Field(default="yizhan-dev", description="The `iss` that tokens must carry.")
    issuer_keys: str = Field(description="A file with the issuer's public keys, as a JWK set.")
    audience: str = Field(default="yizhan", description="The `aud` that tokens must carry.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp: str | None = Field(
        default=None, description="Where to push traces by OTLP over HTTP; nothing is sent without it."
    )
    failpoint: str | None = Field(default=None, description="For tests: where to kill this process.")
    database_pool: int = Field(default=8, ge=2, le=100, description="Connections for queries and read tables.")

    @field_validator("code_secret")
    @classmethod
    def _long_enough(cls, given: SecretStr | None) -> SecretStr | None:
        for number, text in enumerate(given.get_secret_value().split(",") if given else (), start=1):
            try:
                length = len(base64.b64decode(text.strip(), validate=True))
            except binascii.Error:
                length = 0
            if length < SECRET_BYTES:
                raise ValueError(f"number {number} of the list is not {SECRET_BYTES} or more bytes in base64")
        return given

    @property
    def production(self) -> bool:
        return self.env == "prod"

    @property
    def code_secrets(self) -> tuple[bytes, ...]:
        """What member codes are signed with, newest first. In development one follows from the content key."""
        if self.code_secret is not None:
            return tuple(base64.b64decode(text) for text in self.code_secret.get_secret_value().split(","))
        if self.production:
            return ()
        return (hmac.digest(self.content_key.encode(), b"yizhan member codes of development", "sha256"),)

    def require(self, *names: str) -> None:
        """In production these have no default. Raises `ConfigInvalid`."""
        missing = [name for name in names if self.production and getattr(self, name) is None]
        if missing:
            said = [f"{PREFIX}{name.upper()}: required when ENV=prod. {self.meaning(name)}" for name in missing]
            raise ConfigInvalid("\n".join(said))

    @classmethod
    def meaning(cls, name: str) -> str:
        return cls.model_fields[name].description or ""


NOT_OURS = {f"{PREFIX}CACHE"}  # where the embedded servers keep Kafka's jars: inherited by services beside them


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises `ConfigInvalid` naming every setting that is wrong, missing or unknown."""
    given = {key: value for key, value in (environment or os.environ).items() if key.startswith(PREFIX)}
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    problems = []
    for key in sorted(given.keys() - known.keys() - NOT_OURS):
        near = difflib.get_close_matches(key, known, 1)
        problems.append(f"{key} is not a setting" + (f": did you mean {near[0]}?" if near else "."))
    try:
        settings = Settings.model_validate({known[key]: value for key, value in given.items() if key in known})
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = str(fault["loc"][0])
            problems.append(f"{PREFIX}{name.upper()}: {fault['msg']}. {Settings.meaning(name)}")
    if problems:
        raise ConfigInvalid("\n".join(problems))
    return settings
