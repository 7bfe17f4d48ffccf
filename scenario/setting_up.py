"""What must be there before the day begins, as commands of staff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scenario.acts import Order
from scenario.naming import Names, till_of


class SettingUp:
    """Reads the upper part of the day file."""

    def __init__(self, data: Mapping[str, Any], names: Names) -> None:
        self._data, self._names = data, names

    def rounds(self) -> list[list[Order]]:
        """Each list may be done in any order, after the one before it."""
        facts = [*self._members(), *self._stations(), self._rules(), self._key_period(), *self._pools()]
        facts += [*self._budgets(), *self._merchants(), *self._campaigns()]
        more = [*self._hours(), *self._facilities(), *self._lots(), *self._machines(), *self._tills()]
        rest = [*self._duties(), *self._goods(), *self._publications()]
        stock = [*self._stock()]
        for orders in (facts, more, rest, stock):
            self._names.shuffle(orders)
        return [facts, more, rest, stock]

    def _order(self, service: str, path: str, **body: Any) -> Order:
        return Order(service, path, body, self._names.drawn("set-up"))

    def _members(self) -> Iterator[Order]:
        for member, trade in self._data["members"].items():
            yield self._order("checkin", "/members", member_id=member, trade=trade)

    def _stations(self) -> Iterator[Order]:
        for station, facts in self._data["stations"].items():
            place = {"city": "lanzhou", "county": "chengguan", "lat_e6": facts["lat_e6"], "lon_e6": facts["lon_e6"]}
            size = {"capacity": facts["capacity"], "always_open": facts.get("always_open", False)}
            yield self._order("checkin", "/stations", station_id=station, name=facts["name"], **place, **size)

    def _hours(self) -> Iterator[Order]:
        for station, facts in self._data["stations"].items():
            if "opens" in facts:
                times = {"opens_min": _minutes(facts["opens"]), "closes_min": _minutes(facts["closes"])}
                weekly = [{"weekday": weekday, **times} for weekday in range(1, 8)]
                yield self._order("checkin", f"/stations/{station}/set-hours", weekly=weekly)

    def _facilities(self) -> Iterator[Order]:
        for station, facts in self._data["stations"].items():
            path = f"/stations/{station}/change-facilities"
            yield self._order("checkin", path, facilities=facts["facilities"], out_of_service=[])

    def _pools(self) -> Iterator[Order]:
        for name, pool in self._data["pools"].items():
            when = {"starts_at": self._names.text(pool["from"]), "ends_at": self._names.text(pool["to"])}
            what = {"pool_id": name, "purpose": "collection", "place_id": pool["place"], "capacity": pool["capacity"]}
            yield self._order("checkin", "/slot-pools", **what, **when, campaign_id=pool["campaign"])

    def _machines(self) -> Iterator[Order]:
        for machine, facts in self._data["machines"].items():
            yield self._order("points", "/machines", machine_id=machine, station_id=facts["station"])

    def _goods(self) -> Iterator[Order]:
        for machine, facts in self._data["machines"].items():
            for item, goods in facts["goods"].items():
                path = f"/machines/{machine}/list-goods"
                yield self._order("points", path, item_id=item, price=goods["price"])

    def _stock(self) -> Iterator[Order]:
        for machine, facts in self._data["machines"].items():
            for item, goods in facts["goods"].items():
                what = {"station_id": facts["station"], "item_id": item, "units": goods["units"]}
                yield self._order("points", f"/machines/{machine}/restock", **what)

    def _budgets(self) -> Iterator[Order]:
        for budget, fen in self._data["budgets"].items():
            path = f"/budgets/{budget}/allocate"
            yield self._order("welfare", path, fen=fen, source_ref=f"{self._data['day']}-{budget}")

    def _merchants(self) -> Iterator[Order]:
        for merchant, category in self._data["merchants"].items():
            path = f"/merchants/{merchant}/onboard"
            yield self._order("welfare", path, category=category, contract_ref=f"2026-{merchant}")

    def _tills(self) -> Iterator[Order]:
        for merchant in self._data["merchants"]:
            path = f"/merchants/{merchant}/register-terminal"
            yield self._order("welfare", path, terminal_id=till_of(merchant))

    def _campaigns(self) -> Iterator[Order]:
        for campaign, facts in self._data["campaigns"].items():
            times = ("starts_at", "ends_at", "valid_until")
            terms = {name: self._names.text(value) if name in times else value for name, value in facts.items()}
            yield self._order("welfare", f"/campaigns/{campaign}/draft", **terms)

    def _publications(self) -> Iterator[Order]:
        for campaign in self._data["campaigns"]:
            yield self._order("welfare", f"/campaigns/{campaign}/publish")

    def _duties(self) -> Iterator[Order]:
        for name, duty in self._data["duties"].items():
            window = self._window(duty)
            what = {"duty_id": name, "kind": duty["kind"], "station_id": duty["station"], "theme": duty.get("theme")}
            people = [self._names.member(who) for who in duty["people"]]
            yield self._order("checkin", "/duties", **what, **window, people=people)

    def _lots(self) -> Iterator[Order]:
        for lot in self._data["opening_lots"]:
            path = f"/accounts/{self._names.member(lot['who'])}/grant-opening-lot"
            what = {"points": lot["points"], "source_ref": self._names.drawn("old")}
            yield self._order("points", path, **what, earned_at=self._names.text(lot["earned"]))

    def _rules(self) -> Order:
        rules = {**self._data["rules"], "effective_from": self._names.text(self._data["rules"]["effective_from"])}
        return self._order("points", "/rules", **rules)

    def _key_period(self) -> Order:
        period = self._data["key_period"]
        where = {"stations": period["stations"], "code": period["code"]}
        return self._order("points", "/key-periods", **where, **self._window(period))

    def _window(self, entry: Mapping[str, Any]) -> dict[str, str]:
        return {"window_from": self._names.text(entry["from"]), "window_to": self._names.text(entry["to"])}


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
