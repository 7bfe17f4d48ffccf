"""Every cell of every service's policy table, by a request to the running service: allowed, 403 or 401."""

from __future__ import annotations

import httpx
import pytest

from shared.plain_http import NO_TLS
from shared.testing.cells import CALLER, OTHER, Cell, cells
from shared.testing.gates import HAZARD, calling, reported
from tests.running import SERVICES, Town

CELLS = [(name, cell) for name, service in SERVICES.items() for cell in cells(service.access)]


@pytest.fixture(scope="module")
async def refs(town: Town) -> dict[tuple[str, str, bool], str]:
    """By service and relation: what is the caller's, and what is somebody else's."""
    told = {}
    for name in SERVICES:
        for mine in (True, False):
            async with calling(getattr(town, name), town.surroundings, CALLER if mine else OTHER) as poster:
                answer = await poster.post("/content", {"subject": "case-1", "text": "a few words"}, "for cells")
                told[name, "theirs", mine] = answer.json()["ref"]
    async with calling(town.points, town.surroundings, "app-1", "patrol_app") as app:
        for mine, who in ((True, CALLER), (False, OTHER)):
            told["points", "filed", mine], told["points", "reported", mine] = f"PR-{who}", f"HZ-{who}"
            filed = await app.post("/patrol-reports", reported(f"PR-{who}", "D1", who), f"report of {who}")
            seen = await app.post("/hazards", {**HAZARD, "hazard_id": f"HZ-{who}", "reporter_id": who}, f"by {who}")
            assert (filed.status_code, seen.status_code) == (200, 200), (filed.text, seen.text)
    return told | await of_welfare(town)


async def of_welfare(town: Town) -> dict[tuple[str, str, bool], str]:
    """Each of both is a member with a voucher, and a merchant who has taken one and is paid for it."""
    told = {}
    year = {"starts_at": "2026-01-01T00:00:00+08:00", "ends_at": "2027-01-01T00:00:00+08:00"}
    terms = {"kind": "phased", "budget_id": "B", "face_fen": 1, "phases": [{"phase_id": "p", **year}], **year}
    async with calling(town.welfare, town.surroundings, "P1", "officer", "finance") as office:
        await office.insist("/budgets/B/allocate", {"fen": 2, "source_ref": "r"}, "budget")
        await office.insist("/campaigns/C/draft", terms, "draft")
        await office.insist("/campaigns/C/publish", {}, "publish")
        for mine, who in ((True, CALLER), (False, OTHER)):
            member, till = {"member_id": who}, {"terminal_id": f"till-{who}"}
            await office.insist(f"/merchants/{who}/onboard", {"category": "c", "contract_ref": "r"}, f"onboard {who}")
            await office.insist(f"/merchants/{who}/register-terminal", till, f"till {who}")
            async with calling(town.welfare, town.surroundings, who) as worker:
                claimed = await worker.insist("/campaigns/C/claim", member, "claim")
            (voucher,) = (one["entity"] for one in claimed.json()["events"] if one["type"] == "VoucherIssued")
            what = {"redemption_id": f"R-{who}", "merchant_id": who, "voucher_id": voucher, "basket_fen": 1}
            async with calling(town.welfare, town.surroundings, till["terminal_id"], "terminal") as terminal:
                bought = await terminal.insist("/redemptions", {**what, **member, **till}, f"buy {who}")
            assert bought.status_code == 200, bought.text
            told["welfare", "holder", mine], told["welfare", "party", mine] = voucher, f"R-{who}"
            told["welfare", "payee", mine] = f"{who}-2026-01-23"
    town.surroundings.clock.path.write_text("fixed 2026-01-23T22:00:00+08:00\n")  # the day's cut-off
    await town.welfare.idle()
    return told


def arranged(cell: Cell, name: str, refs: dict[tuple[str, str, bool], str]) -> Cell:
    """Relations that only data can tell need the data: whose it is."""
    ref = refs.get((name, cell.relation.name, cell.holds))
    if ref is None:
        return cell
    named: str = ref

    class Arranged(Cell):
        def value(self) -> str:
            return named

    return Arranged(cell.line, cell.role, cell.relation, cell.holds)


@pytest.mark.parametrize(("name", "cell"), CELLS, ids=[f"{name}: {cell}" for name, cell in CELLS])
async def test_a_cell_is_answered_as_the_table_says(
    town: Town, refs: dict[tuple[str, str, bool], str], name: str, cell: Cell
) -> None:
    headers = {"Idempotency-Key": "cell"}
    if cell.role is not None:
        token = town.surroundings.issuer.token(CALLER, **cell.token(town.surroundings.clock.now()))
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(base_url=getattr(town, name).url, trust_env=False, verify=NO_TLS) as http:
        answer = await http.request(**arranged(cell, name, refs).request(), headers=headers)
    if cell.expected == "allowed":
        assert answer.status_code not in (401, 403, 405), answer.text
        assert answer.status_code < 500, answer.text
    else:
        assert answer.status_code == cell.expected, answer.text
        assert answer.json()["code"] == {401: "TOKEN_INVALID", 403: "FORBIDDEN"}[cell.expected]


@pytest.mark.parametrize("name", SERVICES)
def test_every_line_has_a_cell_that_is_let_in_and_one_that_is_not(name: str) -> None:
    asked: dict[str, set[object]] = {}
    for cell in cells(SERVICES[name].access):
        asked.setdefault(str(cell.line), set()).add(cell.expected)
    public = {str(line) for line in SERVICES[name].access if line.public}
    assert all(({"allowed"} if line in public else {"allowed", 401}) <= expected for line, expected in asked.items())
    assert all(asked[line] == {"allowed"} for line in public)


def test_every_relation_of_a_table_is_asked_both_ways() -> None:
    for _name, cell in CELLS:
        other = Cell(cell.line, cell.role, cell.relation, not cell.holds)
        if cell.relation.field:
            assert any(one == other for _, one in CELLS)
