"""Campaigns: drafted, published, paused, closed; phases (WF11), stations (row 21), and what a draft may say."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import pytest

from services.welfare.domain import refusals
from services.welfare.domain.campaign import (
    CAMPAIGN,
    END,
    PHASE_CLOSES,
    PHASE_OPENS,
    START,
    CampaignClosed,
    CampaignDrafted,
    CampaignPaused,
    CampaignPublished,
    CampaignResumed,
    CampaignStarted,
    CloseCampaign,
    DraftCampaign,
    PauseCampaign,
    PhaseClosed,
    PhaseOpened,
    PublishCampaign,
    ResumeCampaign,
    StartCampaign,
    TurnPhase,
)
from services.welfare.domain.giving import EvaluateVisit
from services.welfare.domain.live import LIVE, CampaignDelisted, CampaignListed
from services.welfare.domain.station import (
    STATION,
    CampaignBound,
    CampaignUnbound,
    NoteStation,
    NoteStationResumed,
    NoteStationSuspended,
    StationNoted,
    StationSuspensionLifted,
    StationSuspensionNoted,
)
from services.welfare.domain.terms import Phase
from services.welfare.domain.values import REACTION_WINDOW
from services.welfare.policies import TIMERS
from shared.decider import DeadlineCleared, DeadlineSet
from shared.errors import IdempotencyKeyReused, NotFound, ValidationFailed
from shared.testing.given import Given, on
from tests.welfare.campaigns import DRINK, GIFT, REWARD, SEASONS, allocated, at, but, published

NOW = at(12, day=22)
MONEY = allocated("B-DRINK", 3_000)
DRAFTED = on(CAMPAIGN, "drink", CampaignDrafted(NOW, DRINK))


def test_until_it_is_published_the_last_draft_holds(given: Given) -> None:
    scenario = given().when(DraftCampaign("drink", DRINK, NOW)).then(DRAFTED)
    scenario.when(DraftCampaign("drink", DRINK, NOW)).then_nothing()
    dearer = but(DRINK, face_fen=400)
    scenario.when(DraftCampaign("drink", dearer, NOW)).then(on(CAMPAIGN, "drink", CampaignDrafted(NOW, dearer)))


def test_what_is_published_is_not_changed(given: Given) -> None:
    past = published("drink", DRINK)
    given(*past).when(DraftCampaign("drink", but(DRINK, face_fen=1), NOW)).then_refused(IdempotencyKeyReused)


def test_publishing_puts_it_among_those_that_are_looked_at_until_72_hours_after_its_end(given: Given) -> None:
    timers = [DeadlineSet(NOW, START, "", DRINK.starts_at), DeadlineSet(NOW, END, "", DRINK.ends_at + REACTION_WINDOW)]
    scenario = given(MONEY, DRAFTED).when(PublishCampaign("drink", NOW))
    listed = on(LIVE, "checkin_gift", CampaignListed(NOW, "drink"))
    scenario.then(on(CAMPAIGN, "drink", CampaignPublished(NOW, DRINK), *timers), listed)
    scenario.when(PublishCampaign("drink", NOW)).then_nothing()


def test_e44_a_draft_gives_nothing(given: Given) -> None:
    given(MONEY, DRAFTED).when(EvaluateVisit("V-1", "W01", "S1", at(6))).then_nothing()


def test_a_campaign_without_a_budget_or_draft_is_not_published(given: Given) -> None:
    given(DRAFTED).when(PublishCampaign("drink", NOW)).then_refused(NotFound)
    given(MONEY).when(PublishCampaign("drink", NOW)).then_refused(NotFound)


def test_what_is_paused_goes_on_and_what_is_closed_does_not(given: Given) -> None:
    scenario = given(MONEY, *published("drink", DRINK)).when(PauseCampaign("drink", "stock", NOW))
    scenario.then(on(CAMPAIGN, "drink", CampaignPaused(NOW, "stock")))
    scenario.when(PauseCampaign("drink", "stock", NOW)).then_nothing()
    scenario.when(ResumeCampaign("drink", NOW)).then(on(CAMPAIGN, "drink", CampaignResumed(NOW)))
    scenario.when(ResumeCampaign("drink", NOW)).then_nothing()
    cleared = DeadlineCleared(NOW, END, "", "closed")
    gone = on(LIVE, "checkin_gift", CampaignDelisted(NOW, "drink"))
    scenario.when(CloseCampaign("drink", NOW)).then(on(CAMPAIGN, "drink", CampaignClosed(NOW), cleared), gone)
    scenario.when(CloseCampaign("drink", NOW)).then_nothing()
    scenario.when(ResumeCampaign("drink", NOW)).then_nothing()
    scenario.when(EvaluateVisit("V-1", "W01", "S1", at(6))).then_nothing()


def test_a_draft_can_be_closed_and_not_paused(given: Given) -> None:
    given(DRAFTED).when(PauseCampaign("drink", "stock", NOW)).then_nothing()
    given(DRAFTED).when(CloseCampaign("drink", NOW)).then(on(CAMPAIGN, "drink", CampaignClosed(NOW)))
    given().when(CloseCampaign("drink", NOW)).then_refused(NotFound)


def test_it_closes_by_itself_when_nothing_can_be_told_of_its_time_any_more(given: Given) -> None:
    due = DRINK.ends_at + REACTION_WINDOW
    command = TIMERS["campaign", END]("drink", "", due)
    assert command == CloseCampaign("drink", due)
    assert "campaign-drink" in given(MONEY, *published("drink", DRINK)).when(command).events


def test_a_campaign_published_early_starts_by_its_timer_once(given: Given) -> None:
    past = [*published("drink", DRINK), on(CAMPAIGN, "drink", DeadlineSet(NOW, START, "", DRINK.starts_at))]
    command = TIMERS["campaign", START]("drink", "", DRINK.starts_at)
    scenario = given(MONEY, *past).when(command).then(on(CAMPAIGN, "drink", CampaignStarted(DRINK.starts_at)))
    scenario.when(StartCampaign("drink", DRINK.starts_at)).then_nothing()


def test_wf11_phases_open_and_close_by_their_timers(given: Given) -> None:
    first = SEASONS.phases[0]
    past = [allocated("B-TEA", 5_000), on(CAMPAIGN, "tea", CampaignDrafted(NOW, SEASONS))]
    scenario = given(*past).when(PublishCampaign("tea", NOW))
    timers = [event for event in scenario.events["campaign-tea"] if isinstance(event, DeadlineSet)]
    phases = [(timer.name, timer.ref, timer.due_at) for timer in timers if timer.name not in (START, END)]
    assert phases == [
        moment
        for phase in SEASONS.phases
        for moment in (
            (PHASE_OPENS, phase.phase_id, phase.starts_at),
            (PHASE_CLOSES, phase.phase_id, phase.ends_at),
        )
    ]
    opens = TIMERS["campaign", PHASE_OPENS]("tea", first.phase_id, first.starts_at)
    closes = TIMERS["campaign", PHASE_CLOSES]("tea", first.phase_id, first.ends_at)
    assert (opens, closes) == (
        TurnPhase("tea", first.phase_id, True, first.starts_at),
        TurnPhase("tea", first.phase_id, False, first.ends_at),
    )
    scenario.when(opens).then(on(CAMPAIGN, "tea", PhaseOpened(first.starts_at, first.phase_id)))
    scenario.when(opens).then_nothing()
    scenario.when(closes).then(on(CAMPAIGN, "tea", PhaseClosed(first.ends_at, first.phase_id)))


BOUND = but(DRINK, stations=("S1", "S2"))


def test_row_21_a_suspended_station_pauses_the_campaigns_bound_to_it(given: Given) -> None:
    past = [MONEY, *published("drink", BOUND), *published("other", DRINK)]
    scenario = given(*past).when(NoteStationSuspended("S1", NOW))
    paused = on(CAMPAIGN, "drink", CampaignPaused(NOW, "station_suspended", "S1"))
    scenario.then(paused, on(STATION, "S1", StationSuspensionNoted(NOW)))
    scenario.when(NoteStationSuspended("S1", NOW)).then_nothing()


def test_row_21_it_goes_on_when_the_last_of_its_suspended_stations_is_back(given: Given) -> None:
    both = [NoteStationSuspended(station, NOW) for station in BOUND.stations]
    scenario = given(MONEY, *published("drink", BOUND)).when(both[0]).when(both[1]).when(NoteStationResumed("S1", NOW))
    lifted = on(STATION, "S1", StationSuspensionLifted(NOW))
    scenario.then(on(CAMPAIGN, "drink", CampaignResumed(NOW, "S1", True)), lifted)
    scenario.when(EvaluateVisit("V-1", "W01", "S1", at(6)))
    (declined,) = scenario.events["entitlement-drink/W01"]
    assert declined.code == "CAMPAIGN_NOT_OPEN"  # type: ignore[attr-defined]
    scenario.when(NoteStationResumed("S2", NOW)).when(EvaluateVisit("V-2", "W02", "S1", at(6)))
    assert "voucher-" in " ".join(scenario.events)


def test_row_21_an_officer_resumes_it_whatever_holds_it(given: Given) -> None:
    scenario = given(MONEY, *published("drink", BOUND)).when(NoteStationSuspended("S1", NOW))
    scenario.when(PauseCampaign("drink", "stock", NOW)).when(ResumeCampaign("drink", NOW))
    scenario.then(on(CAMPAIGN, "drink", CampaignResumed(NOW)))
    scenario.when(NoteStationResumed("S1", NOW)).then(on(STATION, "S1", StationSuspensionLifted(NOW)))


def test_row_21_a_station_that_is_back_does_not_lift_an_officers_pause(given: Given) -> None:
    scenario = given(MONEY, *published("drink", BOUND)).when(NoteStationSuspended("S1", NOW))
    scenario.when(PauseCampaign("drink", "stock", NOW)).when(NoteStationResumed("S1", NOW))
    scenario.when(EvaluateVisit("V-1", "W01", "S1", at(6)))
    (declined,) = scenario.events["entitlement-drink/W01"]
    assert declined.code == "CAMPAIGN_NOT_OPEN"  # type: ignore[attr-defined]


def test_row_21_what_is_published_while_its_station_is_suspended_begins_paused(given: Given) -> None:
    suspended = on(STATION, "S2", StationSuspensionNoted(NOW))
    drafted = on(CAMPAIGN, "drink", CampaignDrafted(NOW, BOUND))
    scenario = given(MONEY, drafted, suspended).when(PublishCampaign("drink", NOW))
    assert scenario.events["campaign-drink"][-1] == CampaignPaused(NOW, "station_suspended", "S2")
    assert scenario.events["station-S1"] == [CampaignBound(NOW, "drink")]
    scenario.when(CloseCampaign("drink", NOW))
    assert scenario.events["station-S1"] == [CampaignUnbound(NOW, "drink")]


def test_a_station_is_noted_with_its_county_once(given: Given) -> None:
    scenario = given().when(NoteStation("S1", "chengguan", NOW)).then(on(STATION, "S1", StationNoted(NOW, "chengguan")))
    scenario.when(NoteStation("S1", "chengguan", NOW)).then_nothing()


def phase(name: str, start: datetime, end: datetime) -> Phase:
    return Phase(name, start, end)


WRONG: list[tuple[Any, str]] = [
    (but(DRINK, ends_at=DRINK.starts_at), "ends_at"),
    (but(DRINK, face_fen=0), "face_fen"),
    (but(DRINK, window_to=None), "window_to"),
    (but(DRINK, window_from=time(9)), "window_to"),
    (but(GIFT, valid_until=GIFT.starts_at), "valid_until"),
    (but(DRINK, worker_fen=200), "worker_fen"),
    (but(DRINK, kind="meal", collect=True), "collect"),
    (but(REWARD, stations=("S1",)), "stations"),
    (but(SEASONS, phases=()), "phases"),
    (but(DRINK, phases=SEASONS.phases), "phases"),
    (but(SEASONS, phases=(SEASONS.phases[0], SEASONS.phases[0])), "phases"),
    (but(SEASONS, phases=(phase("a", at(1), at(1)),)), "phases"),
    (but(SEASONS, phases=(phase("a", at(0, day=22), at(1)),)), "phases"),
    (but(SEASONS, phases=(phase("a", at(1), at(3)), phase("b", at(2), at(4)))), "phases"),
]


@pytest.mark.parametrize(
    ("terms", "field"), WRONG, ids=[f"{number}-{field}" for number, (_, field) in enumerate(WRONG)]
)
def test_a_draft_that_contradicts_itself_is_refused_with_its_field(given: Given, terms: Any, field: str) -> None:
    scenario = given().when(DraftCampaign("c", terms, NOW)).then_refused(ValidationFailed)
    assert scenario._outcome.field == field  # type: ignore[union-attr]


@pytest.mark.parametrize("terms", [DRINK, GIFT, SEASONS, REWARD, but(DRINK, window_from=time(22), window_to=time(2))])
def test_a_draft_that_holds_together_is_kept(given: Given, terms: Any) -> None:
    given().when(DraftCampaign("c", terms, NOW)).then(on(CAMPAIGN, "c", CampaignDrafted(NOW, terms)))


def test_a_window_past_midnight_is_of_both_sides_and_half_open() -> None:
    night = but(DRINK, window_from=time(22), window_to=time(2))
    inside = [hour for hour in range(24) if night.in_window(at(hour))]
    assert inside == [0, 1, 22, 23]
    assert refusals.OutsideServiceWindow.code == "OUTSIDE_SERVICE_WINDOW"
