"""What people see of star reviews: the figures so far, stars awarded, history; and stars on cards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from services.checkin.domain.overdue import OverdueNoted, SettledNoted
from services.checkin.domain.period import period_named
from services.checkin.domain.review import StandardInspected, StarRatingAwarded
from services.checkin.domain.scoring import Tally
from services.checkin.domain.standing import (
    ActionOverdueNoted,
    AnswerRatingNoted,
    DemandClosingNoted,
    DemandNoted,
    PatrolNote,
    PatrolNoted,
    RatingCounted,
    RatingTakenBack,
)
from services.checkin.domain.values import STANDARD_ITEMS
from services.checkin.projections import review_scores, station_card, station_live
from services.checkin.projections.reviews import REVIEWS
from shared.clock import CHINA
from shared.decider import DomainEvent
from shared.errors import NotFound
from shared.testing.infrastructure import Databases
from tests.checkin.read_models import ReadModels, tables_of
from tests.checkin.review import DUE, NOON, Q1, inspect
from tests.checkin.town import HOUR, at, s1_hours, s1_registered, s2_registered

PROJECTIONS = (REVIEWS, station_card.STATION_CARD, station_live.STATION_LIVE)
Q2 = "2026-Q2"
WHERE = ("S1", Q1)


@pytest_asyncio.fixture
async def models(databases: Databases) -> AsyncIterator[ReadModels]:
    models = ReadModels(databases.fresh("reviews", tables_of(*PROJECTIONS)), *PROJECTIONS)
    elsewhere = msgspec.structs.replace(s2_registered, station_id="S3", county="n2")
    foreign = msgspec.structs.replace(s2_registered, station_id="S4", org_id="O2")
    await models.told(s1_registered, s1_hours, s2_registered, elsewhere, foreign)
    yield models
    await models.database.close()


def inspected(*failed: str, moment: datetime = NOON, station: str = "S1", period: str = Q1) -> StandardInspected:
    return StandardInspected(moment, station, period, inspect(*failed).items, "I1")


def awarded(
    stars: int, score_e2: int, *caps: str, station: str = "S1", period: str = Q1, moment: datetime = DUE
) -> StarRatingAwarded:
    tally = Tally(8, 4, 19, 2, 2, 13, 4, 0)
    return StarRatingAwarded(moment, station, period, score_e2, stars, caps, tally, "P1")


async def review(models: ReadModels, now: datetime = NOON, station: str = "S1", period: str = Q1) -> dict[str, Any]:
    async with models.view() as view:
        return await review_scores.of_station(view, station, period_named(period), now)


async def reviews(models: ReadModels, county: str | None = None, limit: int = 50, after: str = "") -> dict[str, Any]:
    async with models.view() as view:
        where = review_scores.Where("O1", county)
        return await review_scores.of_stations(view, where, period_named(Q1), NOON, limit, after)


def ratings(*stars: int) -> list[DomainEvent]:
    return [RatingCounted(NOON, *WHERE, f"v{number}", one) for number, one in enumerate(stars)]


def patrol(duty: str, note: PatrolNote) -> PatrolNoted:
    return PatrolNoted(NOON, *WHERE, duty, note)


async def test_what_nobody_has_told_of_yet_is_an_open_review(models: ReadModels) -> None:
    found = await review(models)
    assert (found["station_id"], found["period"], found["state"]) == ("S1", Q1, "open")
    assert (found["begins"], found["ends"]) == (at("00:00", 1, 1), at("00:00", 1, 4))
    assert found["close_from"] == DUE
    assert (found["inspection"], found["awarded"], found["history"]) == (None, None, [])
    assert (found["so_far"]["score_e2"], found["so_far"]["stars"]) == (2_800, 1), "18 of no ratings, 10 of no demands"
    assert found["so_far"]["caps"] == list(STANDARD_ITEMS)


async def test_a_station_that_nobody_knows_has_no_review(models: ReadModels) -> None:
    with pytest.raises(NotFound):
        await review(models, station="S9")


async def test_ck12_the_days_figures_are_worth_what_closing_gives(models: ReadModels) -> None:
    """Section 4, at S1, once nothing is open any more: mean 4.75, two patrols, four of 13 demands."""
    february = at("18:00", 6, 2)
    demands: list[DomainEvent] = []
    for number in range(13):
        demands.append(DemandNoted(NOON, *WHERE, f"DM-{number}", february if number >= 4 else at("18:00")))
        if number < 4:
            demands.append(DemandClosingNoted(at("18:00"), *WHERE, f"DM-{number}", True))
    await models.told(inspected(), *ratings(5, 5, 4, 5), patrol("d1", "fulfilled"), patrol("d2", "fulfilled"), *demands)
    found = await review(models, DUE)
    assert found["so_far"] == {
        "score_e2": 9_158,
        "stars": 5,
        "caps": [],
        "terms_e2": {"standard": 4_000, "stars": 2_850, "patrols": 2_000, "demands": 308, "overdue": 0},
        "mean_stars": "4.75",
        "figures": {
            "passed": 8, "ratings": 4, "stars": 19, "scheduled": 2, "fulfilled": 2, "due": 13, "met": 4, "overdue": 0,
        },
    }  # fmt: skip


async def test_so_far_is_as_if_the_period_ended_now(models: ReadModels) -> None:
    patrols = [patrol("d1", "fulfilled"), patrol("d2", "missed"), patrol("d3", "scheduled"), patrol("d4", "cancelled")]
    demands = [DemandNoted(NOON, *WHERE, f"DM-{n}", NOON + n * HOUR) for n in range(3)]
    met = DemandClosingNoted(NOON, *WHERE, "DM-2", True)
    await models.told(*patrols, *demands, met)
    found = await review(models, NOON)
    figures = found["so_far"]["figures"]
    assert (figures["scheduled"], figures["fulfilled"], found["patrols_to_come"]) == (2, 1, 1)
    assert (figures["due"], figures["met"]) == (2, 1), "one is due now, one was closed before its time"
    assert (await review(models, NOON + HOUR))["so_far"]["figures"]["due"] == 3
    await models.told(patrol("d3", "fulfilled"), patrol("d2", "fulfilled"))
    await models.told(patrol("d3", "scheduled"), patrol("d3", "revoked"))
    found = await review(models)
    assert (found["so_far"]["figures"]["fulfilled"], found["patrols_to_come"]) == (2, 1), "d3 is to be reported again"
    await models.told(patrol("d3", "missed"))
    found = await review(models)
    assert (found["so_far"]["figures"]["scheduled"], found["patrols_to_come"]) == (3, 0)


async def test_when_the_review_may_be_closed_a_patrol_of_which_nothing_was_heard_was_not_fulfilled(
    models: ReadModels,
) -> None:
    await models.told(patrol("d1", "fulfilled"), patrol("d2", "scheduled"))
    assert (await review(models, DUE - HOUR))["so_far"]["terms_e2"]["patrols"] == 2_000
    found = await review(models, DUE)
    assert (found["so_far"]["terms_e2"]["patrols"], found["patrols_to_come"]) == (1_000, 0)


async def test_a_rating_is_taken_back(models: ReadModels) -> None:
    await models.told(*ratings(5, 1), RatingTakenBack(NOON, *WHERE, "v1", 1))
    assert (await review(models))["so_far"]["mean_stars"] == "5.00"
    await models.told(RatingTakenBack(NOON, *WHERE, "v0", 5))
    assert (await review(models))["so_far"]["mean_stars"] is None


async def test_a_rectification_is_overdue_until_it_is_put_right_within_the_period(models: ReadModels) -> None:
    april = at("12:00", 1, 4)
    noted = [OverdueNoted(NOON, "S1", f"RC-{n}") for n in range(3)]
    await models.told(*noted, OverdueNoted(april, "S1", "RC-3"), SettledNoted(NOON, "S1", "RC-0"))
    await models.told(SettledNoted(april, "S1", "RC-1"), SettledNoted(NOON, "S1", "RC-9"))
    assert (await review(models))["so_far"]["figures"]["overdue"] == 2
    assert (await review(models, period=Q2))["so_far"]["figures"]["overdue"] == 2, "RC-2 and RC-3"


async def test_row_19_answers_and_actions_are_shown_beside_the_score(models: ReadModels) -> None:
    """GR7: the latest round of a case replaces those before; a merged case is rated by several."""
    given = [("CS-1", 1, False), ("CS-1", 2, True), ("CS-1", 2, True), ("CS-2", 1, False)]
    answers = [AnswerRatingNoted(NOON, *WHERE, case, round_, satisfied) for case, round_, satisfied in reversed(given)]
    before = (await review(models))["so_far"]
    await models.told(*answers, ActionOverdueNoted(NOON, *WHERE, "PP-1"))
    found = await review(models)
    assert found["beside"] == {"answers": {"rated": 3, "satisfied": 2}, "actions_overdue": 1}
    assert found["so_far"] == before


async def test_the_last_inspection_is_shown(models: ReadModels) -> None:
    await models.told(inspected("sign"), inspected("toilet", moment=NOON + HOUR))
    found = await review(models)
    assert found["inspection"]["at"] == NOON + HOUR
    assert [item["code"] for item in found["inspection"]["items"] if not item["passed"]] == ["toilet"]
    assert found["so_far"]["caps"] == ["toilet"]


async def test_what_is_awarded_stays_whatever_is_told_later(models: ReadModels) -> None:
    await models.told(inspected("toilet"), awarded(3, 9_158, "toilet"), *ratings(1))
    found = await review(models)
    assert (found["state"], found["awarded"]["stars"], found["awarded"]["score_e2"]) == ("scored", 3, 9_158)
    assert (found["awarded"]["caps"], found["awarded"]["mean_stars"]) == (["toilet"], "4.75")
    assert found["awarded"]["figures"]["ratings"] == 4
    assert found["so_far"]["mean_stars"] == "1.00"
    assert found["history"] == [{"period": Q1, "score_e2": 9_158, "stars": 3}]


async def test_reviews_are_listed_by_station_of_ones_own_union_and_county(models: ReadModels) -> None:
    await models.told(*ratings(4), awarded(5, 9_158), awarded(2, 6_000, station="S4"))
    found = await reviews(models)
    assert [one["station_id"] for one in found["reviews"]] == ["S1", "S2", "S3"]
    assert [one["state"] for one in found["reviews"]] == ["scored", "open", "open"]
    assert [one["so_far"]["mean_stars"] for one in found["reviews"]] == ["4.00", None, None]
    assert [one["station_id"] for one in (await reviews(models, "n2"))["reviews"]] == ["S3"]
    first = await reviews(models, limit=2)
    assert (first["next"], [one["station_id"] for one in first["reviews"]]) == ("S2", ["S1", "S2"])
    assert [one["station_id"] for one in (await reviews(models, after="S2"))["reviews"]] == ["S3"]


async def test_a_county_sees_how_many_stars_its_stations_had(models: ReadModels) -> None:
    await models.told(awarded(5, 9_158), awarded(3, 7_500, station="S2"), awarded(4, 8_000, period=Q2))
    await models.told(
        awarded(1, 100, station="S3"), awarded(2, 6_000, station="S4"), inspected(station="S2", period=Q2)
    )
    none = {str(stars): 0 for stars in range(1, 6)}
    assert (await reviews(models, "n1"))["history"] == [
        {"period": Q2, "scored": 1, "stars": {**none, "4": 1}},
        {"period": Q1, "scored": 2, "stars": {**none, "3": 1, "5": 1}},
    ]


async def test_a_card_shows_the_stars_of_the_latest_period_whenever_it_was_closed(models: ReadModels) -> None:
    assert await stars_on_card(models) == (None, None)
    await models.told(awarded(4, 8_000, period=Q2, moment=datetime(2026, 7, 4, tzinfo=CHINA)))
    await models.told(awarded(3, 7_000, moment=datetime(2026, 8, 1, tzinfo=CHINA)))
    assert await stars_on_card(models) == (4, Q2)


async def stars_on_card(models: ReadModels) -> tuple[int | None, str | None]:
    async with models.view() as view:
        card = await station_card.of(view, "S1", NOON)
    return card["stars"], card["stars_period"]
