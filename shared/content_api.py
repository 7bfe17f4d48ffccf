"""Content over HTTP, the same in every service: posted first, referred to by events, erased on request.

What is posted is answered with `ref` and `hmac`; events carry these two and never the content. Whoever reads it by
an event gives its `hmac` too, and is told when the content is no longer the one that the event means.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.access.table import ANY, Asked, Line, found, line
from shared.content import ABOUT, ContentAltered
from shared.contracts.model import Code, Contract, Id, first_fault
from shared.database import Connection
from shared.erasing import Erased
from shared.errors import NotFound, Refused, ValidationFailed
from shared.log.codec import derived_id
from shared.page import SUBJECT_OF_QUARANTINE
from shared.reacting import body_hash
from shared.web import ANSWER_WITHIN, Call, Caller

log = logging.getLogger(__name__)

router = APIRouter(prefix="/content", tags=["content"])

MOST = 5 * 1024 * 1024  # bytes of one content: a photograph of a phone, or a long text
TEXT = "text/plain"
JSON = "application/json"
# What is taken, and how each begins: what says it is a photograph must look like one to whoever opens it later.
TAKEN: dict[str, bytes] = {
    TEXT: b"",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/webp": b"RIFF",
    "application/pdf": b"%PDF-",
}
# What a browser is told about content that strangers have posted: keep no copy, guess nothing, run nothing.
SAFELY = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}
RAW: dict[str, Any] = {"schema": {"type": "string", "format": "binary", "maxLength": MOST}}

_id: TypeAdapter[str] = TypeAdapter(Id)


class ContentTooLarge(Refused):
    """The content is larger than what is taken. Send a smaller one, such as a photograph scaled down."""

    kind = "too_large"


class MediaTypeUnknown(Refused):
    """Content of this type is not taken, or is not of the type that it says. Send one of the types that are named."""

    kind = "media_type"


class Text(Contract):
    """Text about a person or a case: names, numbers, words."""

    subject: Id = Field(description="The person or case that it is about, by pseudonym: its key, and what is erased.")
    text: str = Field(min_length=1)


class Erasure(Contract):
    """Whose content is to be erased, and why."""

    subject: Id
    reason: Code = Field(examples=["person_asked"])


class Posted(BaseModel):
    """Where content is kept."""

    ref: str = Field(description="For events and for `GET /content/{ref}`.")
    hmac: str = Field(description="Over the content, with the key of whom it is about.")
    media_type: str
    bytes: int


class ErasureAnswer(BaseModel):
    """What was erased. The same for every repeat of its Idempotency-Key."""

    outcome: Literal["accepted", "unchanged"]
    command_id: str
    refs: int = Field(description="How many references lead to nothing from now on.")
    position: str


async def _posted_by_or_about(db: Connection, asked: Asked) -> bool:
    row = await (await db.execute(ABOUT, (asked.value,))).fetchone()
    return row is not None and asked.principal.id in (row[0], row[1])


THEIRS = found(
    "theirs",
    "ref",
    "the content was posted by the caller or is about the caller",
    "Ask whoever posted it, or an officer.",
    _posted_by_or_about,
)
CONTENT: tuple[Line, ...] = (
    line("POST /content", anyone=ANY),
    line("GET /content/{ref}", officer=ANY, anyone=THEIRS),
    line("POST /content/erase", officer=ANY),
)


@router.post(
    "",
    responses={
        200: {"model": Posted},
        410: {"description": "It was posted under this key before, and erased."},
        413: {"description": f"More than {MOST} bytes."},
        415: {"description": "Content of this type is not taken."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": Text.model_json_schema()}, **dict.fromkeys(TAKEN, RAW)},
        }
    },
)
async def post(
    request: Request,
    call: Call,
    subject: Annotated[str | None, Query(description="Of raw bytes: the person or case they are about.")] = None,
) -> Response:
    """Keep text or bytes about a person or a case; events then refer to them by `ref` and `hmac`."""
    ref = derived_id("content", call.principal.id, call.required_key())
    about, media_type, content = _read(request, await _body(request), subject)
    if about == SUBJECT_OF_QUARANTINE:
        raise ValidationFailed("this subject is the service's own: name the person or case", field="subject")
    async with asyncio.timeout(ANSWER_WITHIN), call.api.database.borrowed() as db:
        kept = await call.api.vault.store(db, ref, about, content, media_type=media_type, author=call.principal.id)
    body = {"ref": ref, "hmac": kept.hmac, "media_type": kept.media_type, "bytes": len(content)}
    headers = {"Idempotency-Replayed": "true"} if kept.repeated else {}
    return Response(msgspec.json.encode(body), media_type=JSON, headers=headers)


@router.post("/erase", responses={200: {"model": ErasureAnswer}})
async def erase(body: Erasure, call: Call) -> Response:
    """Erase all content about a person or a case: the key, the rows, and a fact in the log that it was done."""
    if body.subject == SUBJECT_OF_QUARANTINE:
        raise ValidationFailed("this subject is the service's own: name the person or case", field="subject")
    command_id = call.command_id()
    hashed = body_hash(call.path, body.canonical())
    async with asyncio.timeout(ANSWER_WITHIN):
        erased = await call.api.eraser.erase(body.subject, body.reason, call.context(command_id), hashed)
    return _told(call, command_id, erased)


@router.get(
    "/{ref}",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys(TAKEN, RAW)},
        409: {"description": "It is not what was posted."},
        410: {"description": "It was erased."},
    },
)
async def show(
    ref: Id,
    call: Call,
    hmac: Annotated[str | None, Query(description="As the event has it: answer only if it is that content.")] = None,
) -> Response:
    """The content under a reference, for those who posted it, whom it is about, and officers."""
    async with asyncio.timeout(ANSWER_WITHIN), call.api.database.borrowed() as db:
        try:
            kept = await call.api.vault.read(db, ref, hmac)
        except ContentAltered:
            log.error("the content %s is not what was stored", ref, extra={"action": "content_altered"})
            raise
    if kept.subject == SUBJECT_OF_QUARANTINE:
        raise NotFound(f"no content under {ref}")  # records that nobody could read are the operators' matter
    media_type = "text/plain; charset=utf-8" if kept.media_type == TEXT else kept.media_type
    return Response(kept.content, headers={**SAFELY, "Content-Type": media_type, "ETag": f'"{kept.hmac}"'})


async def _body(request: Request) -> bytes:
    """The body as it comes, and no more than is taken of it."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST:
            raise ContentTooLarge(f"at most {MOST} bytes are taken", field="body")
    return bytes(content)


