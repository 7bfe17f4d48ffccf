"""What a step says of welfare: meals, purchases with vouchers, lists of members, settlements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from scenario.acts import Action, Caller, Order, Told
from scenario.naming import Names, till_of
from shared.contracts.model import Contract
from shared.contracts.welfare_redemptions import RedemptionRequested, RedemptionReversalRequested

OFFICE = ("officer", "finance")

Entry: TypeAlias = Mapping[str, Any]


class WelfareEntries:
    """One reader for each word."""

    def __init__(self, data: Entry, names: Names) -> None:
        self._data, self._names = data, names
        self._last: dict[tuple[str, str], str] = {}  # the last redemption of a member at a merchant's
        self.readers: dict[str, Callable[[int, Any], Iterator[Action]]] = {
            "meals": self._meal,
            "purchases": self._purchase,
            "reversals": self._reversal,
            "lists": self._list,
            "settlements": self._settlement,
        }

    def _meal(self, step: int, meal: Entry) -> Iterator[Action]:
        """At the price of the campaign."""
        name, terms = next((name, one) for name, one in self._data["campaigns"].items() if one["kind"] == "meal")
        price = sum(terms[part] for part in ("face_fen", "worker_fen", "canteen_fen"))
        yield from self._purchase(step, {**meal, "campaign": name, "merchant": terms["merchants"][0], "basket": price})

    def _purchase(self, step: int, entry: Entry) -> Iterator[Action]:
        redemption = self._last[entry["who"], entry["merchant"]] = self._names.drawn("purchase")
        event = {"campaign_id": entry["campaign"], "basket_fen": entry["basket"]}
        yield self._told(step, entry, RedemptionRequested, redemption, event)

    def _reversal(self, step: int, entry: Entry) -> Iterator[Action]:
        """Of what the member has had there last."""
        redemption = self._last[entry["who"], entry["merchant"]]
        yield self._told(step, entry, RedemptionReversalRequested, redemption, {"reason": entry["reason"]})

    def _told(self, step: int, entry: Entry, kind: type[Contract], redemption: str, event: Entry) -> Action:
        merchant, till = entry["merchant"], till_of(entry["merchant"])
        who = {"member_id": self._names.member(entry["who"]), "merchant_id": merchant, "terminal_id": till}
        body = kind.model_validate({"redemption_id": redemption, **who, **event})
        told = Told(till, self._names.drawn(kind.__name__), body, entry.get("refused"))
        return Action(self._names.at(entry["at"]), step, entry["who"], (told,))

    def _list(self, step: int, entry: Entry) -> Iterator[Action]:
        path = f"/campaigns/{entry['campaign']}/lists/{entry['list']}/{entry['does']}"
        members = [self._names.member(who) for who in entry.get("members", ())]
        body = {"part": 1, "members": members} if members else {}
        yield self._ordered(step, entry, [(path, body)])

    def _settlement(self, step: int, entry: Entry) -> Iterator[Action]:
        paths = [f"/settlements/{merchant}-{self._data['day']}/{entry['does']}" for merchant in entry["merchants"]]
        pays = entry["does"] == "pay"
        yield self._ordered(step, entry, [(p, {"bank_ref": self._names.drawn("bank")} if pays else {}) for p in paths])

    def _ordered(self, step: int, entry: Entry, asked: list[tuple[str, Entry]]) -> Action:
        caller, refused = Caller(entry["who"], OFFICE), entry.get("refused")
        orders = [Order("welfare", p, body, self._names.drawn(entry["does"]), caller, refused) for p, body in asked]
        return Action(self._names.at(entry["at"]), step, entry["who"], orders=tuple(orders))
