"""An account by brute force: every single point is a thing of its own, debt is a number. Slow, and plain to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class Point:
    """One point. `where` is `free`, the id of a hold, or `gone`."""

    lot: str
    earned_at: datetime
    expires_at: datetime | None
    where: str = "free"

    def turn(self) -> tuple[bool, datetime, datetime, str]:
        return (self.expires_at is None, self.expires_at or self.earned_at, self.earned_at, self.lot)


@dataclass
class PlainAccount:
    points: list[Point] = field(default_factory=list)
    ledger: list[int] = field(default_factory=list)  # every movement, as a statement would show it
    debt: int = 0
    lifetime: int = 0
    given: dict[str, int] = field(default_factory=dict)  # what each source has given, 0 once it was taken back
    fired: set[str] = field(default_factory=set)  # lots whose timer has come while some of their points were held
    paid: dict[str, tuple[list[Point], int]] = field(default_factory=dict)  # by redemption: points, and what was owed

    def free(self, now: datetime) -> list[Point]:
        """What can be spent now, in the order of spending (PT6)."""
        live = [p for p in self.points if p.where == "free" and self._lives(p, now)]
        return sorted(live, key=Point.turn)

    def _lives(self, point: Point, now: datetime) -> bool:
        return point.lot not in self.fired and (point.expires_at is None or now < point.expires_at)

    def remaining(self, lot: str) -> int:
        return sum(p.lot == lot and p.where != "gone" for p in self.points)

    def held(self) -> int:
        return sum(p.where not in ("free", "gone") for p in self.points)

    def earn(self, lot: str, points: int, earned_at: datetime, expires_at: datetime | None, now: datetime) -> None:
        if lot in self.given:
            return
        self.given[lot] = points
        self.points += [Point(lot, earned_at, expires_at) for _ in range(points)]
        self.ledger.append(points)
        self.lifetime += points
        self._repay(now)

    def _repay(self, now: datetime) -> None:
        for point in self.free(now)[: self.debt]:
            point.where = "gone"
            self.debt -= 1

    def hold(self, hold: str, points: int, now: datetime) -> bool:
        free = self.free(now)
        if len(free) < points:
            return False
        for point in free[:points]:
            point.where = hold
        return True

    def capture(self, hold: str) -> None:
        spent = [p for p in self.points if p.where == hold]
        self._gone(spent)
        self.ledger.append(-len(spent))
        self.paid[hold] = (spent, 0)

    def release(self, hold: str, now: datetime) -> None:
        back = [p for p in self.points if p.where == hold]
        for point in back:
            point.where = "free"
        late = [p for p in back if not self._lives(p, now)]
        self._gone(late)
        self.ledger.append(-len(late))
        self._repay(now)

    def expire(self, lot: str, now: datetime) -> None:
        own = [p for p in self.points if p.lot == lot and p.where != "gone"]
        free = [p for p in own if p.where == "free"]
        if all(self._lives(p, now) for p in own):
            return
        self._gone(free)
        self.ledger.append(-len(free))
        if len(free) < len(own):
            self.fired.add(lot)

    def charge(self, redemption: str, points: int, now: datetime) -> None:
        taken = self.free(now)[:points]
        self._gone(taken)
        owed = points - len(taken)
        self.debt += owed
        self.ledger.append(-points)
        self.paid[redemption] = (taken, owed)

    def refund(self, redemption: str, now: datetime, lasts: timedelta) -> None:
        spent, owed = self.paid.pop(redemption)
        forgiven = min(owed, self.debt)
        self.debt -= forgiven
        stale = [p for p in spent if not self._takes_back(p, now)]
        for point in spent:
            if point not in stale:
                self.points.append(Point(point.lot, point.earned_at, point.expires_at))
        renewed = len(stale) + owed - forgiven
        self.points += [Point(f"refund:{redemption}", now, now + lasts) for _ in range(renewed)]
        self.ledger.append(len(spent) + owed)
        self._repay(now)

    def _takes_back(self, point: Point, now: datetime) -> bool:
        return (point.expires_at is None or now < point.expires_at) and point.lot not in self.fired

    def reverse(self, lot: str, now: datetime) -> None:
        points = self.given.get(lot, 0)
        self.given[lot] = 0
        taken = sorted(self.free(now), key=lambda p: p.lot != lot)[:points]
        self._gone(taken)
        self.debt += points - len(taken)
        self.ledger.append(-points)
        self.lifetime -= points

    @staticmethod
    def _gone(points: list[Point]) -> None:
        for point in points:
            point.where = "gone"
