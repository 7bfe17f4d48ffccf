"""Machines and what is in them: who tends one names its station."""

from __future__ import annotations

from shared.decider import Change, Changes, Handlers, Read, decided

from ..domain.goods import GOODS, ChangeStock, ClearUnit, ListGoods, goods_id
from ..domain.machine import MACHINE, NoteMachine, RegisterMachine

HANDLERS = Handlers(MACHINE, GOODS)
HANDLERS.each(MACHINE, "machine_id", RegisterMachine, NoteMachine)


@HANDLERS.on(ListGoods)
def list_goods(command: ListGoods, read: Read) -> Changes:
    """In a machine that is registered."""
    machine = read(MACHINE, command.machine_id)
    listed = decided(GOODS, goods_id(command.machine_id, command.item_id), command, read)
    _ = machine.station
    return [listed]


@HANDLERS.on(ChangeStock)
def change_stock(command: ChangeStock, read: Read) -> Changes:
    return _tended(command, read)


@HANDLERS.on(ClearUnit)
def clear_unit(command: ClearUnit, read: Read) -> Changes:
    """PT11: a unit that is cleared already is nothing new."""
    return _tended(command, read)


def _tended(command: ChangeStock | ClearUnit, read: Read) -> Changes:
    machine, entity = read(MACHINE, command.machine_id), goods_id(command.machine_id, command.item_id)
    goods = read(GOODS, entity)
    machine.check_at(command.station_id)
    return [Change(GOODS, entity, GOODS.decide(command, goods))]
