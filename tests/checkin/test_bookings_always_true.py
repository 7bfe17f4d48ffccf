"""Whatever is booked, cancelled, attended, suspended and timed, in any order (E10, E18, E19): a plain model agrees."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from hypothesis import given as every
from hypothesis import settings
from hypothesis import strategies as st

from services.checkin.domain.booking import (
    Book,
    CancelBooking,
    ClosePool,
    EndCollection,
    EndWaiting,
    RevokeBooking,
)
from services.checkin.domain.bookings import BOOKINGS, EndRight, ReleaseBookings
from services.checkin.domain.pool import POOL, Pool
from services.checkin.handlers import HANDLERS
from shared.decider import Changes, Command, Decider, DomainEvent
from shared.errors import Refused
from tests.checkin.slots import COUNTER, POOLS, coming
from tests.checkin.town import MEMBERS, MINUTE, at

CAPACITY = 2
GRACE = 15 * MINUTE
Act: TypeAlias = Literal["book", "wait", "cancel", "come", "refuse", "expire", "suspend", "close"]


@dataclass(frozen=True)
class Step:
    minutes: int
    act: Act
    member: str
    pool: str


def steps() -> st.SearchStrategy[list[Step]]:
    """Mostly bookings and cancellations; whole pools are closed now and then."""
    often: list[Act] = ["book", "wait", "wait", "wait", "cancel", "cancel", "come"]
    seldom: list[Act] = ["refuse", "expire", "suspend", "close"]
    act = st.one_of(*[st.sampled_from(often)] * 4, st.sampled_from(seldom))
    minutes = st.sampled_from([0, 0, 0, 0, 0, 1, 5, 20, 45])
    return st.lists(
        st.builds(Step, minutes, act, st.sampled_from(MEMBERS), st.sampled_from(sorted(POOLS))), max_size=60
    )


@dataclass
class Real:
    """The handlers, over streams in memory."""

    states: dict[str, Any] = field(default_factory=dict)
    events: list[DomainEvent] = field(default_factory=list)

    def read(self, decider: Decider[Any, Any, Any], entity: str) -> Any:
        return self.states.get(decider.stream(entity), decider.initial)

    def append(self, changes: Changes) -> None:
        for decider, entity, events in changes:
            self.states[decider.stream(entity)] = decider.fold(events, self.read(decider, entity))
            self.events += events

    def do(self, command: Command) -> str:
        """In short what became of it."""
        try:
            changes = HANDLERS.handle(command, self.read)
        except Refused as refusal:
            self.append(refusal.record)
            return refusal.code
        self.append(changes)
        return "done" if any(change.events for change in changes) else "nothing"

    def pool(self, pool_id: str) -> Pool:
        pool: Pool = self.read(POOL, pool_id)
        return pool


@dataclass
class Line:
    """A pool as one would keep it on paper: who has a place, who waits, who has come."""

    starts_at: datetime
    ends_at: datetime
    closed: bool = False
    seats: list[str] = field(default_factory=list)  # ids of bookings
    waiting: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def live(self) -> list[str]:
        return self.seats + self.waiting

    def free(self, booking: str, now: datetime) -> None:
        if booking in self.waiting:
            self.waiting.remove(booking)
        elif booking in self.seats:
            self.seats.remove(booking)
            if self.waiting and now < self.ends_at:
                self.seats.append(self.waiting.pop(0))


class Paper:
    """The plain model."""

    def __init__(self) -> None:
        self.lines = {name: Line(pool.starts_at, pool.ends_at) for name, pool in POOLS.items()}
        self.owner: dict[str, str] = {}
        self.vouchers = set(MEMBERS)

    def mine(self, member: str, line: Line) -> str | None:
        return next((booking for booking in line.live if self.owner[booking] == member), None)

    def pass_time(self, now: datetime) -> None:
        for line in self.lines.values():
            if not line.closed and now >= line.ends_at:
                line.waiting.clear()
            if not line.closed and now >= line.ends_at + GRACE:
                line.missed += line.seats
                line.seats.clear()

    def book(self, booking: str, member: str, pool: str, now: datetime, wait: bool) -> str:
        line = self.lines[pool]
        if line.closed:
            return "SLOT_CLOSED"
        if now >= line.ends_at:
            return "SLOT_IN_PAST"
        if member not in self.vouchers:
            return "BOOKING_NOT_ENTITLED"
        if any(self.mine(member, other) for other in self.lines.values()):
            return "BOOKING_DUPLICATE"
        if len(line.seats) + len(line.came) >= CAPACITY and not wait:
            return "SLOT_FULL"
        self.owner[booking] = member
        (line.seats if len(line.seats) + len(line.came) < CAPACITY else line.waiting).append(booking)
        return "done"

    def cancel(self, booking: str, pool: str, now: datetime) -> str:
        line = self.lines[pool]
        if booking in line.came + line.missed or (booking in line.seats and now >= line.starts_at):
            return "BOOKING_NOT_CANCELLABLE"
        if booking not in line.live:
            return "nothing"
        line.free(booking, now)
        return "done"

    def revoke(self, member: str, now: datetime) -> None:
        for line in self.lines.values():
            if booking := self.mine(member, line):
                line.free(booking, now)

    def close(self, pool: str, now: datetime) -> None:
        line = self.lines[pool]
        if not line.closed and now < line.ends_at + GRACE:
            line.closed = True
            line.seats.clear()
            line.waiting.clear()

    def come(self, member: str, now: datetime) -> str | None:
        """What must come of it where a slot can be attended; elsewhere it is some refusal or nothing."""
        for line in self.lines.values():
            if (booking := self.mine(member, line)) and line.starts_at <= now < line.ends_at + GRACE:
                if booking in line.waiting:
                    return "SLOT_FULL"
                line.seats.remove(booking)
                line.came.append(booking)
                return "done"
        return None


@dataclass
class Both:
    """A step is done by both; afterwards they agree."""

    real: Real = field(default_factory=Real)
    paper: Paper = field(default_factory=Paper)
    now: datetime = field(default_factory=lambda: at("09:00"))
    made: dict[tuple[str, str], str] = field(default_factory=dict)  # the last booking of a member in a pool

    def __post_init__(self) -> None:
        self.real.append(COUNTER)

    def pass_time(self, minutes: int) -> None:
        before, self.now = self.now, self.now + minutes * MINUTE
        for pool_id, pool in POOLS.items():
            if before < pool.ends_at <= self.now and not self.real.pool(pool_id).closed:
                self.real.do(EndWaiting(pool_id, pool.ends_at))
            if before < pool.over_at <= self.now and not self.real.pool(pool_id).closed:
                self.real.do(EndCollection(pool_id, pool.over_at))
        self.paper.pass_time(self.now)

    def do(self, number: int, step: Step) -> None:
        member, pool = step.member, step.pool
        booking = self.made.get((member, pool), "none")
        match step.act:
            case "book" | "wait":
                wait, name = step.act == "wait", f"b{number}"
                done = self.real.do(Book(name, pool, member, self.now, wait))
                assert done == self.paper.book(name, member, pool, self.now, wait)
                if done == "done":
                    self.made[member, pool] = name
            case "cancel" if booking != "none":
                done = self.real.do(CancelBooking(booking, pool, member, "by_member", self.now))
                assert done == self.paper.cancel(booking, pool, self.now)
            case "refuse" if booking != "none":
                self.real.do(RevokeBooking(booking, pool, "reservation_refused", self.now))
                self.paper.lines[pool].free(booking, self.now)
            case "come":
                done, wanted = self.real.do(coming(member, self.now)), self.paper.come(member, self.now)
                assert done == wanted or (wanted is None and done != "done")
            case "expire":
                self.real.do(EndRight(member, f"VC-{member}", "gift", self.now))
                if member in self.paper.vouchers:
                    self.paper.vouchers.discard(member)
                    self.paper.revoke(member, self.now)
            case "suspend":
                self.real.do(ReleaseBookings(member, "member_suspended", self.now))
                self.paper.revoke(member, self.now)
            case "close":
                self.real.do(ClosePool(pool, "stocktaking", self.now))
                self.paper.close(pool, self.now)
            case "cancel" | "refuse":
                pass

    def agree(self) -> None:
        for pool_id, line in self.paper.lines.items():
            pool = self.real.pool(pool_id)
            by_status = {s: [b.booking_id for b in pool.with_status(s)] for s in ("waiting", "attended", "no_show")}
            seats = {booking.booking_id for booking in pool.with_status("confirmed")}
            assert (seats, by_status["waiting"]) == (set(line.seats), line.waiting), pool_id
            assert set(by_status["attended"]) == set(line.came)
            assert set(by_status["no_show"]) == set(line.missed)
            assert len(seats) + len(line.came) <= CAPACITY
        live = {b: o for line in self.paper.lines.values() for b in line.live if (o := self.paper.owner[b])}
        assert max(Counter(live.values()).values(), default=0) <= 1, "somebody is twice in the campaign"
        for member in MEMBERS:
            held = {one.booking_id for one in self.real.read(BOOKINGS, member).live}
            assert held == {booking for booking, owner in live.items() if owner == member}


@settings(max_examples=300, deadline=None)
@every(steps())
def test_ck9_places_are_never_too_many_waiting_is_in_order_and_nobody_is_twice_in_a_campaign(
    script: list[Step],
) -> None:
    both = Both()
    for number, step in enumerate(script):
        both.pass_time(step.minutes)
        both.do(number, step)
        both.agree()
    both.pass_time(24 * 60)
    both.agree()
    assert all(not line.live for line in both.paper.lines.values())
