"""Gifts by list: uploaded in parts, approved by somebody else (K8), and then given once to each member (E44)."""

from __future__ import annotations

from datetime import datetime

from services.welfare.domain import refusals
from services.welfare.domain.budget import BudgetCommitted
from services.welfare.domain.campaign import (
    CAMPAIGN,
    START,
    CampaignClosed,
    CampaignDrafted,
    CampaignPaused,
    GrantingBegun,
    PauseCampaign,
    PublishCampaign,
    ResumeCampaign,
    StartCampaign,
    TargetListApproved,
)
from services.welfare.domain.entitlement import EntitlementDeclined, EntitlementGranted
from services.welfare.domain.target_list import (
    PART,
    TARGET_LIST,
    ApproveList,
    GrantNext,
    ListApproved,
    ListProgressed,
    ListStarted,
    PartAdded,
    PartUploaded,
    UploadPart,
    part_id,
)
from services.welfare.domain.values import GRANTED_AT_ONCE
from services.welfare.policies import POLICIES
from shared.decider import Change, Command, DeadlineSet, DomainEvent
from shared.errors import IdempotencyKeyReused, NotFound
from shared.testing.given import Given, Scenario, on
from tests.welfare.campaigns import DRINK, GIFT, allocated, at, but, published

NOW = at(12)
MONEY = allocated("B-GIFT", 10**9)
OPEN = [MONEY, *published("gift", GIFT)]
DRAFTED = on(CAMPAIGN, "gift", CampaignDrafted(NOW, GIFT))
APPROVE = ApproveList("gift", "L1", "officer-2", NOW)


def part(number: int, *members: str, by: str = "officer-1", list_id: str = "L1") -> UploadPart:
    return UploadPart("gift", list_id, number, members, by, NOW)


def uploaded(*parts: tuple[str, ...]) -> list[Change]:
    """A list of these parts, not approved yet."""
    added = [PartAdded(NOW, number, len(members), "officer-1") for number, members in enumerate(parts, 1)]
    kept = [on(PART, part_id("L1", number), PartUploaded(NOW, members)) for number, members in enumerate(parts, 1)]
    return [on(TARGET_LIST, "L1", ListStarted(NOW, "gift"), *added), *kept]


def approved(*parts: tuple[str, ...]) -> list[Change]:
    size = sum(map(len, parts))
    return [
        *uploaded(*parts),
        on(TARGET_LIST, "L1", ListApproved(NOW, "officer-2")),
        on(CAMPAIGN, "gift", TargetListApproved(NOW, "L1", size)),
    ]


def play(scenario: Scenario, command: Command) -> tuple[list[DomainEvent], int]:
    """All that follows from this command, and how many commands it took."""
    waiting, events, count = [command], list[DomainEvent](), 0
    while waiting:
        count += 1
        new = [event for stream in scenario.when(waiting.pop(0)).events.values() for event in stream]
        for event in new:
            for reaction in POLICIES.reactions.get(type(event), []):
                waiting += reaction(event)
        events += new
    return events, count


def of(kind: type[DomainEvent], events: list[DomainEvent]) -> int:
    return sum(isinstance(event, kind) for event in events)


def test_a_list_is_uploaded_in_parts_and_the_last_word_on_a_part_holds(given: Given) -> None:
    scenario = given(DRAFTED).when(part(1, "W06", "W07"))
    begun = [ListStarted(NOW, "gift"), PartAdded(NOW, 1, 2, "officer-1")]
    scenario.then(on(TARGET_LIST, "L1", *begun), on(PART, "L1/1", PartUploaded(NOW, ("W06", "W07"))))
    scenario.when(part(1, "W06", "W07")).then_nothing()
    scenario.when(part(1, "W06")).then(
        on(TARGET_LIST, "L1", PartAdded(NOW, 1, 1, "officer-1")), on(PART, "L1/1", PartUploaded(NOW, ("W06",)))
    )


def test_k8_a_list_is_approved_by_somebody_who_uploaded_none_of_it(given: Given) -> None:
    scenario = given(*OPEN).when(part(1, "W06")).when(part(2, "W07", by="officer-2")).when(APPROVE)
    scenario.then_refused(refusals.FourEyesRequired)
    scenario.when(ApproveList("gift", "L1", "officer-3", NOW)).then(
        on(TARGET_LIST, "L1", ListApproved(NOW, "officer-3")),
        on(CAMPAIGN, "gift", TargetListApproved(NOW, "L1", 2), GrantingBegun(NOW, "gift")),
    )
    scenario.when(APPROVE).then_nothing()


def test_k8_whose_part_was_replaced_is_still_one_of_those_who_uploaded(given: Given) -> None:
    scenario = given(*OPEN).when(part(1, "W06", by="officer-2")).when(part(1, "W07")).when(APPROVE)
    scenario.then_refused(refusals.FourEyesRequired)


def test_an_approved_list_stays_as_it_is(given: Given) -> None:
    given(*OPEN, *approved(("W06",))).when(part(2, "W07")).then_refused(refusals.ListAlreadyApproved)
    given(*OPEN, *approved(("W06",))).when(part(1, "W06")).then_nothing()


def test_lists_are_for_campaigns_that_give_by_list(given: Given) -> None:
    others = [allocated("B-DRINK", 1), *published("gift", DRINK)]
    given(*others).when(part(1, "W06")).then_refused(refusals.CampaignNotOpen)
    given().when(part(1, "W06")).then_refused(NotFound)
    given(*OPEN).when(APPROVE).then_refused(NotFound)
    given(*OPEN, *uploaded(("W06",)), on(CAMPAIGN, "gift", CampaignClosed(NOW))).when(APPROVE).then_refused(
        refusals.CampaignNotOpen
    )
    late = ApproveList("gift", "L1", "officer-2", GIFT.ends_at)
    given(*OPEN, *uploaded(("W06",))).when(late).then_refused(refusals.CampaignNotOpen)