def _read(request: Request, body: bytes, subject: str | None) -> tuple[str, str, bytes]:
    """Subject, media type and content, from JSON with text or from raw bytes."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type == JSON:
            text = Text.model_validate_json(body)
            return text.subject, TEXT, text.text.encode()
        if media_type not in TAKEN or not body.startswith(TAKEN[media_type]):
            taken = ", ".join((JSON, *TAKEN))
            raise MediaTypeUnknown(f"it is none of {taken}, or does not begin as one does", field="Content-Type")
        if media_type == TEXT:
            body.decode()
    except ValidationError as error:
        fault = first_fault(error)
        raise ValidationFailed(fault.message, field=".".join(fault.path) or "body") from None
    except UnicodeDecodeError:
        raise ValidationFailed("text is to be UTF-8", field="body") from None
    return _subject(subject), media_type, _something(body)


def _subject(given: str | None) -> str:
    try:
        return _id.validate_python(given)
    except ValidationError:
        why = "name the person or case that it is about, as ?subject=<id>"
        raise ValidationFailed(why, field="subject") from None


def _something(body: bytes) -> bytes:
    if not body:
        raise ValidationFailed("there is no content", field="body")
    return body


def _told(call: Caller, command_id: str, erased: Erased) -> Response:
    body = {
        "outcome": erased.outcome,
        "command_id": command_id,
        "refs": erased.refs,
        "position": call.position(erased.position),
    }
    headers = {"Idempotency-Replayed": "true"} if erased.repeated else {}
    return Response(msgspec.json.encode(body), media_type=JSON, headers=headers)
