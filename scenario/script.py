"""The day as data: reads `day.yaml`, and lays it out as actions at moments, with ids and doors drawn by a seed.

The same seed draws the same ids: playing on after an interruption, or twice, does nothing a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from scenario.acts import Action, Door, Moment
from scenario.entries import Entries
from scenario.naming import Names
from scenario.setting_up import SettingUp

DAY = Path(__file__).with_name("day.yaml")


class Day:
    """One way to play the day."""

    def __init__(self, seed: int, source: Path = DAY) -> None:
        self.seed = seed
        self.data: Mapping[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
        self.names = Names(self.data, seed)
        self.begins, self.ends = self.at(self.data["begins"]), self.at(self.data["ends"])
        self.setup = SettingUp(self.data, self.names).rounds()
        self.moments = self._moments()
        patrols = [patrol for step in self.steps for patrol in step.get("patrols", ())]
        self.reports = {(p["duty"], p["who"]): self.names.of(f"PR-{p['duty']}-{p['who']}") for p in patrols}

    @property
    def beside(self) -> Mapping[str, Any]:
        """What is done the evening before, and what the page does not speak of, as step 0."""
        return {"step": 0, **self.data["evening"], "services": self.data["services"]}

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        return list(self.data["steps"])

    def at(self, text: str) -> datetime:
        """A time of the file; without a date it is one of D."""
        return self.names.at(text)

    def member(self, who: str) -> str:
        """V1 and the like are members by another name."""
        return self.names.member(who)

    def _moments(self) -> tuple[Moment, ...]:
        """By the clock; people who act at the same time do so in any order, as nobody does two things at once."""
        entries = Entries(self.data, self.names)
        steps = [self.beside, *self.steps]
        actions = self._through_doors([action for step in steps for action in entries.actions(step)])
        self.names.shuffle(actions)
        actions.sort(key=lambda action: action.at)
        return tuple(Moment(at, tuple(those)) for at, those in groupby(actions, key=lambda action: action.at))

    def _through_doors(self, actions: list[Action]) -> list[Action]:
        """One half tells by HTTP, the other by Kafka, of which every fourth sends structured events."""
        doors: list[Door] = ["http", "binary", "http", "binary", "http", "binary", "http", "structured"]
        dealt = [doors[number % len(doors)] for number in range(len(actions))]
        self.names.shuffle(dealt)
        return [replace(action, door=door) for action, door in zip(actions, dealt, strict=True)]
