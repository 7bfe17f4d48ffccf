"""Machines 自助兑换机 and their goods 兑换商品: what stands where, what is in it, who has filled it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from shared.contracts.model import Contract, Id
from shared.contracts.points_goods import MachineReported
from shared.errors import NotFound
from shared.web import Call, MinPosition, found

from ..domain.goods import ChangeStock, ClearUnit, ListGoods, StockReason
from ..domain.machine import RegisterMachine
from ..domain.values import MACHINE_TTL
from ..projections import goods_shelf, redemptions
from . import answers_goods

router = APIRouter(tags=["machines"])

Seconds = Annotated[int, Field(strict=True, ge=10, le=86_400)]
Price = Annotated[int, Field(strict=True, ge=1, le=100_000, examples=[6])]
Units = Annotated[int, Field(strict=True, ge=1, le=10_000, examples=[3])]
DEFAULT_TTL = int(MACHINE_TTL.total_seconds())


class NewMachine(Contract):
    """A machine and the station it stands at."""

    machine_id: Id = Field(examples=["M1"])
    station_id: Id
    ttl_s: Seconds = Field(default=DEFAULT_TTL, description="Not heard of for so long, it is offline.", examples=[300])


class Offer(Contract):
    """An item that the machine has, and its price in points. The price makes its band (PT10)."""

    item_id: Id = Field(examples=["towel"])
    price: Price


class Stock(Contract):
    """Units of an item, put in or taken out by hand."""

    station_id: Id = Field(description="Where the machine stands; an attendant's own station.")
    item_id: Id = Field(examples=["towel"])
    units: Units


class Cleared(Contract):
    """What has become of the unit that a failed redemption left blocked."""

    station_id: Id = Field(description="Where the machine stands; an attendant's own station.")
    item_id: Id = Field(examples=["towel"])
    redemption_id: Id = Field(description="The redemption that left the unit blocked.", examples=["M1-000042"])
    outcome: Literal["sellable", "written_off"]


@router.post("/machines")
async def register_machine(body: NewMachine, call: Call) -> Response:
    """Register a machine. Registered again, the last word holds."""
    return await call.give(RegisterMachine(body.machine_id, body.station_id, body.ttl_s, call.now), body)


@router.post("/machine-reports")
async def report_machine(event: MachineReported, call: Call) -> Response:
    """The machine is there. The same as the event MachineReported on the intake topic."""
    return await call.take(event)


@router.post("/machines/{machine_id}/list-goods")
async def list_goods(machine_id: Id, body: Offer, call: Call) -> Response:
    """Offer an item, or change its price. Redemptions that have started keep theirs."""
    return await call.give(ListGoods(machine_id, body.item_id, body.price, call.now), body)


@router.post("/machines/{machine_id}/restock")
async def restock(machine_id: Id, body: Stock, call: Call) -> Response:
    """Units were put in."""
    return await call.give(_stock(machine_id, body, "restocked", call), body)


@router.post("/machines/{machine_id}/take-out")
async def take_out(machine_id: Id, body: Stock, call: Call) -> Response:
    """Sellable units were taken out."""
    return await call.give(_stock(machine_id, body, "taken_out", call), body)


def _stock(machine_id: str, body: Stock, reason: StockReason, call: Call) -> ChangeStock:
    return ChangeStock(machine_id, body.station_id, body.item_id, body.units, reason, call.now)


@router.post("/machines/{machine_id}/clear-unit")
async def clear_unit(machine_id: Id, body: Cleared, call: Call) -> Response:
    """An attendant has seen to a blocked unit: it can be sold again, or is written off (PT11)."""
    unit = (machine_id, body.station_id, body.item_id, body.redemption_id, body.outcome)
    return await call.give(ClearUnit(*unit, call.now), body)


@router.get("/machines/{machine_id}/shelf", responses={200: {"model": answers_goods.Shelf}})
async def show_shelf(machine_id: Id, call: Call, min_position: MinPosition = None) -> Response:
    """What the machine has: price, band, units that are sellable, held or blocked; and whether it is there."""
    async with call.reading(goods_shelf.GOODS_SHELF, min_position) as view:
        shelf = await goods_shelf.of(view, machine_id, call.now)
        if shelf is None:
            raise NotFound("No such machine is registered.", field="machine_id")
        return found(view, shelf)


@router.get("/machines/{machine_id}/redemptions", responses={200: {"model": answers_goods.Redemptions}})
async def show_redemptions(
    machine_id: Id,
    day: Annotated[date, Query(examples=["2026-01-23"])],
    call: Call,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="Continue before this line.")] = None,
    min_position: MinPosition = None,
) -> Response:
    """What was asked for at the machine on a day, newest first, and what became of it."""
    async with call.reading(redemptions.REDEMPTIONS, min_position) as view:
        lines = await redemptions.of_machine(view, machine_id, day, limit, before)
        return found(view, {"redemptions": lines, "next": lines[-1]["position"] if len(lines) == limit else None})
