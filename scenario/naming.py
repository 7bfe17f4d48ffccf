"""Ids, people and times of a day. The same seed draws the same ids."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.clock import CHINA


class Names:
    """How the words of the day file are meant."""

    def __init__(self, data: Mapping[str, Any], seed: int) -> None:
        self._day, self._people = data["day"], data["people"]
        self._drawing = random.Random(seed)
        self._given: dict[str, str] = {}

    def at(self, text: str) -> datetime:
        """A time of the file; without a date it is one of D."""
        moment = text if " " in text else f"{self._day} {text}"
        return datetime.fromisoformat(moment).replace(tzinfo=CHINA)

    def text(self, time: str) -> str:
        """The same, as contracts have it."""
        return self.at(time).isoformat()

    def member(self, who: str) -> str:
        """V1 and the like are members by another name."""
        found: str = self._people.get(who, who)
        return found

    def drawn(self, word: str) -> str:
        """A new id."""
        return f"{word}-{self._drawing.getrandbits(64):016x}"

    def of(self, name: str) -> str:
        """The id of what the file calls so: drawn at its first mention."""
        if name not in self._given:
            self._given[name] = self.drawn(name)
        return self._given[name]

    def gate(self, station: str) -> str:
        """One of the two gates of a station."""
        return f"{station}-G{self._drawing.randint(1, 2)}"

    def shuffle(self, things: list[Any]) -> None:
        self._drawing.shuffle(things)


def till_of(merchant: str) -> str:
    """Each merchant has one terminal."""
    return f"{merchant}-till"
