"""Answers to publishers, as rows of the log: appended with their cause, relayed to the feedback topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.contracts.answers import IntakeAnswered, RecordQuarantined
from shared.log.append import Loose
from shared.log.codec import derived_id
from shared.log.read import Recorded

if TYPE_CHECKING:
    from shared.deciding import Result

ANSWER = "answer"  # category and stream prefix of rows that answer an intake event
QUARANTINE = "quarantine"


def answer_id(row: Recorded) -> str:
    """The id of the one answer that an intake event gets."""
    return answer_id_of(row.origin, row.event_id)


def answer_id_of(source: str, event_id: str) -> str:
    """The same, by the event's source and id."""
    return derived_id("answer", source, event_id)


def answer_row(row: Recorded, result: Result | None) -> Loose:
    """The answer to a taken intake event; without a result its command had been given before by the other door."""
    status = "duplicate" if result is None else ("refused" if result.refusal else "accepted")
    refusal = result.refusal if result else None
    answer = IntakeAnswered(
        source=row.origin,
        id=row.event_id,
        status=status,  # type: ignore[arg-type]
        code=refusal.code if refusal else None,
        field=refusal.field if refusal else None,
        remedy=refusal.message if refusal else None,
    )
    return Loose(answer_id(row), ANSWER, f"{ANSWER}/{row.entity}", "IntakeAnswered", answer.canonical().decode())


def dropped_answer(source: str, event_id: str, entity: str) -> Loose:
    """The answer to a taken intake event that could not be handled and was given up by an operator."""
    remedy = "The event could not be handled and was given up. If it still matters, send it anew under a new id."
    answer = IntakeAnswered(source=source, id=event_id, status="quarantined", code="DROPPED", remedy=remedy)
    data = answer.canonical().decode()
    return Loose(answer_id_of(source, event_id), ANSWER, f"{ANSWER}/{entity}", "IntakeAnswered", data)


def duplicate_answer(source: str, event_id: str, *, reused: bool) -> IntakeAnswered:
    """What ingest answers by itself, best effort: the event was taken before, or its id was used for another one."""
    if reused:
        remedy = "This id was used before with other data. Send the new fact under a new id."
        return IntakeAnswered(
            source=source, id=event_id, status="refused", code="IDEMPOTENCY_KEY_REUSED", field="id", remedy=remedy
        )
    return IntakeAnswered(source=source, id=event_id, status="duplicate")


def quarantine_rows(
    quarantined: RecordQuarantined,
    claimed: tuple[str | None, str | None],
    key: str,
    place: str | None = None,
    *,
    retry: bool = False,
) -> list[Loose]:
    """What was set aside: the note for the quarantine topic, and the answer to the (source, id) it claims or has."""
    answer = IntakeAnswered(
        source=claimed[0],
        id=claimed[1],
        record=place,
        status="quarantined",
        code=quarantined.code,
        field=quarantined.field,
        remedy=quarantined.remedy,
        retry=retry,
    )
    note, ref = quarantined.canonical().decode(), quarantined.ref
    return [
        Loose(derived_id(QUARANTINE, ref), QUARANTINE, f"{QUARANTINE}/{key}", "RecordQuarantined", note),
        Loose(derived_id(ANSWER, ref), ANSWER, f"{ANSWER}/{key}", "IntakeAnswered", answer.canonical().decode()),
    ]
