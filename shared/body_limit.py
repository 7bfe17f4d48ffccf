"""No body is kept that is larger than anything that is taken, whoever sends it and whatever it says of its length."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web import TOO_LARGE, problem

MOST = 8 * 1024 * 1024  # bytes; contents and parts of sheets have lower limits of their own
PATIENCE = 8  # times as much is thrown away before the answer: a caller who is cut off while he sends cannot read it
TOO_MUCH = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class BodyLimit:
    """Answers 413, by the length that is told or as soon as more has come."""

    def __init__(self, app: ASGIApp, most: int = MOST) -> None:
        self._app, self._most = app, most
        self._why = f"At most {most:,} bytes are taken."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > self._most:
            await self._throw_away(receive)
            answer = problem(TOO_MUCH, *TOO_LARGE, self._why, "body")
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                await self._throw_away(receive)
                raise HTTPException(TOO_MUCH, self._why, {"Connection": "close"})
            return message

        await self._app(scope, counted, send)

    async def _throw_away(self, receive: Receive) -> None:
        left = self._most * PATIENCE
        while left > 0:
            message = await receive()
            if not message.get("more_body"):
                return
            left -= len(message["body"])
