"""PointsRules: versions by their effect, key periods by station (PT1, PT5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.points.domain.rules import RULES, DeclareKeyPeriod, PublishRules, RulesOverlap
from shared.errors import ValidationFailed
from shared.testing.given import Given

from .the_day import INSTANT, at, book, key_period_s2, rules_known, rules_v1

SET_UP = at("00:00", "2026-01-22")
PUBLISH_V1 = PublishRules(version=1, effective_from=SET_UP, now=SET_UP)
DECLARE = DeclareKeyPeriod(("S2",), at("17:00"), at("19:00"), "evening_rush", SET_UP)


def test_pt1_the_values_of_the_sources_are_what_rules_say_unless_told_otherwise(given: Given) -> None:
    given().when(PUBLISH_V1).then(rules_known)


def test_the_same_rules_are_published_once(given: Given) -> None:
    given(rules_known).when(msgspec.structs.replace(PUBLISH_V1, now=at("12:00"))).then_nothing()


@pytest.mark.parametrize(
    "changed", [{"version": 2}, {"effective_from": SET_UP + INSTANT}, {"daily": 3}], ids=lambda value: str(*value)
)
def test_two_rules_never_share_a_version_or_a_moment(given: Given, changed: dict[str, Any]) -> None:
    given(rules_known).when(msgspec.structs.replace(PUBLISH_V1, **changed)).then_refused(RulesOverlap)


def test_rules_with_a_new_version_and_moment_are_published(given: Given) -> None:
    v2 = PublishRules(version=2, effective_from=at("00:00", "2026-02-01"), now=SET_UP, daily=3)
    scenario = given(rules_known).when(v2)
    assert len(scenario.events["rules-default"]) == 1


@pytest.mark.parametrize("changed", [{"version": 0}, {"daily": -1}, {"hazard": -1}, {"lot_months": 0}], ids=str)
def test_rules_that_make_no_sense_are_refused(given: Given, changed: dict[str, int]) -> None:
    given().when(msgspec.structs.replace(PUBLISH_V1, **changed)).then_refused(ValidationFailed)


@pytest.mark.parametrize(
    "moment, version",
    [
        (SET_UP - INSTANT, None),
        (SET_UP, 1),
        (at("00:00", "2026-02-01") - INSTANT, 1),
        (at("00:00", "2026-02-01"), 2),
    ],
)
def test_pt1_the_version_in_force_is_the_latest_whose_moment_has_come(moment: datetime, version: int | None) -> None:
    v2 = msgspec.structs.replace(rules_v1, version=2, effective_from=at("00:00", "2026-02-01"))
    in_force = RULES.fold([v2, rules_v1]).in_force_at(moment)
    assert (in_force.version if in_force else None) == version


def test_pt5_points_from_before_the_first_rules_expire_as_those_say() -> None:
    never = msgspec.structs.replace(rules_v1, lot_months=None)
    a_year_before = SET_UP - timedelta(days=366)
    assert RULES.fold([never]).lot_months_at(a_year_before) is None
    assert RULES.fold([rules_v1]).lot_months_at(a_year_before) == 12
    assert RULES.initial.lot_months_at(a_year_before) == 12


def test_a_key_period_is_declared_for_its_stations(given: Given) -> None:
    given(rules_known).when(DECLARE).then(book(key_period_s2))


def test_the_same_key_period_is_declared_once(given: Given) -> None:
    given(book(key_period_s2)).when(msgspec.structs.replace(DECLARE, now=at("12:00"))).then_nothing()


@pytest.mark.parametrize("changed", [{"stations": ()}, {"window_to": DECLARE.window_from}], ids=str)
def test_a_key_period_has_stations_and_a_length(given: Given, changed: dict[str, Any]) -> None:
    given().when(msgspec.structs.replace(DECLARE, **changed)).then_refused(ValidationFailed)


@pytest.mark.parametrize(
    "moment, inside",
    [
        (at("17:00") - INSTANT, False),
        (at("17:00"), True),
        (at("19:00") - INSTANT, True),
        (at("19:00"), False),
    ],
)
def test_k1_a_key_period_is_half_open(moment: datetime, inside: bool) -> None:
    rules = RULES.fold([key_period_s2])
    assert rules.is_key_period("S2", moment) is inside
    assert not rules.is_key_period("S1", moment)
