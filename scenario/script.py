"""The day as data: reads `day.yaml`, and lays it out as actions at moments, with ids and doors drawn by a seed.

The same seed draws the same ids: playing on after an interruption, or twice, does nothing a second time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml

from shared.clock import CHINA
from shared.contracts.checkin import MemberScanned
from shared.contracts.model import Contract
from shared.contracts.points import PatrolReported

DAY = Path(__file__).with_name("day.yaml")
PATROL_APP = "patrol-app"
Door: TypeAlias = Literal["http", "binary", "structured"]
CHECKLIST = ("tables_chairs", "water", "extinguisher", "power_strips", "medicine_kit")


@dataclass(frozen=True)
class Order:
    """A command by HTTP, given by staff."""

    service: str
    path: str
    body: Mapping[str, Any]
    key: str


@dataclass(frozen=True)
class Told:
    """What a machine tells by either door: its name, the event and the event's id."""

    source: str
    id: str
    event: Contract


@dataclass(frozen=True)
class Action:
    """What one person does at one moment."""

    at: datetime
    step: int
    who: str
    told: tuple[Told, ...] = ()
    door: Door = "http"


@dataclass(frozen=True)
class Moment:
    """All that happens at one time, in the order of the seed."""

    at: datetime
    actions: tuple[Action, ...]


