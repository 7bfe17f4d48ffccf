"""Redemptions: points and a unit together or nothing (PT11), in one decision over account, goods and redemption."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.decider import C, Change, Changes, DeadlineCleared, Decider, E, Handlers, Read, S
from shared.errors import IdempotencyKeyReused, NotFound

from ..domain.account import ACCOUNT, CaptureHold, ChargePoints, HoldPoints, RefundPoints, ReleaseHold
from ..domain.goods import GOODS, BlockUnit, DropUnit, FreeUnit, HoldUnit, goods_id
from ..domain.ledger import PointsSpent
from ..domain.machine import MACHINE
from ..domain.redemption import (
    CONFIRM_TIMER,
    REDEMPTION,
    Confirm,
    End,
    Ending,
    ExpireRedemption,
    Fail,
    HoldExpired,
    NothingToRefund,
    Order,
    Redeem,
    Redemption,
    Refund,
    RefundRedemption,
    ReportDispense,
    Start,
)
from ..domain.standing import STANDING, NoteLeaving, NoteReinstatement, NoteSuspension
from ..domain.values import HOLD_LASTS

HANDLERS = Handlers(REDEMPTION, ACCOUNT, GOODS, MACHINE, STANDING)
HANDLERS.each(STANDING, "member_id", NoteReinstatement)


class Till:
    """One decision over several entities: each is asked in turn, and sees what was decided before."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._states: dict[str, Any] = {}
        self.changes: list[Change] = []

    def see(self, decider: Decider[C, E, S], entity: str) -> S:
        stream = decider.stream(entity)
        if stream not in self._states:
            self._states[stream] = self._read(decider, entity)
        state: S = self._states[stream]
        return state

    def ask(self, decider: Decider[C, E, S], entity: str, command: C) -> list[E]:
        state = self.see(decider, entity)
        events = list(decider.decide(command, state))
        self._states[decider.stream(entity)] = decider.fold(events, state)
        self.changes.append(Change(decider, entity, events))
        return events


@HANDLERS.on(Redeem)
def redeem(command: Redeem, read: Read) -> Changes:
    """PT11. The order of checks is K10's: who, where, eligibility, stock, points."""
    till, item = Till(read), goods_id(command.machine_id, command.item_id)
    redemption = till.see(REDEMPTION, command.redemption_id)
    standing, machine = till.see(STANDING, command.member_id), till.see(MACHINE, command.machine_id)
    goods, account = till.see(GOODS, item), till.see(ACCOUNT, command.member_id)
    if redemption.order is not None:
        return _repeated(command, redemption.order)
    standing.check()
    order = Order(
        command.redemption_id, command.member_id, command.machine_id, machine.station, command.item_id, goods.price
    )
    machine.check_online(command.now)
    goods.check_listed()
    goods.check_band(account.available(command.now))
    till.ask(GOODS, item, HoldUnit(order.redemption_id, command.now))
    until = command.now + HOLD_LASTS
    till.ask(ACCOUNT, order.member_id, HoldPoints(order.redemption_id, order.points, until, command.now))
    till.ask(REDEMPTION, order.redemption_id, Start(order, command.now))
    return till.changes


def _repeated(command: Redeem, order: Order) -> Changes:
    """E31: the same redemption is nothing new; another under its id is a mistake of the machine."""
    asked = (command.member_id, command.machine_id, command.item_id)
    if asked != (order.member_id, order.machine_id, order.item_id):
        raise IdempotencyKeyReused("This redemption was started for another member or item.")
    return []


@HANDLERS.on(ReportDispense)
def report_dispense(command: ReportDispense, read: Read) -> Changes:
    """What the hold's time says comes first: a word after it is late, though the timer may not have come yet."""
    till = Till(read)
    redemption = till.see(REDEMPTION, command.redemption_id)
    order, now = redemption.known, command.now
    till.see(ACCOUNT, order.member_id)
    till.see(GOODS, goods_id(order.machine_id, order.item_id))
    if order.machine_id != command.machine_id:
        raise NotFound("This redemption is at another machine.", field="redemption_id")
    if redemption.is_overdue(now):
        _end(till, order, "unconfirmed", now)
    match till.see(REDEMPTION, order.redemption_id).stage, command.result:
        case "held", "dispensed":
            _dispensed(till, order, now)
        case "expired", "dispensed":
            _dispensed_late(till, order, now)
        case "held" | "expired", "failed":
            _failed(till, order, command.reason, now)
        case ("dispensed" | "refunded", "dispensed") | ("failed", "failed"):
            pass  # said again: nothing new (K3)
        case stage, said:
            raise HoldExpired(f"The redemption is {stage} and the machine now says {said}.")
    return till.changes


