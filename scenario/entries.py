"""The entries of a step in the day file, each as the actions that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from scenario.acts import Action, Told
from scenario.naming import Names
from shared.contracts.checkin import MemberScanned
from shared.contracts.points import PatrolReported

PATROL_APP = "patrol-app"
CHECKLIST = ("tables_chairs", "water", "extinguisher", "power_strips", "medicine_kit")

Entry: TypeAlias = Mapping[str, Any]


class Entries:
    """One reader for each word that a step may have."""

    def __init__(self, data: Entry, names: Names) -> None:
        self._data, self._names = data, names
        self._readers: dict[str, Callable[[int, Any], Iterator[Action]]] = {
            "visits": self._visit,
            "uploads": self._upload,
            "patrols": self._patrol,
            "passes": self._pass,
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

    def _scan(self, visit: Entry, direction: str, device: str = "", sent: str = "") -> Told:
        gate = self._names.gate(visit["station"])
        who = {"member_id": self._names.member(visit["who"]), "station_id": visit["station"], "gate_id": gate}
        times = {"scanned_at": self._names.text(device), "sent_at": self._names.text(sent)} if device else {}
        event = MemberScanned.model_validate({**who, "direction": direction, **times})
        return Told(gate, self._names.drawn("scan"), event)

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
