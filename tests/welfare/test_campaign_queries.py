"""What people look at: campaigns, lists, how far they reach, and budgets by campaign, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest

from services.welfare.domain.budget import BUDGET, BudgetCommitted, BudgetConsumed, BudgetReleased
from services.welfare.domain.campaign import (
    CloseCampaign,
    DraftCampaign,
    PauseCampaign,
    PublishCampaign,
    ResumeCampaign,
    TurnPhase,
)
from services.welfare.domain.entitlement import (
    ENTITLEMENT,
    EntitlementExpired,
    EntitlementGranted,
    EntitlementRestored,
    EntitlementRevoked,
    EntitlementUsed,
    Scope,
)
from services.welfare.domain.giving import EvaluateVisit
from services.welfare.domain.member import NoteMember
from services.welfare.domain.station import NoteStationResumed, NoteStationSuspended
from services.welfare.domain.target_list import ApproveList, UploadPart
from services.welfare.main import SERVICE
from services.welfare.projections import budget_board, campaign_reach, campaigns
from shared.database import Database
from shared.decider import Change, Command
from shared.errors import NotFound
from shared.projecting import Projection
from shared.queries import View
from shared.testing.given import on
from shared.testing.infrastructure import Databases
from tests.running import migrated
from tests.welfare.campaigns import DRINK, GIFT, SEASONS, allocated, at, but, published, station
from tests.welfare.rows import log_of, looking, project

NOW = at(12, day=22)


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    database = Database(migrated(databases, SERVICE), name="test", pool=2)
    yield database
    await database.close()


async def seen(
    database: Database,
    projection: Projection,
    query: Callable[[View], Any],
    commands: Iterable[Command],
    *past: Change,
) -> Any:
    await project(database, log_of(commands, *past), projection)
    async with looking(database, projection) as view:
        return await query(view)


async def test_reach_tells_who_got_it_by_trade_and_county_and_why_others_did_not(database: Database) -> None:
    """campaign_reach: 700 fen are two vouchers."""
    money = [allocated("B-DRINK", 700), *published("drink", DRINK), station("S1"), station("S2", "anning")]
    commands: list[Command] = [
        NoteMember("W01", "courier", NOW),
        NoteMember("W02", "courier", NOW),
        NoteMember("W03", "cleaner", NOW),
        EvaluateVisit("V-1", "W01", "S1", at(6)),
        EvaluateVisit("V-2", "W03", "S2", at(6, 1)),
        EvaluateVisit("V-3", "W02", "S1", at(6, 2)),
        EvaluateVisit("V-4", "W04", "S9", at(6, 3)),
    ]
    found = await seen(
        database, campaign_reach.CAMPAIGN_REACH, lambda v: campaign_reach.of(v, "drink"), commands, *money
    )
    one = {"granted": 1, "used": 0, "expired": 0, "revoked": 0, "declined": {}}
    none = {**one, "granted": 0, "declined": {"BUDGET_EXHAUSTED": 1}}
    assert found == {
        **one,
        "granted": 2,
        "declined": {"BUDGET_EXHAUSTED": 2},
        "by_trade": [
            {"trade": None, **none},
            {"trade": "cleaner", **one},
            {"trade": "courier", **one, "declined": {"BUDGET_EXHAUSTED": 1}},
        ],
        "by_county": [
            {"county": None, **none},
            {"county": "anning", **one},
            {"county": "chengguan", **one, "declined": {"BUDGET_EXHAUSTED": 1}},
        ],
    }


async def test_reach_follows_what_becomes_of_entitlements(database: Database) -> None:
    """What was used and given back is not used."""
    scope = Scope("courier", "chengguan")

    def granted(member: str, *then: Any) -> Change:
        return on(ENTITLEMENT, f"drink/{member}", EntitlementGranted(NOW, "d", "V", "ref", scope), *then)

    past = [
        granted("W01", EntitlementUsed(NOW, "d", "X", scope)),
        granted("W02", EntitlementUsed(NOW, "d", "X", scope), EntitlementRestored(NOW, "d", "X", scope)),
        granted("W03", EntitlementExpired(NOW, "d", scope)),
        granted("W04", EntitlementRevoked(NOW, "d", scope)),
    ]
    found = await seen(database, campaign_reach.CAMPAIGN_REACH, lambda v: campaign_reach.of(v, "drink"), [], *past)
    counts = {"granted": 4, "used": 1, "expired": 1, "revoked": 1, "declined": {}}
    assert found["by_trade"] == [{"trade": "courier", **counts}]
    assert {name: found[name] for name in counts} == counts


async def test_a_campaign_is_shown_with_its_stage_and_phases(database: Database) -> None:
    cold = SEASONS.phases[0]
    commands: list[Command] = [
        DraftCampaign("tea", SEASONS, NOW),
        PublishCampaign("tea", NOW),
        TurnPhase("tea", cold.phase_id, True, cold.starts_at),
        PauseCampaign("tea", "stock", NOW),
    ]
    found = await seen(
        database, campaigns.CAMPAIGNS, lambda v: campaigns.of(v, "tea"), commands, allocated("B-TEA", 500)
    )
    assert (found["stage"], found["reason"], found["terms"]["face_fen"]) == ("paused", "stock", 500)
    assert [(phase["phase_id"], phase["stage"]) for phase in found["phases"]] == [
        ("great_cold", "open"),
        ("spring", "to_come"),
    ]


async def test_row_21_a_campaign_is_shown_as_paused_until_nothing_holds_it(database: Database) -> None:
    past = [allocated("B-DRINK", 700), *published("drink", but(DRINK, stations=("S1", "S2")))]
    held: list[Command] = [
        NoteStationSuspended("S1", NOW),
        NoteStationSuspended("S2", NOW),
        NoteStationResumed("S1", NOW),
    ]

    async def stage(view: View) -> Any:
        return (await campaigns.of(view, "drink"))["stage"]

    assert await seen(database, campaigns.CAMPAIGNS, stage, held, *past) == "paused"
    assert (
        await seen(database, campaigns.CAMPAIGNS, stage, [*held, NoteStationResumed("S2", NOW)], *past) == "published"
    )
    assert await seen(database, campaigns.CAMPAIGNS, stage, [*held, ResumeCampaign("drink", NOW)], *past) == "published"
    assert await seen(database, campaigns.CAMPAIGNS, stage, [*held, CloseCampaign("drink", NOW)], *past) == "closed"


async def test_campaigns_are_listed_by_kind_and_stage_and_drafts_to_some_alone(database: Database) -> None:
    commands: list[Command] = [DraftCampaign("draft", DRINK, NOW), DraftCampaign("gift", GIFT, NOW)]
    past = [allocated("B-DRINK", 700), *published("drink", DRINK), *published("tea", SEASONS)]

    async def names(view: View) -> list[list[str]]:
        asked = [
            ((None, None, "", 10), True),
            ((None, None, "", 10), False),
            (("checkin_gift", None, "", 10), False),
            ((None, "published", "drink", 10), True),
            ((None, None, "", 1), True),
        ]
        pages = [await campaigns.page(view, *wanted, drafts=drafts) for wanted, drafts in asked]
        with pytest.raises(NotFound):
            await campaigns.of(view, "draft", drafts=False)
        return [[one["campaign_id"] for one in page] for page in pages]

    found = await seen(database, campaigns.CAMPAIGNS, names, commands, *past)
    assert found == [["draft", "drink", "gift", "tea"], ["drink", "tea"], ["drink"], ["tea"], ["draft"]]


async def test_lists_are_shown_with_their_size_and_how_far_they_are(database: Database) -> None:
    past = [allocated("B-GIFT", 4_000), *published("gift", GIFT)]
    commands: list[Command] = [
        UploadPart("gift", "L1", 1, ("W06", "W07"), "officer-1", NOW),
        UploadPart("gift", "L1", 1, ("W06",), "officer-1", NOW),
        UploadPart("gift", "L1", 2, ("W08", "W09"), "officer-1", NOW),
        UploadPart("gift", "L2", 1, ("W10",), "officer-1", NOW),
        ApproveList("gift", "L1", "officer-2", at(12)),
    ]
    found = await seen(database, campaigns.CAMPAIGNS, lambda v: campaigns.lists(v, "gift", "", 10), commands, *past)
    waits = {"approved": False, "approved_by": None, "answered": 0, "granted": 0}
    assert found == [
        {"list_id": "L1", "size": 3, "approved": True, "approved_by": "officer-2", "answered": 3, "granted": 2},
        {"list_id": "L2", "size": 1, **waits},
    ]


async def test_the_board_says_what_each_campaign_has_of_a_budget(database: Database) -> None:
    """What is of no campaign are allowances."""
    past = [
        allocated("B", 10_000),
        on(
            BUDGET,
            "B",
            BudgetCommitted(NOW, "v1", 300, "drink"),
            BudgetCommitted(NOW, "v2", 2_000, "gift"),
            BudgetConsumed(NOW, "v1", 250, "drink"),
            BudgetReleased(NOW, "v1", 50, "drink"),
            BudgetCommitted(NOW, "allowance:T1", 1_000),
        ),
    ]
    found = await seen(database, budget_board.BUDGET_BOARD, lambda v: budget_board.of(v, "B"), [], *past)
    assert (found["committed_fen"], found["consumed_fen"], found["available_fen"]) == (3_000, 250, 6_750)
    assert found["campaigns"] == [
        {"campaign_id": None, "committed_fen": 1_000, "consumed_fen": 0},
        {"campaign_id": "drink", "committed_fen": 0, "consumed_fen": 250},
        {"campaign_id": "gift", "committed_fen": 2_000, "consumed_fen": 0},
    ]
