"""Policies and intake as subscriptions: events in, commands out.

They hold no transaction. Commands carry ids derived from their cause, so repeating a page after a crash has no second
effect; the position moves when every command of the page has an outcome.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Iterable
from functools import partial

import msgspec
from pydantic import ValidationError
from sqlalchemy import text

from shared import failpoints
from shared.answering import answer_id, answer_row
from shared.committer import Committer
from shared.contracts.model import Contract
from shared.contracts.registry import BY_TYPE, stored_type
from shared.database import Database
from shared.decider import Command
from shared.deciding import Declined, Result
from shared.errors import IdempotencyKeyReused, Refused
from shared.leases import Lease
from shared.log.append import Actor, Context, Loose
from shared.log.codec import Codec, derived_id
from shared.log.read import Page, Recorded
from shared.outcomes import Answer
from shared.policies import Intake, Policies, Receipt
from shared.telemetry.tracing import processing

log = logging.getLogger(__name__)


def intake_command_id(source: str, event_id: str) -> str:
    """The command id of an intake event: the same by Kafka and by HTTP."""
    return derived_id("intake", source, event_id)


class Reactor:
    """Runs a service's policies: for each event of interest, the commands that its reactions ask for."""

    def __init__(self, service: str, committer: Committer, codec: Codec, policies: Policies) -> None:
        self._service, self._committer, self._codec = service, committer, codec
        self._policies = policies
        self._reactions = {stored_type(cause): reactions for cause, reactions in policies.reactions.items()}

    @property
    def types(self) -> list[str]:
        return sorted(self._reactions)

    async def work(self, lease: Lease, page: Page) -> None:
        """One page: all its commands are given in order, then all outcomes awaited, then the position moves."""
        futures: list[asyncio.Future[Answer]] = []
        for row in page.rows:
            event = self._codec.decode(row.type, row.data)
            with processing(row, self._service) as traceparent:
                for reaction in self._reactions[row.type]:
                    commands = self._policies.ask(reaction, event, row.occurred_at)
                    for command, context in _caused(row, reaction.__name__, commands, traceparent):
                        futures.append(self._committer.enqueue(command, context))
        for answer in await asyncio.gather(*futures):
            if answer.refusal is not None and not answer.repeated:
                log.info("a policy's command was refused: %s", answer.refusal.code, extra={"action": "policy_refused"})
        failpoints.hit("policy.after_commands")
        await lease.move(page.reached)


def _caused(
    row: Recorded, reaction: str, commands: Iterable[Command], traceparent: str | None
) -> Iterable[tuple[Command, Context]]:
    """Commands with ids that a repeat derives again: from cause, reaction, and which command of its kind each is."""
    cause, count = row.context(), Counter[str]()
    for command in commands:
        kind = type(command).__name__
        command_id = derived_id("policy", row.origin, row.event_id, reaction, kind, str(count[kind]))
        count[kind] += 1
        context = Context(
            command_id, Actor("policy", reaction), cause.correlation_id, row.event_id, traceparent, cause.org
        )
        yield command, context


class Door:
    """Turns intake events into commands with answers: the Kafka side of the one door."""

    def __init__(
        self,
        service: str,
        database: Database,
        committer: Committer,
        intake: Intake,
        code_secrets: tuple[bytes, ...] = (),
    ) -> None:
        self._service, self._database, self._committer, self._intake = service, database, committer, intake
        self._code_secrets = code_secrets
        self._models = {stored_type(contract): contract for contract in intake.commands}

    @property
    def types(self) -> list[str]:
        return sorted(self._models)

    async def work(self, lease: Lease, page: Page) -> None:
        """One page: every event's command gets an outcome, and its answer is appended with it."""
        answers = await asyncio.gather(*[self._give(row) for row in page.rows], return_exceptions=True)
        again: dict[str, tuple[Recorded, Refused | None]] = {}
        for row, answer in zip(page.rows, answers, strict=True):
            if isinstance(answer, IdempotencyKeyReused):  # by HTTP its id was used for another event
                again[answer_id(row)] = row, IdempotencyKeyReused(field="id")
            elif isinstance(answer, BaseException):
                raise answer
            elif answer.repeated:
                again[answer_id(row)] = row, None
        if again:
            await self._answer_repeats(again)
        failpoints.hit("policy.after_commands")
        await lease.move(page.reached)

    def _give(self, row: Recorded) -> asyncio.Future[Answer]:
        cause = row.context()
        command_id = intake_command_id(row.origin, row.event_id)
        received_at = cause.received_at or row.recorded_at
        receipt = Receipt(command_id, received_at, row.origin, row.event_id, row.entity, self._code_secrets)
        command = self._command(row, receipt)
        with processing(row, self._service) as traceparent:
            context = Context(command_id, cause.actor, cause.correlation_id, row.event_id, traceparent, cause.org)
        return self._committer.enqueue(
            command, context, body_hash=body_hash(row.type, row.data), epilogue=partial(answer_row, row)
        )

    def _command(self, row: Recorded, receipt: Receipt) -> Command:
        try:
            return self._intake.command(self._read(row), receipt)
        except Refused as refusal:
            return Declined(refusal)

    def _read(self, row: Recorded) -> Contract:
        try:
            return self._models[row.type].model_validate_json(row.data)
        except ValidationError as error:  # it was valid when it was taken: the contract has been narrowed since
            raise RuntimeError(f"{BY_TYPE[row.type].type} no longer reads what it took before") from error

    async def _answer_repeats(self, rows: dict[str, tuple[Recorded, Refused | None]]) -> None:
        """Their commands were known: given by HTTP before, or by us before a crash. Either way each has one answer."""
        async with self._database.engine.connect() as db:
            found = await db.execute(
                text("select event_id from event where origin = '' and event_id = any(:ids)"), {"ids": list(rows)}
            )
            answered = set(found.scalars())
        futures = []
        for identity, (row, refusal) in rows.items():
            if identity not in answered:
                context = msgspec.structs.replace(row.context(), command_id=identity, causation_id=row.event_id)
                epilogue = partial(_answer_again if refusal is None else answer_row, row)
                futures.append(self._committer.enqueue(Declined(refusal), context, epilogue=epilogue))
        await asyncio.gather(*futures)


def _answer_again(row: Recorded, _result: Result) -> Loose:
    return answer_row(row, None)


def body_hash(about: str, data: str | bytes) -> bytes:
    """The hash that tells a repeat from another command under the same id: what is asked, and the validated data."""
    return hashlib.sha256(b"%b\x00%b" % (about.encode(), data.encode() if isinstance(data, str) else data)).digest()