class Day:
    """One way to play the day."""

    def __init__(self, seed: int, source: Path = DAY) -> None:
        self.seed = seed
        self.data: Mapping[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
        self._people: Mapping[str, str] = self.data["people"]
        self._drawing = random.Random(seed)
        self.begins, self.ends = self.at(self.data["begins"]), self.at(self.data["ends"])
        self.reports = {(p["duty"], p["who"]): self._id("PR") for s in self.steps for p in s.get("patrols", ())}
        self.setup = self._setup()
        self.moments = self._moments()

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        return list(self.data["steps"])

    def at(self, text: str) -> datetime:
        """A time of the file; without a date it is one of D."""
        moment = text if " " in text else f"{self.data['day']} {text}"
        return datetime.fromisoformat(moment).replace(tzinfo=CHINA)

    def member(self, who: str) -> str:
        """V1 and the like are members by another name."""
        return self._people.get(who, who)

    def _id(self, word: str) -> str:
        return f"{word}-{self._drawing.getrandbits(64):016x}"

    def _setup(self) -> list[list[Order]]:
        """What must be there before: each list may be done in any order, after the one before it."""
        facts = [*self._members(), *self._stations(), self._rules(), self._key_period()]
        rest = [*self._hours(), *self._lots(), *self._duties()]
        for orders in (facts, rest):
            self._drawing.shuffle(orders)
        return [facts, rest]

    def _order(self, service: str, path: str, **body: Any) -> Order:
        return Order(service, path, body, self._id("set-up"))

    def _members(self) -> Iterator[Order]:
        for member, trade in self.data["members"].items():
            yield self._order("checkin", "/members", member_id=member, trade=trade)

    def _stations(self) -> Iterator[Order]:
        for station, facts in self.data["stations"].items():
            place = {"city": "lanzhou", "county": "chengguan", "lat_e6": facts["lat_e6"], "lon_e6": facts["lon_e6"]}
            size = {"capacity": facts["capacity"], "always_open": facts.get("always_open", False)}
            yield self._order("checkin", "/stations", station_id=station, **place, **size)

    def _hours(self) -> Iterator[Order]:
        for station, facts in self.data["stations"].items():
            if "opens" in facts:
                times = {"opens_min": _minutes(facts["opens"]), "closes_min": _minutes(facts["closes"])}
                weekly = [{"weekday": weekday, **times} for weekday in range(1, 8)]
                yield self._order("checkin", f"/stations/{station}/set-hours", weekly=weekly)

    def _duties(self) -> Iterator[Order]:
        for name, duty in self.data["duties"].items():
            window = {"window_from": self._text(duty["from"]), "window_to": self._text(duty["to"])}
            what = {"duty_id": name, "kind": duty["kind"], "station_id": duty["station"], "theme": duty.get("theme")}
            yield self._order("checkin", "/duties", **what, **window, people=[self.member(p) for p in duty["people"]])

    def _lots(self) -> Iterator[Order]:
        for lot in self.data["opening_lots"]:
            path = f"/accounts/{self.member(lot['who'])}/grant-opening-lot"
            earned_at = self._text(lot["earned"])
            yield self._order("points", path, points=lot["points"], source_ref=self._id("old"), earned_at=earned_at)

    def _rules(self) -> Order:
        rules = {**self.data["rules"], "effective_from": self._text(self.data["rules"]["effective_from"])}
        return self._order("points", "/rules", **rules)

    def _key_period(self) -> Order:
        period = self.data["key_period"]
        window = {"window_from": self._text(period["from"]), "window_to": self._text(period["to"])}
        return self._order("points", "/key-periods", stations=period["stations"], code=period["code"], **window)

    def _text(self, time: str) -> str:
        return self.at(time).isoformat()

    def _moments(self) -> tuple[Moment, ...]:
        """By the clock; people who act at the same time do so in any order, as nobody does two things at once."""
        actions = [action for step in self.steps for action in self._actions(step)]
        actions = self._through_doors(actions)
        self._drawing.shuffle(actions)
        actions.sort(key=lambda action: action.at)
        return tuple(Moment(at, tuple(those)) for at, those in groupby(actions, key=lambda action: action.at))

    def _through_doors(self, actions: list[Action]) -> list[Action]:
        """One half tells by HTTP, the other by Kafka, of which every fourth sends structured events."""
        doors: list[Door] = ["http", "binary", "http", "binary", "http", "binary", "http", "structured"]
        dealt = [doors[number % len(doors)] for number in range(len(actions))]
        self._drawing.shuffle(dealt)
        return [replace(action, door=door) for action, door in zip(actions, dealt, strict=True)]

    def _actions(self, step: Mapping[str, Any]) -> Iterator[Action]:
        number = step["step"]
        for visit in step.get("visits", ()):
            for word, direction in (("in", "entry"), ("again", "entry"), ("out", "exit")):
                if word in visit:
                    scan = self._scan(visit, direction)
                    yield Action(self.at(visit[word]), number, visit["who"], (scan,))
        for upload in step.get("uploads", ()):
            ways = (("in", "entry"), ("out", "exit"))
            scans = tuple(self._scan(upload, direction, upload[word], upload["sent"]) for word, direction in ways)
            yield Action(self.at(upload["received"]), number, upload["who"], scans)
        for patrol in step.get("patrols", ()):
            yield Action(self.at(patrol["filed"]), number, patrol["who"], (self._report(patrol),))
        for time in step.get("passes", ()):
            yield Action(self.at(time), number, "")

    def _scan(self, visit: Mapping[str, Any], direction: str, device: str = "", sent: str = "") -> Told:
        gate = f"{visit['station']}-G{self._drawing.randint(1, 2)}"
        who = {"member_id": self.member(visit["who"]), "station_id": visit["station"], "gate_id": gate}
        times = {"scanned_at": self._text(device), "sent_at": self._text(sent)} if device else {}
        return Told(gate, self._id("scan"), MemberScanned.model_validate({**who, "direction": direction, **times}))

    def _report(self, patrol: Mapping[str, Any]) -> Told:
        duty = self.data["duties"][patrol["duty"]]
        event = {
            "report_id": self.reports[patrol["duty"], patrol["who"]],
            "duty_id": patrol["duty"],
            "station_id": duty["station"],
            "volunteer_id": self.member(patrol["who"]),
            "performed_from": self._text(patrol["from"]),
            "performed_to": self._text(patrol["to"]),
            "checklist": [{"item": item, "ok": True} for item in CHECKLIST],
        }
        return Told(PATROL_APP, self._id("report"), PatrolReported.model_validate(event))


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
