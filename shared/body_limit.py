"""No body is read that is larger than anything that is taken, whoever sends it and whatever it says of its length."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web import TOO_LARGE, problem

MOST = 8 * 1024 * 1024  # bytes; contents and parts of sheets have lower limits of their own


class BodyLimit:
    """Answers 413: at once where the length is told, else as soon as more has come. What comes after is not read."""

    def __init__(self, app: ASGIApp, most: int = MOST) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > self._most:
            answer = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, *TOO_LARGE, self._why(), "body")
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._why(), {"Connection": "close"})
            return message

        await self._app(scope, counted, send)

    def _why(self) -> str:
        return f"At most {self._most:,} bytes are taken."
