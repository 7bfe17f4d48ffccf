"""The entries of a step in the day file, each as the actions that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

from scenario.acts import Action, Caller, Order, Told
from scenario.feigning import feigned
from scenario.naming import Names
from scenario.welfare_entries import WelfareEntries
from shared.contracts.checkin import MemberScanned, ServiceUsed
from shared.contracts.checkin_bookings import BookingPresented
from shared.contracts.checkin_rota import DemandHeard
from shared.contracts.model import Contract
from shared.contracts.points import HazardSpotted, PatrolReported
from shared.contracts.points_goods import DispenseReported, GoodsRequested, MachineReported
from shared.log.codec import derived_id
from shared.reacting import intake_command_id

PATROL_APP = "patrol-app"
WORKER = ("worker",)
CHECKLIST = ("tables_chairs", "water", "extinguisher", "power_strips", "medicine_kit")

Entry: TypeAlias = Mapping[str, Any]


class Entries:
    """One reader for each word that a step may have."""

    def __init__(self, data: Entry, names: Names) -> None:
        self._data, self._names = data, names
        self._visits: dict[tuple[str, str], str] = {}  # the first visit of a member to a station
        self._readers: dict[str, Callable[[int, Any], Iterator[Action]]] = {
            "visits": self._visit,
            "uploads": self._upload,
            "patrols": self._patrol,
            "passes": self._pass,
            "starts": lambda step, entry: self._duty(step, entry, "start"),
            "ends": lambda step, entry: self._duty(step, entry, "end"),
            "hazards": self._hazard,
            "demands": self._demand,
            "bookings": self._booking,
            "collections": self._collection,
            "machines": self._machine,
            "redemptions": self._redemption,
            "ratings": self._rating,
            "services": self._service,
            "feigned": self._feign,
            **WelfareEntries(data, names).readers,
        }

    def actions(self, step: Entry) -> Iterator[Action]:
        """All that happens in a step, in the order of the file. Raises `KeyError` for a word that it may not have."""
        for word, entries in step.items():
            if word not in ("step", "time", "expected"):
                for entry in entries:
                    yield from self._readers[word](step["step"], entry)

    def _visit(self, step: int, visit: Entry) -> Iterator[Action]:
        for word, direction in (("in", "entry"), ("again", "entry"), ("out", "exit")):
            if word in visit:
                scan = self._scan(visit, direction)
                yield Action(self._names.at(visit[word]), step, visit["who"], (scan,))

    def _upload(self, step: int, upload: Entry) -> Iterator[Action]:
        ways = (("in", "entry"), ("out", "exit"))
        scans = tuple(self._scan(upload, direction, upload[word], upload["sent"]) for word, direction in ways)
        yield Action(self._names.at(upload["received"]), step, upload["who"], scans)

    def _patrol(self, step: int, patrol: Entry) -> Iterator[Action]:
        yield Action(self._names.at(patrol["filed"]), step, patrol["who"], (self._report(patrol),))

    def _pass(self, step: int, time: str) -> Iterator[Action]:
        """Only the clock moves."""
        yield Action(self._names.at(time), step, "")

    def _duty(self, step: int, entry: Entry, verb: str) -> Iterator[Action]:
        path = f"/duties/{entry['duty']}/{verb}"
        caller = Caller(entry["who"], WORKER)
        yield self._ordered(step, entry, Order("checkin", path, {}, self._names.drawn(verb), caller))

    def _hazard(self, step: int, hazard: Entry) -> Iterator[Action]:
        what = {name: hazard[name] for name in ("asset_id", "category", "suspected_severity") if name in hazard}
        where = {"hazard_id": self._names.of(hazard["hazard"]), "station_id": hazard["station"]}
        reporter = self._names.member(hazard["who"])
        yield self._told(step, hazard, PATROL_APP, HazardSpotted, {**where, **what, "reporter_id": reporter})

    def _demand(self, step: int, demand: Entry) -> Iterator[Action]:
        """The chief keeps the words first, and refers to them then."""
        chief, key = Caller(demand["who"], WORKER), self._names.drawn("words")
        words = {"subject": self._names.of(demand["demand"]), "text": f"A demand about {demand['category']}."}
        event = {
            "demand_id": self._names.of(demand["demand"]),
            "duty_id": demand["duty"],
            "station_id": self._data["duties"][demand["duty"]]["station"],
            "chief_id": chief.subject,
            "category": demand["category"],
            "deadline": self._names.text(demand["due"]),
            "content_ref": derived_id("content", chief.subject, key),
        }
        told = Told(chief.subject, self._names.drawn("demand"), DemandHeard.model_validate(event))
        order = Order("checkin", "/content", words, key, chief)
        yield Action(self._names.at(demand["at"]), step, chief.subject, (told,), orders=(order,))

    def _booking(self, step: int, booking: Entry) -> Iterator[Action]:
        member = self._names.member(booking["who"])
        path, key = f"/slot-pools/{booking['pool']}/book", self._names.drawn("booking")
        order = Order("checkin", path, {"member_id": member}, key, Caller(member, WORKER), booking.get("refused"))
        yield self._ordered(step, booking, order)

    def _collection(self, step: int, collection: Entry) -> Iterator[Action]:
        place, member = collection["place"], self._names.member(collection["who"])
        event = {"member_id": member, "place_id": place, "device_id": f"{place}-desk"}
        yield self._told(step, collection, f"{place}-desk", BookingPresented, event)

    def _machine(self, step: int, entry: Entry) -> Iterator[Action]:
        machine = entry["machine"]
        yield self._told(step, entry, machine, MachineReported, {"machine_id": machine, "state": "ready"})

    def _redemption(self, step: int, redemption: Entry) -> Iterator[Action]:
        """The machine asks, and some seconds later says whether the goods came out."""
        machine, member = redemption["machine"], self._names.member(redemption["who"])
        asked = {"redemption_id": self._names.drawn("redemption"), "machine_id": machine}
        goods = {**asked, "member_id": member, "item_id": redemption["item"]}
        yield self._told(step, redemption, machine, GoodsRequested, goods)
        if "result" in redemption:
            event = DispenseReported.model_validate({**asked, **redemption["result"]})
            later = self._names.at(redemption["at"]) + timedelta(seconds=20)
            yield Action(later, step, redemption["who"], (Told(machine, self._names.drawn("dispensed"), event),))

    def _service(self, step: int, used: Entry) -> Iterator[Action]:
        station, service = used["station"], used["service"]
        event = {"member_id": self._names.member(used["who"]), "station_id": station, "service": service}
        yield self._told(step, used, f"{station}-{service}", ServiceUsed, event)

    def _rating(self, step: int, rating: Entry) -> Iterator[Action]:
        member = self._names.member(rating["who"])
        path = f"/visits/{self._visits[member, rating['station']]}/rate"
        body, key = {"member_id": member, "stars": rating["stars"]}, self._names.drawn("stars")
        yield self._ordered(step, rating, Order("checkin", path, body, key, Caller(member, WORKER)))

    def _feign(self, step: int, entry: Entry) -> Iterator[Action]:
        at = self._names.at(entry["at"])
        yield Action(at, step, "", feigned=(feigned(entry, at, self._names),))

    def _ordered(self, step: int, entry: Entry, order: Order) -> Action:
        return Action(self._names.at(entry["at"]), step, entry["who"], orders=(order,))

    def _told(self, step: int, entry: Entry, source: str, kind: type[Contract], event: Entry) -> Action:
        told = Told(source, self._names.drawn(kind.__name__), kind.model_validate(event), entry.get("refused"))
        return Action(self._names.at(entry["at"]), step, entry.get("who", source), (told,))

    def _scan(self, visit: Entry, direction: str, device: str = "", sent: str = "") -> Told:
        gate, scan = self._names.gate(visit["station"]), self._names.drawn("scan")
        member = self._names.member(visit["who"])
        if direction == "entry":
            self._visits.setdefault((member, visit["station"]), intake_command_id(gate, scan))
        who = {"member_id": member, "station_id": visit["station"], "gate_id": gate}
        times = {"scanned_at": self._names.text(device), "sent_at": self._names.text(sent)} if device else {}
        return Told(gate, scan, MemberScanned.model_validate({**who, "direction": direction, **times}))

    def _report(self, patrol: Entry) -> Told:
        event = {
            "report_id": self._names.of(f"PR-{patrol['duty']}-{patrol['who']}"),
            "duty_id": patrol["duty"],
            "station_id": self._data["duties"][patrol["duty"]]["station"],
            "volunteer_id": self._names.member(patrol["who"]),
            "performed_from": self._names.text(patrol["from"]),
            "performed_to": self._names.text(patrol["to"]),
            "checklist": [{"item": item, "ok": True} for item in CHECKLIST],
        }
        return Told(PATROL_APP, self._names.drawn("report"), PatrolReported.model_validate(event))
