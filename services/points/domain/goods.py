"""Goods 兑换商品: one item in one machine, its price and band 档位, and where each of its units is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, get_args

import msgspec

from shared.decider import Command, Decider, DomainEvent
from shared.errors import NotFound, Refused

from .values import BANDS, band_of

Outcome: TypeAlias = Literal["sellable", "written_off"]
StockReason: TypeAlias = Literal["restocked", "taken_out"]


class ListGoods(Command, frozen=True):
    """Offer an item in a machine, or give it another price. Redemptions that have started keep theirs."""

    machine_id: str
    item_id: str
    price: int
    now: datetime


class ChangeStock(Command, frozen=True):
    """Somebody has put units in, or has taken sellable ones out."""

    machine_id: str
    station_id: str
    item_id: str
    units: int
    reason: StockReason
    now: datetime


class ClearUnit(Command, frozen=True):
    """An attendant has seen to the unit that this redemption left blocked (PT11)."""

    machine_id: str
    station_id: str
    item_id: str
    redemption_id: str
    outcome: Outcome
    now: datetime


class HoldUnit(Command, frozen=True):
    redemption_id: str
    now: datetime


class FreeUnit(Command, frozen=True):
    """The redemption has ended without goods: the unit can be sold again."""

    redemption_id: str
    now: datetime


class DropUnit(Command, frozen=True):
    """The machine has let a unit go, for a redemption that holds one or, late, for one that holds none any more."""

    redemption_id: str
    now: datetime


class BlockUnit(Command, frozen=True):
    """The machine could not let a unit go: nobody gets it until an attendant has looked (PT11)."""

    redemption_id: str
    now: datetime


class GoodsListed(DomainEvent, frozen=True):
    machine_id: str
    item_id: str
    price: int
    band: int


class StockChanged(DomainEvent, frozen=True):
    """Sellable units, more or fewer."""

    change: int
    reason: StockReason


class UnitHeld(DomainEvent, frozen=True):
    redemption_id: str


class UnitFreed(DomainEvent, frozen=True):
    redemption_id: str


class UnitDispensed(DomainEvent, frozen=True):
    redemption_id: str


class UnitDispensedLate(DomainEvent, frozen=True):
    """PT12. `short`: no sellable unit was known, so one of those that are held is not there (E33)."""

    redemption_id: str
    short: bool


class UnitBlocked(DomainEvent, frozen=True):
    """`held`: it was the redemption's own; else the redemption had expired, and it is one of the sellable ones."""

    redemption_id: str
    held: bool


class UnitCleared(DomainEvent, frozen=True):
    redemption_id: str
    outcome: Outcome


GoodsCommand: TypeAlias = ListGoods | ChangeStock | ClearUnit | HoldUnit | FreeUnit | DropUnit | BlockUnit
GoodsEvent: TypeAlias = (
    GoodsListed | StockChanged | UnitHeld | UnitFreed | UnitDispensed | UnitDispensedLate | UnitBlocked | UnitCleared
)


class Goods(msgspec.Struct, frozen=True):
    """`price` is 0 while the item is not listed. Held and blocked units are known by their redemptions."""

    price: int = 0
    sellable: int = 0
    held: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()

    def check_listed(self) -> None:
        if not self.price:
            raise NotFound("This machine does not have the item.", field="item_id")

    def check_band(self, available: int) -> None:
        """PT10: the bands of goods go by the price, against what is available now."""
        band = band_of(self.price)
        if band_of(available) < band:
            raise BandNotReached(f"Band {band} begins at {BANDS[band - 1]} points, {available} are available.")


class OutOfStock(Refused):
    """No unit of it is left to sell in this machine. Choose another item, or come again when it was filled up."""


class BandNotReached(Refused):
    """The goods are of a higher band than the points available reach. Choose from a lower band, or save up."""


def goods_id(machine_id: str, item_id: str) -> str:
    """No id has a slash in it, so that no two pairs have one name."""
    return f"{machine_id}/{item_id}"


def decide(command: GoodsCommand, goods: Goods) -> Sequence[GoodsEvent]:
    match command:
        case ListGoods(machine_id, item_id, price, now):
            return [] if goods.price == price else [GoodsListed(now, machine_id, item_id, price, band_of(price))]
        case ChangeStock(units=units, reason=reason, now=now):
            return _changed(units, reason, now, goods)
        case ClearUnit(redemption_id=redemption_id, outcome=outcome, now=now):
            return [UnitCleared(now, redemption_id, outcome)] if redemption_id in goods.blocked else []
        case HoldUnit(redemption_id, now):
            if not goods.sellable:
                raise OutOfStock
            return [UnitHeld(now, redemption_id)]
        case FreeUnit(redemption_id, now):
            return [UnitFreed(now, redemption_id)] if redemption_id in goods.held else []
        case DropUnit(redemption_id, now):
            if redemption_id in goods.held:
                return [UnitDispensed(now, redemption_id)]
            return [UnitDispensedLate(now, redemption_id, short=not goods.sellable)]
        case BlockUnit(redemption_id, now):
            held = redemption_id in goods.held
            return [UnitBlocked(now, redemption_id, held)] if held or goods.sellable else []
        case _:
            assert_never(command)


def _changed(units: int, reason: StockReason, now: datetime, goods: Goods) -> list[GoodsEvent]:
    goods.check_listed()
    if reason == "taken_out" and units > goods.sellable:
        raise OutOfStock(f"{goods.sellable} units can be taken out: the others are held or blocked.")
    return [StockChanged(now, units if reason == "restocked" else -units, reason)]


def evolve(goods: Goods, event: GoodsEvent) -> Goods:
    match event:
        case GoodsListed(price=price):
            return msgspec.structs.replace(goods, price=price)
        case StockChanged(change=change):
            return msgspec.structs.replace(goods, sellable=goods.sellable + change)
        case UnitHeld(redemption_id=ref):
            return msgspec.structs.replace(goods, sellable=goods.sellable - 1, held=(*goods.held, ref))
        case UnitFreed(redemption_id=ref):
            return msgspec.structs.replace(goods, sellable=goods.sellable + 1, held=_but(goods.held, ref))
        case UnitDispensed(redemption_id=ref):
            return msgspec.structs.replace(goods, held=_but(goods.held, ref))
        case UnitDispensedLate(short=short):
            return msgspec.structs.replace(goods, sellable=goods.sellable - (not short))
        case UnitBlocked(redemption_id=ref, held=held):
            blocked = msgspec.structs.replace(goods, held=_but(goods.held, ref), blocked=(*goods.blocked, ref))
            return blocked if held else msgspec.structs.replace(blocked, sellable=goods.sellable - 1)
        case UnitCleared(redemption_id=ref, outcome=outcome):
            sellable = goods.sellable + (outcome == "sellable")
            return msgspec.structs.replace(goods, sellable=sellable, blocked=_but(goods.blocked, ref))
        case _:
            assert_never(event)


def _but(refs: tuple[str, ...], ended: str) -> tuple[str, ...]:
    return tuple(ref for ref in refs if ref != ended)


GOODS: Decider[GoodsCommand, GoodsEvent, Goods] = Decider("goods", Goods(), decide, evolve, get_args(GoodsEvent))
