"""How the command line reaches welfare for refund ledgers: by HTTP, with a token, again and again until it answers."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeAlias

import httpx
import msgspec
import typer

from shared.cli.places import Places, places
from shared.cli.saying import Away, Failure, NothingFound
from shared.plain_http import NO_TLS

URL = "YIZHAN_WELFARE_URL"
TOKEN = "YIZHAN_TOKEN"  # noqa: S105 (the name of a setting)

Quarter: TypeAlias = Annotated[str, typer.Option("--quarter", metavar="QUARTER", help="Whose ledger, as in 2026Q1.")]
As: TypeAlias = Annotated[
    str, typer.Option("--as", help=f"In development: who asks, by a token made for it. {TOKEN} wins over it.")
]
Url: TypeAlias = Annotated[str | None, typer.Option("--url", help=f"Where welfare is. Default: {URL}, the instance.")]
Patience: TypeAlias = Annotated[float, typer.Option(min=1, help="Seconds to go on asking while welfare is away.")]


class Door:
    """Requests of one command."""

    def __init__(self, http: httpx.AsyncClient, url: str, quarter: str, patience: float) -> None:
        self._http, self._url, self._patience = http, url, patience
        self.quarter, self.path = quarter, f"/ledgers/{quarter}"

    async def post(self, path: str, body: bytes, key: str) -> dict[str, Any]:
        """Give a command. Repeated under the same key it is done once, so it is repeated until there is an answer."""
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        answer = await self._insist("POST", self.path + path, content=body, headers=headers)
        return dict(msgspec.json.decode(answer.content))

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        return dict(msgspec.json.decode((await self._insist("GET", self.path + path, params=query)).content))

    async def read(self, path: str) -> bytes:
        """A file."""
        return (await self._insist("GET", self.path + path)).content

    async def _insist(self, method: str, path: str, **more: Any) -> httpx.Response:
        until, delay = time.monotonic() + self._patience, 0.1
        while True:
            try:
                answer = await self._http.request(method, path, **more)
                if answer.status_code < 500 or answer.status_code == 501:
                    return _good(answer)
                why = f"it answers {answer.status_code}"
            except httpx.TransportError as error:
                why = str(error) or type(error).__name__
            if time.monotonic() > until:
                remedy = "Look whether it runs, then run this again: it goes on where it was broken off."
                raise Away(f"welfare at {self._url} cannot be reached ({why}).", remedy)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2)


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.status_code < 400:
        return answer
    told = answer.json()
    field = next((one["field"] for one in told.get("errors", ())), None)
    message = f"{told['code']}: {told['detail']}"
    raise NothingFound(message, told["title"], field=field)


@asynccontextmanager
async def door(instance: str | None, url: str | None, who: str, quarter: str, patience: float) -> AsyncIterator[Door]:
    """Where welfare is, and a token for it."""
    where = places(instance)
    found = url or where.settings.get(URL) or where.service("welfare")
    headers = {"Authorization": f"Bearer {_token(where, who)}"}
    try:
        verify = NO_TLS if found.startswith("http://") else True
        client = httpx.AsyncClient(base_url=found, headers=headers, timeout=30, trust_env=False, verify=verify)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Failure(f"{found!r} is no URL.", "Write it as in http://127.0.0.1:8103", field="--url") from error
    async with client as http:
        yield Door(http, found, quarter, patience)


def _token(where: Places, who: str) -> str:
    if given := os.environ.get(TOKEN):
        return given
    if where.production:
        raise Failure("ENV is prod, and there is no token.", "Get one from the issuer and set it.", field=TOKEN)
    return where.issuer().token(who, ["finance"], hours=1)
