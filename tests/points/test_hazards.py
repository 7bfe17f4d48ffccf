"""Hazards: what gets in (K4, K5), and PT4: points once per rectification, to whoever saw it first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.points.domain.hazard import (
    HAZARD,
    HazardAcceptanceRevoked,
    HazardLinked,
    HazardReportAccepted,
    HazardReported,
    HazardReportRejected,
    ReportHazard,
)
from services.points.domain.ledger import PointsEarned
from services.points.domain.rectification import (
    RECTIFICATION,
    DismissHazard,
    LinkDuplicate,
    RectificationVerified,
    ReportAdded,
    RevokeVerification,
    RewardGiven,
    VerifyHazard,
)
from services.points.domain.values import OLDEST_UPLOAD
from shared.decider import Command, DomainEvent
from shared.errors import IdempotencyKeyReused, ValidationFailed
from shared.testing.given import Given, Scenario, on

from .play import play
from .the_day import INSTANT, at, book, rules_known, rules_v1

SEEN, VERIFIED, HOUR = at("08:15"), at("10:10"), timedelta(hours=1)


def report(hazard: str = "HZ1", reporter: str | None = "V2", seen: datetime = SEEN, **changed: Any) -> ReportHazard:
    """Told when it was seen, unless told otherwise."""
    command = ReportHazard(hazard, reporter, "S1", "EXT-01", "extinguisher", "general", None, None, None, seen)
    return msgspec.structs.replace(command, **changed)


def uploaded(hazard: str, reporter: str | None, seen: datetime, received: datetime) -> ReportHazard:
    """Seen earlier than it was received: an offline upload."""
    return report(hazard, reporter, received, spotted_at=seen, sent_at=received)


def reported(hazard: str = "HZ1", reporter: str | None = "V2", seen: datetime = SEEN, **changed: Any) -> HazardReported:
    event = HazardReported(
        seen, hazard, reporter, "S1", "EXT-01", "extinguisher", "general", None, seen, clock_corrected=False, late=False
    )
    return msgspec.structs.replace(event, **changed)


def verify(hazard: str = "HZ1", case: str = "RC1", now: datetime = VERIFIED) -> VerifyHazard:
    return VerifyHazard(case, hazard, now)


def link(hazard: str, now: datetime = VERIFIED) -> LinkDuplicate:
    return LinkDuplicate("RC1", hazard, now)


def accepted(hazard: str = "HZ1", reporter: str | None = "V2", points: int = 2) -> HazardReportAccepted:
    return HazardReportAccepted(VERIFIED, hazard, "RC1", reporter, SEEN, points, 1, hazard)


def decided(scenario: Scenario | dict[str, list[DomainEvent]], *kinds: type[DomainEvent]) -> list[DomainEvent]:
    streams = scenario.events if isinstance(scenario, Scenario) else scenario
    return [event for events in streams.values() for event in events if isinstance(event, kinds)]


def paid(commands: Iterable[Command]) -> dict[str, int]:
    """What each member has from hazards after all that, taken back included."""
    net: dict[str, int] = {}
    for event in decided(play(commands, rules_known), HazardReportAccepted, HazardAcceptanceRevoked):
        assert isinstance(event, HazardReportAccepted | HazardAcceptanceRevoked)
        sign = 1 if isinstance(event, HazardReportAccepted) else -1
        if event.reporter_id is not None:
            net[event.reporter_id] = net.get(event.reporter_id, 0) + sign * event.points
    return {member: points for member, points in net.items() if points}


def test_a_hazard_is_reported_when_it_was_received_by_a_device_that_is_online(given: Given) -> None:
    given().when(report()).then(on(HAZARD, "HZ1", reported()))


def test_k4_an_offline_upload_of_a_wrong_clock_is_corrected(given: Given) -> None:
    wrong = report(spotted_at=at("09:00"), sent_at=at("09:30"), now=at("08:30"))
    given().when(wrong).then(
        on(HAZARD, "HZ1", reported(seen=at("08:00"), received_at=at("08:30"), clock_corrected=True))
    )


@pytest.mark.parametrize("seconds, corrected", [(120, False), (121, True)])
def test_k4_a_clock_is_believed_within_120_seconds(given: Given, seconds: int, corrected: bool) -> None:
    sent = at("08:30") + timedelta(seconds=seconds)
    scenario = given().when(report(spotted_at=at("08:29"), sent_at=sent, now=at("08:30")))
    (event,) = decided(scenario, HazardReported)
    assert isinstance(event, HazardReported)
    assert (event.at == at("08:29"), event.clock_corrected) == (not corrected, corrected)


@pytest.mark.parametrize(
    "times, field",
    [
        ({"spotted_at": SEEN}, "sent_at"),
        ({"sent_at": SEEN}, "spotted_at"),
        ({"spotted_at": SEEN + INSTANT, "sent_at": SEEN}, "spotted_at"),
        ({"spotted_at": SEEN - OLDEST_UPLOAD - INSTANT, "sent_at": SEEN}, "spotted_at"),
        ({"spotted_at": datetime.min.replace(tzinfo=UTC), "sent_at": SEEN + 365 * OLDEST_UPLOAD}, "spotted_at"),
    ],
    ids=["not sent", "not seen", "sent before", "kept for ten years", "of no age"],
)
def test_an_upload_with_times_that_cannot_be_is_refused(given: Given, times: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        HAZARD.decide(report(**times), HAZARD.initial)
    assert refusal.value.field == field


def test_the_same_hazard_told_twice_is_nothing(given: Given) -> None:
    given(on(HAZARD, "HZ1", reported())).when(report(now=at("09:00"))).then_nothing()


@pytest.mark.parametrize("changed", [{"reporter_id": "V1"}, {"station_id": "S2"}, {"category": "noise"}], ids=str)
def test_a_hazard_id_of_another_report_is_refused(given: Given, changed: dict[str, Any]) -> None:
    given(on(HAZARD, "HZ1", reported())).when(report(**changed)).then_refused(IdempotencyKeyReused)


def test_pt4_a_verified_hazard_is_worth_2_points_to_its_reporter(given: Given) -> None:
    given(rules_known, on(HAZARD, "HZ1", reported())).when(verify()).then(
        on(HAZARD, "HZ1", HazardLinked(VERIFIED, "HZ1", "RC1"), accepted()),
        on(
            RECTIFICATION,
            "RC1",
            RectificationVerified(VERIFIED, "HZ1"),
            ReportAdded(VERIFIED, "HZ1", "V2", SEEN, SEEN, late=False),
            RewardGiven(VERIFIED, "HZ1"),
        ),
    )


def test_pt4_a_dismissed_hazard_is_worth_nothing(given: Given) -> None:
    scenario = given(rules_known, on(HAZARD, "HZ1", reported())).when(DismissHazard("RC1", "HZ1", VERIFIED))
    assert decided(scenario, HazardReportAccepted, HazardReportRejected) == [
        HazardReportRejected(VERIFIED, "HZ1", "RC1", "DISMISSED")
    ]


def test_pt4_a_duplicate_is_worth_nothing(given: Given) -> None:
    past = given(rules_known).when(report()).when(verify()).when(report("HZ4", "V1", at("17:40")))
    scenario = past.when(link("HZ4", at("17:41")))
    assert decided(scenario, HazardReportAccepted, HazardReportRejected) == [
        HazardReportRejected(at("17:41"), "HZ4", "RC1", "DUPLICATE")
    ]


def test_pt4_the_duplicate_that_was_seen_first_earns_and_not_the_report_that_came_first() -> None:
    first_told, first_seen = report("HZ1", "V1"), uploaded("HZ2", "V2", SEEN - HOUR, SEEN + HOUR)
    assert paid([first_told, first_seen, link("HZ2"), verify()]) == {"V2": 2}


def test_pt4_of_two_seen_at_once_the_one_received_first_earns() -> None:
    one, two = uploaded("HZ1", "V1", SEEN, SEEN + HOUR), uploaded("HZ2", "V2", SEEN, SEEN + HOUR - INSTANT)
    assert paid([two, one, link("HZ2"), verify()]) == {"V2": 2}


def test_pt4_one_seen_earlier_and_told_after_the_reward_takes_it_over() -> None:
    late_upload = uploaded("HZ2", "V2", SEEN - HOUR, VERIFIED + HOUR)
    assert paid([report("HZ1", "V1"), verify(), late_upload, link("HZ2", VERIFIED + HOUR)]) == {"V2": 2}


def test_pt4_who_reports_the_same_twice_is_paid_once_and_nothing_is_reversed() -> None:
    streams = play([report("HZ1", "V1"), verify(), uploaded("HZ2", "V1", SEEN - HOUR, VERIFIED), link("HZ2")])
    assert decided(streams, HazardAcceptanceRevoked) == []


@pytest.mark.parametrize("order", list(permutations(range(5))), ids=lambda order: "".join(map(str, order)))
def test_pt4_in_whatever_order_it_is_told_the_earliest_reporter_is_paid_once(order: tuple[int, ...]) -> None:
    told: list[Command] = [
        report("HZ1", "V1", SEEN + HOUR),
        report("HZ2", "V2", SEEN),
        report("HZ3", "V3", SEEN + INSTANT),
        link("HZ2"),
        verify(),
    ]
    assert paid([*(told[step] for step in order), link("HZ3")]) == {"V2": 2}


def test_pt4_a_hazard_that_is_verified_before_it_is_known_is_paid_when_it_is_told() -> None:
    assert paid([verify(), report()]) == {"V2": 2}


def test_pt4_an_anonymous_report_is_accepted_and_worth_nothing(given: Given) -> None:
    scenario = given(rules_known).when(report(reporter=None)).when(verify())
    (event,) = decided(scenario, HazardReportAccepted)
    assert event == accepted(reporter=None, points=0)


def test_pt4_an_anonymous_report_that_came_first_leaves_nothing_for_the_second() -> None:
    assert paid([report("HZ1", None), report("HZ2", "V2", SEEN + HOUR), link("HZ2"), verify()]) == {}


def test_pt4_an_anonymous_report_told_after_the_reward_takes_it_from_nobody() -> None:
    nameless = uploaded("HZ2", None, SEEN - HOUR, VERIFIED)
    assert paid([report("HZ1", "V1"), verify(), nameless, link("HZ2")]) == {"V1": 2}


def test_pt4_who_was_anonymous_cannot_be_named_later(given: Given) -> None:
    past = given(rules_known).when(report(reporter=None)).when(verify())
    past.when(report(reporter="V2")).then_refused(IdempotencyKeyReused)


def test_k5_a_report_beyond_72_hours_is_recorded_and_worth_nothing() -> None:
    edge = uploaded("HZ1", "V2", SEEN, SEEN + timedelta(hours=72))
    beyond = uploaded("HZ1", "V2", SEEN, SEEN + timedelta(hours=72) + INSTANT)
    assert paid([edge, verify(now=at("10:00", "2026-01-27"))]) == {"V2": 2}
    assert paid([beyond, verify(now=at("10:00", "2026-01-27"))]) == {}


def test_k5_a_report_beyond_the_window_takes_nothing_from_one_within() -> None:
    too_late = uploaded("HZ2", "V2", SEEN - timedelta(hours=80), SEEN)
    assert paid([too_late, report("HZ1", "V1"), link("HZ2"), verify()]) == {"V1": 2}


def test_pt4_the_rules_in_force_when_it_was_seen_say_what_it_is_worth(given: Given) -> None:
    new_rules = msgspec.structs.replace(rules_v1, version=2, effective_from=SEEN + INSTANT, hazard=5)
    scenario = given(book(rules_v1, new_rules)).when(report()).when(verify())
    (event,) = decided(scenario, HazardReportAccepted)
    assert isinstance(event, HazardReportAccepted)
    assert (event.points, event.rules_version) == (2, 1)


def test_a_hazard_seen_before_any_rules_is_worth_nothing(given: Given) -> None:
    (event,) = decided(given().when(report()).when(verify()), HazardReportAccepted)
    assert isinstance(event, HazardReportAccepted)
    assert (event.points, event.rules_version) == (0, None)


REVOKE = RevokeVerification("RC1", "HZ1", VERIFIED + HOUR)


def test_e34_a_revoked_verification_takes_its_points_back_once() -> None:
    revoked_twice = [report(), verify(), REVOKE, REVOKE]
    assert paid(revoked_twice) == {}
    assert len(decided(play(revoked_twice, rules_known), HazardAcceptanceRevoked)) == 1


def test_e34_what_is_verified_again_after_a_revocation_is_paid_again_as_another_source() -> None:
    streams = play([report(), verify(), REVOKE, verify(now=VERIFIED + 2 * HOUR)], rules_known)
    refs = [e.source_ref for e in decided(streams, HazardReportAccepted) if isinstance(e, HazardReportAccepted)]
    assert refs == ["HZ1", "HZ1~2"]


def test_a_revocation_told_before_its_verification_leaves_nothing_to_pay() -> None:
    assert paid([report(), REVOKE, verify()]) == {}
    assert paid([report(), REVOKE, verify(), verify(now=VERIFIED + 2 * HOUR)]) == {"V2": 2}


def test_what_is_dismissed_after_a_revocation_is_rejected(given: Given) -> None:
    past = given(rules_known).when(report()).when(verify()).when(REVOKE)
    scenario = past.when(DismissHazard("RC1", "HZ1", VERIFIED + 2 * HOUR))
    assert [type(event) for event in decided(scenario, HazardReportAccepted, HazardReportRejected)] == [
        HazardReportRejected
    ]


def test_e24_a_verification_told_twice_is_paid_once(given: Given) -> None:
    given(rules_known).when(report()).when(verify()).when(verify(now=VERIFIED + HOUR)).then_nothing()


PEOPLE = ["V1", "V2", "V3"]
REPORTS: list[Command] = [report(f"HZ{n}", who, SEEN + n * HOUR) for n, who in enumerate([*PEOPLE, None, "V1"], 1)]
TOLD: list[Command] = [
    *(kind(case, f"HZ{n}", VERIFIED) for n in range(1, 6) for case in ("RC1", "RC2") for kind in (VerifyHazard,)),
    *(LinkDuplicate(case, f"HZ{n}", VERIFIED) for n in range(1, 6) for case in ("RC1", "RC2")),
    *(DismissHazard(case, "HZ1", VERIFIED) for case in ("RC1", "RC2")),
    *(RevokeVerification(case, "HZ1", VERIFIED) for case in ("RC1", "RC2")),
]


@for_all(st.lists(st.sampled_from([*REPORTS, *TOLD]), max_size=25))
def test_pt4_whatever_is_told_no_rectification_pays_twice_at_a_time(causes: list[Command]) -> None:
    streams = play(causes, rules_known)
    for case in ("RC1", "RC2"):
        standing = 0
        for name in sorted(streams):
            if name == f"rectification-{case}":
                rewards = [type(event).__name__ for event in streams[name]]
                standing += rewards.count("RewardGiven") - rewards.count("RewardTakenBack")
        assert standing in (0, 1)
    assert all(points in (0, 2, 4) for points in paid(causes).values())


def test_a_hazard_that_moves_to_another_rectification_is_paid_there_although_its_first_reward_was_taken_back() -> None:
    """E24 pays a source once, so each reward of a hazard has a source of its own, in whichever rectification it is."""
    steps: list[Command] = [
        report("HZ4"),
        verify("HZ4", "RC4"),
        RevokeVerification("RC4", "HZ4", VERIFIED + HOUR),
        LinkDuplicate("RC1", "HZ4", VERIFIED + 2 * HOUR),
        verify("HZ1", "RC1", VERIFIED + 3 * HOUR),
    ]
    streams = play(steps, rules_known)
    credited = [event.points for event in decided(streams, PointsEarned) if isinstance(event, PointsEarned)]
    assert (paid(steps), credited) == ({"V2": 2}, [2, 2])