def test_a_list_belongs_to_one_campaign(given: Given) -> None:
    past = [*OPEN, *published("other", GIFT), *uploaded(("W06",))]
    given(*past).when(UploadPart("other", "L1", 2, ("W07",), "officer-1", NOW)).then_refused(IdempotencyKeyReused)
    given(*past).when(ApproveList("other", "L1", "officer-2", NOW)).then_refused(IdempotencyKeyReused)


def test_e44_each_member_of_an_approved_list_is_given_once_by_a_published_campaign(given: Given) -> None:
    events, _ = play(given(*OPEN, *uploaded(("W06", "W07"), ("W08",))), APPROVE)
    assert of(EntitlementGranted, events) == of(BudgetCommitted, events) == 3
    granted = [event.basis for event in events if isinstance(event, EntitlementGranted)]
    assert granted == ["L1"] * 3


def test_e44_an_approved_list_of_a_draft_waits_for_its_publication(given: Given) -> None:
    scenario = given(MONEY, DRAFTED, *uploaded(("W06", "W07")))
    events, count = play(scenario, APPROVE)
    assert (of(TargetListApproved, events), count) == (1, 1)
    events, _ = play(scenario, PublishCampaign("gift", NOW))
    assert of(EntitlementGranted, events) == 2


def test_a_list_of_a_campaign_that_starts_later_waits_for_its_start(given: Given) -> None:
    later = but(GIFT, starts_at=at(0, day=25))
    past = [MONEY, *published("gift", later), on(CAMPAIGN, "gift", DeadlineSet(NOW, START, "", later.starts_at))]
    scenario = given(*past, *uploaded(("W06",)))
    events, _ = play(scenario, APPROVE)
    assert of(GrantingBegun, events) == 0
    events, _ = play(scenario, StartCampaign("gift", later.starts_at))
    assert of(EntitlementGranted, events) == 1


def test_who_is_named_twice_in_one_list_or_in_two_is_given_once(given: Given) -> None:
    scenario = given(*OPEN, *uploaded(("W06", "W06"), ("W06",)))
    events, _ = play(scenario, APPROVE)
    assert of(EntitlementGranted, events) == 1
    scenario.when(part(1, "W06", "W09", list_id="L2"))
    events, _ = play(scenario, ApproveList("gift", "L2", "officer-2", NOW))
    assert [event.ref for event in events if isinstance(event, BudgetCommitted)] == [
        event.ref for event in events if isinstance(event, EntitlementGranted)
    ]
    assert of(EntitlementGranted, events) == 1


def test_a_list_of_ten_thousand_is_given_in_steps_of_bounded_work(given: Given) -> None:
    parts = [tuple(f"M{number}-{one}" for one in range(500)) for number in range(20)]
    scenario = given(*OPEN, *uploaded(*parts))
    events, count = play(scenario, APPROVE)
    steps = [event for event in events if isinstance(event, ListProgressed)]
    assert of(EntitlementGranted, events) == sum(step.granted for step in steps) == 10_000
    assert max(step.answered for step in steps) == GRANTED_AT_ONCE
    assert count == 10_000 // GRANTED_AT_ONCE + 2  # the approval before, and one that finds nobody after


def test_wf1_a_list_that_is_longer_than_the_money_ends_with_declined_members(given: Given) -> None:
    past = [allocated("B-GIFT", 5_000), *published("gift", GIFT), *uploaded(("W06", "W07", "W08"))]
    events, _ = play(given(*past), APPROVE)
    assert of(EntitlementGranted, events) == 2
    assert [event.code for event in events if isinstance(event, EntitlementDeclined)] == ["BUDGET_EXHAUSTED"]


def test_a_pause_stops_the_gifts_and_the_resumption_goes_on_where_they_were(given: Given) -> None:
    many = tuple(f"W{number}" for number in range(GRANTED_AT_ONCE + 1))
    scenario = given(*OPEN, *approved(many))
    scenario.when(GrantNext("gift", NOW)).when(PauseCampaign("gift", "stock", NOW))
    scenario.when(GrantNext("gift", NOW)).then_nothing()
    events, _ = play(scenario, ResumeCampaign("gift", NOW))
    assert of(EntitlementGranted, events) == 1


def test_a_step_asked_for_twice_gives_nobody_twice(given: Given) -> None:
    """Two chains of steps share the members."""
    scenario = given(*OPEN, *approved(("W06", "W07"))).when(GrantNext("gift", NOW))
    scenario.when(GrantNext("gift", NOW)).then_nothing()
    paused = on(CAMPAIGN, "gift", CampaignPaused(NOW, "stock"))
    given(*OPEN, *approved(("W06",)), paused).when(GrantNext("gift", NOW)).then_nothing()


def test_gifts_by_list_are_valid_until_the_day_that_the_campaign_says(given: Given) -> None:
    moment: datetime = NOW
    scenario = given(*OPEN, *approved(("W06",))).when(GrantNext("gift", moment))
    (voucher,) = [name for name in scenario.events if name.startswith("voucher-")]
    issued = scenario.events[voucher][0]
    assert (issued.valid_until, issued.collect) == (GIFT.valid_until, True)  # type: ignore[attr-defined]
