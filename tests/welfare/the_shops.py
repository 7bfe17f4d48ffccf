"""Two merchants, three members, one budget, and all that may happen to them, in any order: what histories are made of.

Commands go through the handlers, what they cause comes later, and timers come when a history says so, late as a rule.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.welfare.domain.allowance import SetOfflineAllowance
from services.welfare.domain.budget import BUDGET, AllocateBudget, FreezeBudget, UnfreezeBudget
from services.welfare.domain.campaign import DraftCampaign, PauseCampaign, PublishCampaign, ResumeCampaign
from services.welfare.domain.collection import (
    AttendCollection,
    Booked,
    CancelCollection,
    MissCollection,
    ReserveForBooking,
)
from services.welfare.domain.device_time import moment_of
from services.welfare.domain.dispute import DecideDispute, DisputeLine
from services.welfare.domain.giving import Claim, EvaluateVisit
from services.welfare.domain.member import NoteReinstatement, NoteSuspension
from services.welfare.domain.merchant import (
    LeaveMerchant,
    OnboardMerchant,
    RegisterTerminal,
    RemoveTerminal,
    ResumeMerchant,
    SuspendMerchant,
)
from services.welfare.domain.redemption import Redeem, ReverseRedemption
from services.welfare.domain.redemption_events import Asked
from services.welfare.domain.settlement import (
    ApproveSettlement,
    DenySettlement,
    PaySettlement,
    SettlementCreated,
    VerifySettlement,
)
from services.welfare.domain.target_list import ApproveList, UploadPart
from services.welfare.domain.terms import Phase
from services.welfare.domain.voucher_commands import HoldAtTill, ReleaseAtTill, RevokeVoucher
from services.welfare.domain.voucher_events import VoucherIssued
from services.welfare.policies import POLICIES, TIMERS
from shared.decider import Change, Command, DeadlineCleared, DeadlineSet, Decider, DomainEvent
from shared.errors import Refused

from .audit import Audited
from .shop import BREAKFAST, DRINKS, GIFTS, TERMS, at

AUDITED = Audited()
BEGIN = at("05:00", "2026-01-22")
MEMBERS, MERCHANTS, BOOKINGS = ("W01", "W02", "W03"), ("K1", "M1"), ("BK1", "BK2", "BK3")
BUDGET_ID = "B-ONE"
END = at("11:00", "2026-01-24")  # of gifts and seasons, within a slot that can be booked
SLOTS = tuple((at("10:00", f"2026-01-{day}"), at("11:00", f"2026-01-{day}")) for day in (22, 23, 24))
BUT = {"budget_id": BUDGET_ID, "merchants": ()}
CAMPAIGNS = {
    "breakfast": msgspec.structs.replace(BREAKFAST, **BUT, window_from=None, window_to=None),
    "drinks": msgspec.structs.replace(DRINKS, **BUT),
    "gifts": msgspec.structs.replace(GIFTS, **BUT, face_fen=500, valid_until=END),
    "seasons": msgspec.structs.replace(
        DRINKS, **BUT, kind="phased", valid_until=END, phases=(Phase("a", BEGIN, SLOTS[1][0]), Phase("b", *SLOTS[1]))
    ),
}
LAGS = (0, 0, 0, 0, 1, 20, 180, 1440, 5000)  # minutes until we are told
FEN = (100, 300, 700)
SHIFT = timedelta(minutes=1)

Step = tuple[int, str, int, int, int]  # minutes since the step before, what, who, which, how


class Shops:
    """All that was decided, what is still to be done about it, and which timers are set."""

    def __init__(self) -> None:
        self.log: list[tuple[str, DomainEvent]] = []
        self.streams: dict[str, tuple[Decider[Any, Any, Any], str, list[DomainEvent]]] = {}
        self.states: dict[str, Any] = {}
        self.timers: dict[tuple[str, str, str], datetime] = {}
        self.waiting: deque[Command] = deque()
        self.now, self.asked = BEGIN, 0
        for command in self._opening():
            self.give(command)
        self.drain()

    def _opening(self) -> Iterable[Command]:
        yield AllocateBudget(BUDGET_ID, 4000, "2026-001", BEGIN)
        for name, terms in CAMPAIGNS.items():
            yield DraftCampaign(name, terms, BEGIN)
            yield PublishCampaign(name, BEGIN)
        for merchant_id in MERCHANTS:
            yield OnboardMerchant(merchant_id, TERMS, BEGIN)
            yield RegisterTerminal(merchant_id, f"{merchant_id}-till", BEGIN)
        yield UploadPart("gifts", "L1", 0, MEMBERS, "P1", BEGIN)
        yield ApproveList("gifts", "L1", "P2", BEGIN)

    def read(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        return self.states.get(decider.stream(entity), decider.initial)

    def all(self, decider: Decider[Any, Any, Any]) -> dict[str, Any]:
        """The state of each entity of this aggregate."""
        return {entity: self.states[name] for name, (one, entity, _) in self.streams.items() if one is decider}

    def of(self, kind: type[Any]) -> list[Any]:
        """Events of this type, the oldest first."""
        return [event for _, event in self.log if isinstance(event, kind)]

    def give(self, command: Command) -> list[DomainEvent]:
        """Do it. A refusal is an answer, too: what it records is kept."""
        try:
            changes: Iterable[Change] = AUDITED.handle(command, self.read)
        except Refused as refusal:
            changes = refusal.record
        done: list[DomainEvent] = []
        for decider, entity, events in changes:
            name = decider.stream(entity)
            self.states[name] = decider.fold(events, self.read(decider, entity))
            self.streams.setdefault(name, (decider, entity, []))[2].extend(events)
            for event in events:
                self._note(name, event)
                done.append(event)
        return done

    def _note(self, name: str, event: DomainEvent) -> None:
        self.log.append((name, event))
        if isinstance(event, DeadlineSet):
            self.timers[name, event.name, event.ref] = event.due_at
        elif isinstance(event, DeadlineCleared):
            self.timers.pop((name, event.name, event.ref), None)
        for reaction in POLICIES.reactions.get(type(event), []):
            self.waiting.extend(POLICIES.ask(reaction, event, event.at))

    def drain(self) -> None:
        while self.waiting:
            self.give(self.waiting.popleft())

    def fire(self, most: int = 1000) -> None:
        """Timers that are due, the earliest first; of equal times the last of the table."""
        for _ in range(most):
            due = [(moment, key) for key, moment in self.timers.items() if moment <= self.now]
            if not due:
                return
            moment, key = min(reversed(due), key=lambda one: one[0])
            decider, entity, _ = self.streams[key[0]]
            self.timers.pop(key)  # as the rules of a timer's table do, before what its command sets
            self.give(TIMERS[decider.category, key[1]](entity, key[2], moment))

    def do(self, step: Step) -> None:
        minutes, what, who, which, how = step
        self.now += minutes * SHIFT
        if what == "edge":  # the very moment at which the next timer is due
            self.now = max(self.now, min(self.timers.values(), default=self.now))
        elif what == "fire":
            self.fire(1000 if how else 1)
        else:
            command = COMMANDS[what](self, who, which, how)
            if command is not None:
                self.give(command)
                self.repeat(command)
        if how != 1:
            self.drain()

    def repeat(self, command: Command) -> None:
        """K2, K3: told once more under another id it moves no money, whatever it is."""
        before = self.read(BUDGET, BUDGET_ID)
        self.give(command)
        after = self.read(BUDGET, BUDGET_ID)
        if not isinstance(command, AllocateBudget):
            assert before == after, f"{command} has an effect twice"

    def voucher(self, which: int) -> VoucherIssued:
        issued: list[VoucherIssued] = self.of(VoucherIssued)
        return issued[-1 - which % len(issued)]

    def settlement(self, which: int) -> str:
        created: list[SettlementCreated] = self.of(SettlementCreated)
        one = created[-1 - which % len(created)] if created else None
        return f"{one.merchant_id}-{one.day.isoformat()}" if one else "none"


def _redeem(shops: Shops, who: int, which: int, how: int, **wish: Any) -> Command:
    """At every other try offline, and told so much later."""
    shops.asked += 1
    merchant_id, lag = MERCHANTS[which % 2], LAGS[how % len(LAGS)] * SHIFT
    moment = moment_of(shops.now - lag if lag else None, shops.now if lag else None, shops.now, "redeemed_at")
    facts: dict[str, Any] = {"member_id": MEMBERS[who % 3], "basket_fen": FEN[how % 3], **wish}
    facts |= {"redemption_id": f"R{shops.asked}", "merchant_id": merchant_id, "terminal_id": f"{merchant_id}-till"}
    return Redeem(Asked(redeemed_at=moment.at, told_at=moment.told, flags=moment.flags, **facts), shops.now)


def _meal(shops: Shops, who: int, which: int, how: int) -> Command:
    return _redeem(shops, who, which, how, campaign_id="breakfast", basket_fen=600)


def _buy(shops: Shops, who: int, which: int, how: int) -> Command:
    ref = {"reservation_ref": f"T{which % 2}"} if which % 3 else {}
    return _redeem(shops, who, which, how, campaign_id=("drinks", "gifts", "seasons")[which % 3], **ref)


def _use(shops: Shops, who: int, which: int, how: int) -> Command:
    issued = shops.voucher(which)
    return _redeem(shops, who, who, how, voucher_id=issued.voucher_id, member_id=issued.member_id)


def _till(shops: Shops, which: int) -> tuple[str, str]:
    return MERCHANTS[which % 2], f"{MERCHANTS[which % 2]}-till"


def _hold(shops: Shops, who: int, which: int, how: int) -> Command:
    issued = shops.voucher(which)
    return HoldAtTill(issued.voucher_id, issued.member_id, *_till(shops, who), f"T{how % 2}", shops.now)


def _release(shops: Shops, who: int, which: int, how: int) -> Command:
    issued = shops.voucher(which)
    return ReleaseAtTill(issued.voucher_id, issued.member_id, *_till(shops, who), None, shops.now)


def _booking(shops: Shops, who: int, which: int, how: int) -> tuple[str, Booked, datetime]:
    """Each booking is of one member, and is told a while later."""
    number = who % 3
    booked = Booked("pool", MEMBERS[number], "gifts", MERCHANTS[number % 2])
    return BOOKINGS[number], booked, shops.now - LAGS[how % 7] * SHIFT


def _confirm(shops: Shops, who: int, which: int, how: int) -> Command:
    booking_id, booked, moment = _booking(shops, who, which, how)
    return ReserveForBooking(booking_id, booked, *SLOTS[which % 3], moment)


def _cancel(shops: Shops, who: int, which: int, how: int) -> Command:
    booking_id, booked, moment = _booking(shops, who, which, how)
    return CancelCollection(booking_id, booked, "by_member", moment)


def _verify(shops: Shops, who: int, which: int, how: int) -> Command:
    kind = VerifySettlement if how % 2 else ApproveSettlement
    return kind(shops.settlement(which), f"A{who % 2}", shops.now)


def _member(shops: Shops, who: int, which: int, how: int) -> Command:
    kind = NoteSuspension if how == 0 else NoteReinstatement
    return kind(MEMBERS[who % 3], shops.now - LAGS[which + 1] * SHIFT)


def _merchant(shops: Shops, who: int, which: int, how: int) -> Command:
    merchant_id = MERCHANTS[who % 2]
    if how % 4 == 0:
        return SuspendMerchant(merchant_id, "licence", shops.now)
    if how % 4 == 1:
        return LeaveMerchant(merchant_id, shops.now)
    return ResumeMerchant(merchant_id, shops.now) if which % 2 else OnboardMerchant(merchant_id, TERMS, shops.now)


def _terminal(shops: Shops, who: int, which: int, how: int) -> Command:
    kind = RemoveTerminal if how == 0 else RegisterTerminal
    return kind(*_till(shops, who), shops.now)


def _budget(shops: Shops, who: int, which: int, how: int) -> Command:
    if how == 0:
        return FreezeBudget(BUDGET_ID, "audit", shops.now)
    return UnfreezeBudget(BUDGET_ID, shops.now) if how % 2 else AllocateBudget(BUDGET_ID, 300, "more", shops.now)


def _campaign(shops: Shops, who: int, which: int, how: int) -> Command:
    name = list(CAMPAIGNS)[which % 4]
    return ResumeCampaign(name, shops.now) if how else PauseCampaign(name, "officer", shops.now)


def _dispute(shops: Shops, who: int, which: int, how: int) -> Command:
    """By a case it may come before the redemption that it is about."""
    case = {"case_id": f"C{which}"} if how % 2 else {}
    return DisputeLine(f"R{max(1, shops.asked + 1 - which)}", "not_served", "A1", shops.now, **case)


def _decide(shops: Shops, who: int, which: int, how: int) -> Command | None:
    names = [name.partition("-")[2] for name in shops.streams if name.startswith("dispute-")]
    if not names:
        return None
    redemption_id = names[-1 - which % len(names)]
    opened = shops.states[f"dispute-{redemption_id}"].opened
    where = f"{opened.merchant_id}-{opened.day.isoformat()}" if opened else "none"
    return DecideDispute(where, redemption_id, "upheld" if how % 2 else "denied", "A1", shops.now)


COMMANDS: dict[str, Callable[[Shops, int, int, int], Command | None]] = {
    "visit": lambda s, who, which, how: EvaluateVisit(
        f"V{len(s.log)}", MEMBERS[who % 3], "S1", s.now - LAGS[how % 8] * SHIFT
    ),
    "claim": lambda s, who, which, how: Claim("seasons", MEMBERS[who % 3], s.now),
    "meal": _meal, "buy": _buy, "use": _use, "hold": _hold, "release": _release,
    "confirm": _confirm, "cancel": _cancel,
    "miss": lambda s, who, which, how: MissCollection(*_booking(s, who, which, how)),
    "attend": lambda s, who, which, how: AttendCollection(*_booking(s, who, which, how)),
    "reverse": lambda s, who, which, how: ReverseRedemption(f"R{max(1, s.asked - which)}", "mistake", s.now),
    "revoke": lambda s, who, which, how: RevokeVoucher(s.voucher(which).voucher_id, "fraud", s.now),
    "allow": lambda s, who, which, how: SetOfflineAllowance(*_till(s, who), BUDGET_ID, FEN[how % 3], s.now),
    "verify": _verify,
    "pay": lambda s, who, which, how: PaySettlement(s.settlement(which), f"BANK-{which}", "A1", s.now),
    "deny": lambda s, who, which, how: DenySettlement(s.settlement(which), "price", f"A{who % 2}", s.now),
    "dispute": _dispute, "decide": _decide, "member": _member, "merchant": _merchant, "terminal": _terminal,
    "budget": _budget, "campaign": _campaign,
}  # fmt: skip
