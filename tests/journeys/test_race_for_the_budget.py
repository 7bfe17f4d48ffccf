"""Everybody claims at once from one budget, from several processes: the last voucher goes to one of them (WF1, K7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.welfare.domain.budget import BUDGET, AllocateBudget, BudgetCommitted, BudgetExhausted
from services.welfare.domain.campaign import DraftCampaign, PublishCampaign
from services.welfare.domain.giving import Claim, EvaluateVisit
from services.welfare.domain.terms import Phase, Terms
from services.welfare.domain.voucher_events import VoucherIssued
from services.welfare.main import SERVICE
from shared.database import Database
from shared.decider import Command, DomainEvent
from shared.outcomes import Answer
from shared.testing.audit import whole_log
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from tests.journeys.racing import Racers, codes, racing
from tests.running import migrated

pytestmark = pytest.mark.load
FACE = 300
CLAIMS, WINNERS = 1_000, 400
DAY = timedelta(days=1)
ROUNDS = [10, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]


class Office:
    """Processes of welfare on one database; names are new in each race."""

    def __init__(self, racers: Racers, url: str) -> None:
        self.racers, self.url = racers, url
        self._names = 0

    def name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}-{self._names}"

    async def do(self, *commands: Command) -> None:
        """Before the race: none may be refused."""
        for command in commands:
            assert codes(await self.racers.race([command])) == ["accepted"]

    async def budget(self, budget_id: str) -> list[DomainEvent]:
        """Its stream."""
        database = Database(self.url, name="race", pool=1)
        wanted = BUDGET.stream(budget_id)
        rows = [row for row in await whole_log(database) if row.stream == wanted]
        await database.close()
        return [SERVICE.codec.decode(row.type, row.data) for row in rows]


@pytest.fixture(scope="module")
async def office(databases: Databases) -> AsyncIterator[Office]:
    url = migrated(databases, SERVICE)
    async with racing(SERVICE, url) as racers:
        yield Office(racers, url)


async def published(office: Office, fen: int, kind: str = "phased") -> tuple[str, str]:
    """A campaign that is on, with a budget of its own."""
    budget, campaign = office.name("B"), office.name("C")
    phases = (Phase("now", NOON - DAY, NOON + DAY),) if kind == "phased" else ()
    terms = Terms(
        kind=kind,  # type: ignore[arg-type]
        budget_id=budget,
        face_fen=FACE,
        starts_at=NOON - DAY,
        ends_at=NOON + DAY,
        phases=phases,
    )
    await office.do(
        AllocateBudget(budget, fen, "2026-001", NOON),
        DraftCampaign(campaign, terms, NOON),
        PublishCampaign(campaign, NOON),
    )
    return budget, campaign


def decided(answers: list[Answer], kind: type[DomainEvent]) -> int:
    return sum(isinstance(one.event, kind) for answer in answers for one in answer.events)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_wf1_k7_e36_e38_a_thousand_claims_at_once_never_overspend_a_budget(office: Office, rounds: int) -> None:
    """As many win as there is money for, everybody else is told so, and nobody is told of a conflict."""
    for number in range(rounds):
        fen = WINNERS * FACE + number % FACE  # what is too little for one more stays
        budget, campaign = await published(office, fen)
        answers = await office.racers.race([Claim(campaign, f"W{one}", NOON) for one in range(CLAIMS)])
        assert Counter(codes(answers)) == {"accepted": WINNERS, "BUDGET_EXHAUSTED": CLAIMS - WINNERS}
        assert decided(answers, VoucherIssued) == decided(answers, BudgetCommitted) == WINNERS
        assert decided(answers, BudgetExhausted) == (number % FACE == 0)
    events = await office.budget(budget)
    promised = sum(event.fen for event in events if isinstance(event, BudgetCommitted))
    state = BUDGET.fold(events)  # type: ignore[arg-type]
    assert (promised, state.committed, state.available) == (WINNERS * FACE, WINNERS * FACE, (rounds - 1) % FACE)


async def test_wf11_k7_one_member_who_claims_from_everywhere_at_once_gets_one(office: Office) -> None:
    _, campaign = await published(office, 1_000 * FACE)
    answers = await office.racers.race([Claim(campaign, "W1", NOON)] * 100)
    assert Counter(codes(answers)) == {"accepted": 1, "LIMIT_REACHED": 99}
    assert decided(answers, BudgetCommitted) == 1


async def test_wf9_k3_check_ins_of_one_day_told_by_all_processes_are_answered_once(office: Office) -> None:
    """Each visit is told to every process: three in four are repeats; and each member comes twice."""
    _, campaign = await published(office, 50 * FACE, "checkin_gift")
    visits = [EvaluateVisit(f"{campaign}-V{one}-{turn}", f"W{one}", "S1", NOON) for one in range(100) for turn in "ab"]
    told = [(visit.visit_id, visit) for visit in visits for _ in range(4)]
    answers = await office.racers.race([visit for _, visit in told], [name for name, _ in told])
    assert "VERSION_CONFLICT" not in codes(answers)
    fresh = [answer for answer in answers if not answer.repeated]
    assert decided(fresh, VoucherIssued) == decided(fresh, BudgetCommitted) == 50
    members = {one.event.member_id for answer in fresh for one in answer.events if isinstance(one.event, VoucherIssued)}
    assert len(members) == 50
    declined = Counter(type(one.event).__name__ for answer in fresh for one in answer.events)["EntitlementDeclined"]
    assert declined == 50