def _dispensed(till: Till, order: Order, now: datetime) -> None:
    account = till.see(ACCOUNT, order.member_id)
    hold = account.hold(order.redemption_id)
    paid = account.portions(hold.allocations) if hold else ()
    till.ask(REDEMPTION, order.redemption_id, Confirm(paid, 0, now))
    till.ask(ACCOUNT, order.member_id, CaptureHold(order.redemption_id, order.redemption_id, now))
    till.ask(GOODS, goods_id(order.machine_id, order.item_id), DropUnit(order.redemption_id, now))


def _dispensed_late(till: Till, order: Order, now: datetime) -> None:
    """PT12."""
    account = till.see(ACCOUNT, order.member_id)
    for spent in till.ask(ACCOUNT, order.member_id, ChargePoints(order.redemption_id, order.points, now)):
        if isinstance(spent, PointsSpent):
            paid = account.portions(spent.allocations)
            till.ask(REDEMPTION, order.redemption_id, Confirm(paid, spent.debt, now))
    till.ask(GOODS, goods_id(order.machine_id, order.item_id), DropUnit(order.redemption_id, now))


def _failed(till: Till, order: Order, reason: str, now: datetime) -> None:
    """PT11: the points are back. After the hold's end they were before, and only the unit is seen to."""
    till.ask(REDEMPTION, order.redemption_id, Fail(reason, now))
    till.ask(ACCOUNT, order.member_id, ReleaseHold(order.redemption_id, "dispense_failed", now))
    till.ask(GOODS, goods_id(order.machine_id, order.item_id), BlockUnit(order.redemption_id, now))


def _end(till: Till, order: Order, why: Ending, now: datetime) -> None:
    till.ask(REDEMPTION, order.redemption_id, End(why, now))
    till.ask(ACCOUNT, order.member_id, ReleaseHold(order.redemption_id, why, now))
    till.ask(GOODS, goods_id(order.machine_id, order.item_id), FreeUnit(order.redemption_id, now))


@HANDLERS.on(ExpireRedemption)
def expire_redemption(command: ExpireRedemption, read: Read) -> Changes:
    """PT11: no word in time frees points and unit."""
    till, ref = Till(read), command.redemption_id
    redemption = till.see(REDEMPTION, ref)
    order = redemption.known
    till.see(ACCOUNT, order.member_id)
    till.see(GOODS, goods_id(order.machine_id, order.item_id))
    if not redemption.is_overdue(command.now):
        return [Change(REDEMPTION, ref, [DeadlineCleared(command.now, CONFIRM_TIMER, ref, "over")])]
    _end(till, order, "unconfirmed", command.now)
    return till.changes


@HANDLERS.on(RefundRedemption)
def refund_redemption(command: RefundRedemption, read: Read) -> Changes:
    """PT8: once, by a person of the station where the points were spent."""
    till, now = Till(read), command.now
    redemption = till.see(REDEMPTION, command.redemption_id)
    order = redemption.known
    till.see(ACCOUNT, order.member_id)
    if order.station_id != command.station_id:
        raise NotFound("This redemption was at another station.", field="redemption_id")
    if redemption.stage == "refunded":
        return []
    if redemption.stage != "dispensed":
        raise NothingToRefund
    till.ask(REDEMPTION, order.redemption_id, Refund(command.reason, now))
    refund = RefundPoints(order.redemption_id, redemption.paid, redemption.owed, now)
    till.ask(ACCOUNT, order.member_id, refund)
    return till.changes


@HANDLERS.on(NoteSuspension)
def note_suspension(command: NoteSuspension, read: Read) -> Changes:
    """Row 22: the member's holds are released. Goods that come out all the same are late (PT12)."""
    return _holds_released(command, "member_suspended", read)


@HANDLERS.on(NoteLeaving)
def note_leaving(command: NoteLeaving, read: Read) -> Changes:
    """As a suspension, and for good."""
    return _holds_released(command, "member_left", read)


def _holds_released(command: NoteSuspension | NoteLeaving, why: Ending, read: Read) -> Changes:
    till = Till(read)
    till.see(STANDING, command.member_id)
    running = [till.see(REDEMPTION, hold.hold_id) for hold in till.see(ACCOUNT, command.member_id).holds]
    for order in _orders(running):
        till.see(GOODS, goods_id(order.machine_id, order.item_id))
    if till.ask(STANDING, command.member_id, command):
        for order in _orders(running):
            _end(till, order, why, command.now)
    return till.changes


def _orders(redemptions: list[Redemption]) -> list[Order]:
    return [redemption.order for redemption in redemptions if redemption.order is not None]
