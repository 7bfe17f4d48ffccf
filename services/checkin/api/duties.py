"""Duties 值班: who patrols or is chief, where and when; starting, ending, swapping."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from shared.contracts.checkin_rota import DutyKind
from shared.contracts.model import Code, Contract, Id, Instant
from shared.web import Call, MinPosition, Nothing, found

from ..domain.duty_commands import (
    AcceptSwap,
    AssignDuty,
    CancelDuty,
    EndDuty,
    NameDeputy,
    OfferSwap,
    PlanDuty,
    StartDuty,
    WithdrawSwap,
)
from ..projections import rota_week
from ..projections.rota import ROTA
from . import answers_rota

router = APIRouter(tags=["duties"])

_SLOT: JsonDict = {
    "duty_id": "D-S1-daily",
    "kind": "patrol_daily",
    "station_id": "S1",
    "window_from": "2026-01-23T07:30:00+08:00",
    "window_to": "2026-01-23T09:30:00+08:00",
}


class DutySlot(Contract):
    """A place in the rota that nobody is named for yet."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SLOT]})

    duty_id: Id
    kind: DutyKind
    station_id: Id
    window_from: Instant
    window_to: Instant
    theme: Code | None = Field(default=None, description="Of a special patrol, and of no other duty.")


class NewDuty(DutySlot):
    """A duty to assign."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_SLOT, "people": ["W13", "W02"]}]})

    people: list[Id] = Field(min_length=1, max_length=50)


class Deputy(Contract):
    """Who may start the chief's duty once it is missed."""

    station_id: Id = Field(description="The duty's station: leaders name deputies at their own.")
    person_id: Id = Field(examples=["W19"])


class Cancellation(Contract):
    """Why a duty will not be."""

    station_id: Id = Field(description="The duty's station: leaders cancel at their own.")
    reason: Code = Field(examples=["illness"])


class Offer(Contract):
    """Whom you ask to take your place."""

    to_person: Id = Field(examples=["W19"])


class Offered(Contract):
    """Whose place it is about."""

    from_person: Id = Field(examples=["W02"])


@router.post("/duties")
async def assign(body: NewDuty, call: Call) -> Response:
    """Put people on a duty, new or planned before."""
    where = (body.duty_id, body.kind, body.station_id, body.window_from, body.window_to)
    return await call.give(AssignDuty(*where, tuple(body.people), call.now, body.theme), body)


@router.post("/duties/plan")
async def plan(body: DutySlot, call: Call) -> Response:
    """Make a place in the rota, to name its people later."""
    where = (body.duty_id, body.kind, body.station_id, body.window_from, body.window_to)
    return await call.give(PlanDuty(*where, call.now, body.theme), body)


@router.post("/duties/{duty_id}/name-deputy")
async def name_deputy(duty_id: Id, body: Deputy, call: Call) -> Response:
    """Name who may start a chief's duty once it is missed."""
    return await call.give(NameDeputy(duty_id, body.station_id, body.person_id, call.now), body)


@router.post("/duties/{duty_id}/cancel")
async def cancel(duty_id: Id, body: Cancellation, call: Call) -> Response:
    """Cancel a duty that has not begun; to give it to others, assign a new one then."""
    return await call.give(CancelDuty(duty_id, body.station_id, body.reason, call.now), body)


@router.post("/duties/{duty_id}/start")
async def start(duty_id: Id, body: Nothing, call: Call) -> Response:
    """Start your duty as chief of the day, or as the deputy of one who missed it."""
    return await call.give(StartDuty(duty_id, call.principal.id, call.now), body)


@router.post("/duties/{duty_id}/end")
async def end(duty_id: Id, body: Nothing, call: Call) -> Response:
    """End the duty that you started."""
    return await call.give(EndDuty(duty_id, call.principal.id, call.now), body)


@router.post("/duties/{duty_id}/offer-swap")
async def offer_swap(duty_id: Id, body: Offer, call: Call) -> Response:
    """Ask somebody to take your place; nothing changes until he accepts."""
    return await call.give(OfferSwap(duty_id, call.principal.id, body.to_person, call.now), body)


@router.post("/duties/{duty_id}/accept-swap")
async def accept_swap(duty_id: Id, body: Offered, call: Call) -> Response:
    """Take the place that you were offered."""
    return await call.give(AcceptSwap(duty_id, body.from_person, call.principal.id, call.now), body)


@router.post("/duties/{duty_id}/withdraw-swap")
async def withdraw_swap(duty_id: Id, body: Offered, call: Call) -> Response:
    """Take your offer back, or decline one that was made to you."""
    return await call.give(WithdrawSwap(duty_id, body.from_person, call.principal.id, call.now), body)


@router.get("/people/{person_id}/duties", responses={200: {"model": answers_rota.DutiesOfPerson}})
async def of_person(
    person_id: Id,
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Continue before this, the page's `next`.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """The duties that a person is on or is asked to take over; people see their own."""
    async with call.reading(ROTA, min_position) as view:
        return found(view, await rota_week.of_person(view, person_id, limit, before))
