"""CK8, K4, K5: what equipment reports, and the alarms that follow (choreography, row 10)."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.checkin.domain.device_time import Moment
from services.checkin.domain.equipment import (
    EQUIPMENT,
    HEARTBEATS,
    EquipmentDayOpened,
    Reading,
    ReportState,
    StationStateRepeated,
    StationStateReported,
    Status,
    SubsystemAlarmCleared,
    SubsystemAlarmRaised,
    SubsystemState,
)
from services.checkin.domain.refusals import StationSuspended
from services.checkin.domain.station import STATION, StationRetired
from services.checkin.domain.station import StationSuspended as Suspended
from services.checkin.domain.values import SUBSYSTEMS_KEPT
from shared.decider import Change
from shared.errors import NotFound, ValidationFailed
from shared.testing.given import Given, Scenario, on
from tests.checkin.town import MINUTE, S1, SECOND, at, offline, online

TTL = 300
TEN = at("10:00")
THE_23RD = date(2026, 1, 23)


def report(moment: Moment | datetime, ttl_s: int = TTL, **subsystems: Status) -> ReportState:
    told = tuple(SubsystemState(name, status) for name, status in subsystems.items())
    return ReportState("S1", moment if isinstance(moment, Moment) else online(moment), ttl_s, told)


def reported(moment: datetime, ttl_s: int = TTL, late: bool = False, **subsystems: Status) -> StationStateReported:
    told = tuple(SubsystemState(name, status) for name, status in subsystems.items())
    return StationStateReported(moment, "S1", ttl_s, told, False, late)


def raised(moment: datetime, subsystem: str = "energy", severity: str = "major") -> SubsystemAlarmRaised:
    return SubsystemAlarmRaised(moment, "S1", subsystem, severity)  # type: ignore[arg-type]


def on_equipment(*events: object) -> Change:
    return on(EQUIPMENT, "S1", *events)  # type: ignore[arg-type]


WELL = on_equipment(reported(TEN, energy="ok", video="ok"))


def test_the_first_report_is_recorded(given: Given) -> None:
    given(S1).when(report(TEN, energy="ok", video="ok")).then(WELL)


def test_what_changes_is_recorded_with_all_that_the_report_says(given: Given) -> None:
    given(S1, WELL).when(report(at("10:01"), energy="ok", video="warning")).then(
        on_equipment(reported(at("10:01"), energy="ok", video="warning"), raised(at("10:01"), "video", "general"))
    )


def test_another_time_to_be_believed_is_a_change(given: Given) -> None:
    given(S1, WELL).when(report(at("10:01"), 600, energy="ok")).then(
        on_equipment(reported(at("10:01"), 600, energy="ok"))
    )


def test_the_same_again_is_a_heartbeat_of_the_day_once_half_its_time_has_passed(given: Given) -> None:
    due = TEN + TTL * SECOND / 2
    opened = EquipmentDayOpened(
        due, "S1", THE_23RD, (Reading("energy", "ok", TEN, TTL), Reading("video", "ok", TEN, TTL))
    )
    given(S1, WELL).when(report(due - SECOND, energy="ok", video="ok")).then_nothing()
    given(S1, WELL).when(report(due, energy="ok", video="ok")).then(
        on_equipment(opened),
        on(HEARTBEATS, "S1_2026-01-23", StationStateRepeated(due, "S1", ("energy", "video"))),
    )


def test_a_heartbeat_counts_as_the_newest_that_is_known(given: Given) -> None:
    scenario = given(S1, WELL).when(report(at("10:05"), energy="ok", video="ok"))
    scenario.when(report(at("10:07"), energy="ok", video="ok")).then_nothing()
    scenario.when(report(offline(at("10:04"), at("10:07")), energy="fault")).then_nothing()
    scenario.when(report(at("10:10"), energy="ok", video="ok")).then(
        on(HEARTBEATS, "S1_2026-01-23", StationStateRepeated(at("10:10"), "S1", ("energy", "video")))
    )


def test_ck8_a_device_that_reports_as_often_as_it_must_is_never_doubted(given: Given) -> None:
    """Whatever is not recorded, the newest that is recorded is younger than its time to be believed."""
    for every in (7, 30, 149, 150, 151, 299, 300):
        scenario, recorded, now = given(S1), TEN, TEN
        for _ in range(40):
            scenario.when(report(now, energy="ok"))
            if scenario.events:
                recorded = now
            assert now - recorded < TTL * SECOND
            now += every * SECOND


def test_older_reports_do_not_overwrite_newer_ones_of_the_same_subsystem(given: Given) -> None:
    given(S1, WELL).when(report(offline(at("09:59"), at("10:01")), energy="fault")).then_nothing()
    given(S1, WELL).when(report(TEN, energy="fault")).then_nothing()
    given(S1, WELL).when(report(offline(at("09:59"), at("10:01")), energy="fault", smoke="ok")).then(
        on_equipment(reported(at("09:59"), smoke="ok"))
    )


def test_the_newest_is_known_across_days_however_long_nobody_reports(given: Given) -> None:
    """The equipment names the day of its last heartbeats."""
    scenario = given(S1, WELL).when(report(at("23:58"), energy="ok", video="ok"))
    late = Moment(at("23:57"), at("00:10", 25), offline=True)
    scenario.when(report(late, energy="fault")).then_nothing()
    scenario.when(report(at("00:11", 25), energy="ok", video="ok")).then(
        on_equipment(
            EquipmentDayOpened(
                at("00:11", 25),
                "S1",
                date(2026, 1, 25),
                (Reading("energy", "ok", at("23:58"), TTL), Reading("video", "ok", at("23:58"), TTL)),
            )
        ),
        on(HEARTBEATS, "S1_2026-01-25", StationStateRepeated(at("00:11", 25), "S1", ("energy", "video"))),
    )


def test_k4_the_time_of_a_device_whose_clock_is_wrong_is_corrected_and_said_to_be(given: Given) -> None:
    moment = Moment(at("09:58"), at("10:00"), offline=True, clock_corrected=True)
    given(S1).when(report(moment, energy="ok")).then(
        on_equipment(StationStateReported(at("09:58"), "S1", TTL, (SubsystemState("energy", "ok"),), True, False))
    )


def test_k5_what_is_reported_after_three_days_is_recorded_and_raises_no_alarm(given: Given) -> None:
    fault: dict[str, Any] = {"energy": "fault"}
    on_time, too_late = offline(TEN, TEN + timedelta(hours=72)), offline(TEN, TEN + timedelta(hours=72, seconds=1))
    given(S1).when(report(on_time, **fault)).then(on_equipment(reported(TEN, **fault), raised(TEN)))
    scenario = given(S1).when(report(too_late, **fault))
    scenario.then(on_equipment(reported(TEN, late=True, energy="fault")))
    now = TEN + timedelta(hours=73)
    scenario.when(report(now, energy="fault"))
    assert scenario.events["equipment-S1"][-1] == raised(now), "the next report that is not late raises it"


@pytest.mark.parametrize(
    "subsystem,status,severity",
    [
        ("energy", "fault", "major"),
        ("fire", "fault", "major"),
        ("gas", "fault", "major"),
        ("video", "fault", "general"),
        ("energy", "warning", "general"),
        ("energy", "offline", "general"),
    ],
)
def test_row_10_a_fault_of_what_may_hurt_somebody_is_major_and_the_rest_general(
    given: Given, subsystem: str, status: Status, severity: str
) -> None:
    alone: dict[str, Any] = {subsystem: status}
    given(S1).when(report(TEN, **alone)).then(on_equipment(reported(TEN, **alone), raised(TEN, subsystem, severity)))


def test_row_10_an_alarm_is_raised_once_and_cleared_once_however_often_it_is_reported(given: Given) -> None:
    scenario = given(S1)
    seen: Counter[str] = Counter()
    for minute in range(60):
        status: Status = "fault" if 10 <= minute < 40 else "ok"
        scenario.when(report(TEN + minute * MINUTE, energy=status))
        seen.update(type(event).__name__ for event in scenario.events.get("equipment-S1", []))
    assert seen == {
        "StationStateReported": 3,
        "SubsystemAlarmRaised": 1,
        "SubsystemAlarmCleared": 1,
        "EquipmentDayOpened": 1,
    }


def test_row_10_another_severity_is_told_and_the_clearing_names_the_last(given: Given) -> None:
    past = on_equipment(reported(TEN, energy="warning"), raised(TEN, severity="general"))
    scenario = given(S1, past).when(report(at("10:01"), energy="fault"))
    scenario.then(on_equipment(reported(at("10:01"), energy="fault"), raised(at("10:01"))))
    scenario.when(report(at("10:02"), energy="ok")).then(
        on_equipment(reported(at("10:02"), energy="ok"), SubsystemAlarmCleared(at("10:02"), "S1", "energy", "major"))
    )


def test_row_10_a_subsystem_that_a_report_leaves_out_keeps_its_alarm(given: Given) -> None:
    past = on_equipment(reported(TEN, energy="fault", video="ok"), raised(TEN))
    given(S1, past).when(report(at("10:01"), video="ok")).then_nothing()


@pytest.mark.parametrize("ttl_s", [0, 86_401])
def test_a_state_that_is_believed_for_no_time_or_for_ever_is_refused(given: Given, ttl_s: int) -> None:
    given(S1).when(report(TEN, ttl_s, energy="ok")).then_refused(ValidationFailed)


def test_a_report_about_nothing_is_refused(given: Given) -> None:
    given(S1).when(report(TEN)).then_refused(ValidationFailed)


def test_a_station_has_no_more_subsystems_than_can_be_kept(given: Given) -> None:
    names: dict[str, Any] = {f"s{number:02}": "ok" for number in range(SUBSYSTEMS_KEPT)}
    scenario = given(S1).when(report(TEN, **names))
    scenario.when(report(at("10:01"), one_more="ok")).then_refused(ValidationFailed)
    scenario.when(report(at("10:01"), s00="warning"))
    assert "equipment-S1" in scenario.events


def test_the_equipment_of_a_station_that_is_unknown_or_retired_is_refused(given: Given) -> None:
    given().when(report(TEN, energy="ok")).then_refused(NotFound)
    retired = on(STATION, "S1", StationRetired(TEN, "S1"))
    given(S1, retired).when(report(TEN, energy="ok")).then_refused(StationSuspended)


def test_the_equipment_of_a_suspended_station_goes_on_reporting(given: Given) -> None:
    given(S1, on(STATION, "S1", Suspended(TEN, "S1", "heating"))).when(report(TEN, energy="ok")).then(
        on_equipment(reported(TEN, energy="ok"))
    )


def lengths(scenario: Scenario, days: int, every: timedelta) -> Counter[str]:
    """Events by stream, when nothing ever changes."""
    count: Counter[str] = Counter()
    now = at("00:00")
    while now < at("00:00") + timedelta(days=days):
        scenario.when(report(now, energy="ok", video="ok"))
        count.update({stream: len(events) for stream, events in scenario.events.items()})
        now += every
    return count


def test_streams_stay_short_however_often_nothing_changes(given: Given) -> None:
    """The station's own stream has nothing of it, its equipment's an event a day, and a day of heartbeats is a day."""
    for seconds, beats in ((300, 288), (60, 480), (150, 576)):
        count = lengths(given(S1), 2, timedelta(seconds=seconds))
        assert count == {
            "equipment-S1": 3,
            "heartbeats-S1_2026-01-23": beats - 1,
            "heartbeats-S1_2026-01-24": beats,
        }, seconds
