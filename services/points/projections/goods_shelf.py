"""goods_shelf: what each machine has, at which price, and whether it can be had now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Integer, Text, select

from shared.log.read import Recorded
from shared.projecting import Add, Drop, Projection, Put, RowChange, Set
from shared.queries import View

from ..domain.goods import (
    GoodsListed,
    StockChanged,
    UnitBlocked,
    UnitCleared,
    UnitDispensed,
    UnitDispensedLate,
    UnitFreed,
    UnitHeld,
)
from ..domain.machine import MachineHeard, MachineRegistered

GOODS_SHELF = Projection("goods_shelf", 1)
SHELF = GOODS_SHELF.table(
    "shelf",
    Column("machine_id", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("price", Integer, nullable=False, server_default="0"),
    Column("band", Integer, nullable=False, server_default="0"),
    Column("sellable", Integer, nullable=False, server_default="0"),
    Column("held", Integer, nullable=False, server_default="0"),
    Column("short", Integer, nullable=False, server_default="0"),
)
BLOCKED = GOODS_SHELF.table(
    "blocked_unit",
    Column("machine_id", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("redemption_id", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
)
MACHINE = GOODS_SHELF.table(
    "machine",
    Column("machine_id", Text, primary_key=True),
    Column("station_id", Text),
    Column("ttl_s", Integer),
    Column("state", Text),
    Column("heard_at", DateTime(timezone=True)),
)


@GOODS_SHELF.on(MachineRegistered)
def machine_registered(event: MachineRegistered, row: Recorded) -> list[RowChange]:
    return [Put(MACHINE, {"machine_id": row.entity, "station_id": event.station_id, "ttl_s": event.ttl_s})]


@GOODS_SHELF.on(MachineHeard)
def machine_heard(event: MachineHeard, row: Recorded) -> list[RowChange]:
    return [Set(MACHINE, {"machine_id": row.entity, "state": event.state, "heard_at": event.at})]


@GOODS_SHELF.on(GoodsListed)
def goods_listed(event: GoodsListed, row: Recorded) -> list[RowChange]:
    return [Put(SHELF, {**_key(row), "price": event.price, "band": event.band})]


@GOODS_SHELF.on(StockChanged)
def stock_changed(event: StockChanged, row: Recorded) -> list[RowChange]:
    return [_moved(row, sellable=event.change)]


@GOODS_SHELF.on(UnitHeld)
def unit_held(event: UnitHeld, row: Recorded) -> list[RowChange]:
    return [_moved(row, sellable=-1, held=1)]


@GOODS_SHELF.on(UnitFreed)
def unit_freed(event: UnitFreed, row: Recorded) -> list[RowChange]:
    return [_moved(row, sellable=1, held=-1)]


@GOODS_SHELF.on(UnitDispensed)
def unit_dispensed(event: UnitDispensed, row: Recorded) -> list[RowChange]:
    return [_moved(row, held=-1)]


@GOODS_SHELF.on(UnitDispensedLate)
def unit_dispensed_late(event: UnitDispensedLate, row: Recorded) -> list[RowChange]:
    return [_moved(row, short=1) if event.short else _moved(row, sellable=-1)]


@GOODS_SHELF.on(UnitBlocked)
def unit_blocked(event: UnitBlocked, row: Recorded) -> list[RowChange]:
    moved = _moved(row, held=-1) if event.held else _moved(row, sellable=-1)
    return [moved, Put(BLOCKED, {**_key(row), "redemption_id": event.redemption_id, "since": event.at})]


@GOODS_SHELF.on(UnitCleared)
def unit_cleared(event: UnitCleared, row: Recorded) -> list[RowChange]:
    cleared = Drop(BLOCKED, {**_key(row), "redemption_id": event.redemption_id})
    return [cleared, _moved(row, sellable=1)] if event.outcome == "sellable" else [cleared]


def _key(row: Recorded) -> dict[str, str]:
    machine_id, _, item_id = row.entity.partition("/")
    return {"machine_id": machine_id, "item_id": item_id}


def _moved(row: Recorded, *, sellable: int = 0, held: int = 0, short: int = 0) -> RowChange:
    return Add(SHELF, {**_key(row), "sellable": sellable, "held": held, "short": short})


async def of(view: View, machine_id: str, now: datetime) -> dict[str, Any] | None:
    """A machine's shelf; None for a machine nobody has registered."""
    machine = (await view.db.execute(select(MACHINE).where(MACHINE.c.machine_id == machine_id))).first()
    if machine is None:
        return None
    blocked: dict[str, list[dict[str, Any]]] = {}
    for unit in await view.db.execute(
        select(BLOCKED).where(BLOCKED.c.machine_id == machine_id).order_by(BLOCKED.c.since)
    ):
        blocked.setdefault(unit.item_id, []).append({"redemption_id": unit.redemption_id, "since": unit.since})
    items = await view.db.execute(select(SHELF).where(SHELF.c.machine_id == machine_id).order_by(SHELF.c.item_id))
    heard = machine.heard_at is not None and now < machine.heard_at + timedelta(seconds=machine.ttl_s)
    return {
        "machine_id": machine_id,
        "station_id": machine.station_id,
        "state": machine.state if heard else "offline",
        "heard_at": machine.heard_at,
        "goods": [_item(dict(item._mapping), blocked.get(item.item_id, [])) for item in items],
    }


def _item(item: dict[str, Any], blocked: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        **{name: item[name] for name in ("item_id", "price", "band", "sellable", "held", "short")},
        "blocked": len(blocked),
        "blocked_units": blocked,
    }
