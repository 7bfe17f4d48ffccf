"""What the guard does beyond the cells: windows, places of fields, what the refused are told, and completeness."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import iter_route_contexts

from shared import content_api
from shared.access import generate
from shared.access.guard import OPEN, Guard, check_complete, operations
from shared.access.table import ANY, Access, Asked, line, on_duty, own
from shared.database import Connection, Database
from shared.identity import Grant, LocalIssuer, Principal, TokenInvalid, Verifier
from shared.plain_http import NO_TLS
from shared.service import Service
from shared.testing.gates import GATE, calling, settle
from shared.testing.infrastructure import Databases
from shared.testing.processes import NOON
from shared.web import answer_problems
from tests.running import SERVICES, Town

DAY = int(NOON.timestamp())
OVERRIDE = {"member_id": "W01", "station_id": "S1", "gate_id": "S1-G1", "reason": "heat_wave"}


@pytest.fixture
def moved(town: Town) -> Iterator[Town]:
    """A town whose clock the test moves; afterwards it is noon again."""
    yield town
    town.surroundings.clock.path.write_text(f"fixed {NOON.isoformat()}\n")


def set_to(town: Town, moment: datetime) -> None:
    town.surroundings.clock.path.write_text(f"fixed {moment.isoformat()}\n")


async def override(town: Town, key: str, **claims: Any) -> httpx.Response:
    headers = {"Authorization": town.surroundings.authorization("W77", **claims), "Idempotency-Key": key}
    async with httpx.AsyncClient(base_url=town.checkin.url, trust_env=False, verify=NO_TLS) as http:
        return await http.post("/scans/override", json=OVERRIDE, headers=headers)


@pytest.mark.parametrize(
    "seconds,allowed", [(-1, False), (0, True), (3_599, True), (3_600, False)], ids=["before", "from", "last", "to"]
)
async def test_a_chief_is_chief_in_a_half_open_window_of_the_services_clock(
    moved: Town, seconds: int, allowed: bool
) -> None:
    set_to(moved, NOON + timedelta(seconds=seconds))
    answer = await override(moved, f"window {seconds}", grants=[Grant("chief", "S1", DAY, DAY + 3_600)])
    assert (answer.status_code != 403) is allowed, answer.text


async def test_a_chief_without_a_window_is_told_what_is_missing_and_what_to_do(town: Town) -> None:
    answer = await override(town, "role alone")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (403, "FORBIDDEN")
    assert "chief (on duty now at the station in station_id)" in body["detail"]
    other = (await override(town, "elsewhere", grants=[Grant("chief", "S2", DAY, DAY + 60)])).json()
    assert "you are not on duty now at the station in station_id. Get a token with the grant" in other["detail"]
    assert [error["field"] for error in other["errors"]] == ["station_id"]


async def test_a_missing_role_is_named_with_the_remedy(town: Town) -> None:
    async with calling(town.points, town.surroundings, "W01", "worker") as worker:
        body = (await worker.post("/rules", {}, "rules")).json()
    assert body["detail"] == (
        "this needs the role officer; you have worker. Ask for the role where you got your token."
    )


async def test_a_gate_of_another_station_is_told_so(town: Town) -> None:
    headers = {"Authorization": town.surroundings.authorization(GATE, "gate", stations=["S2"]), "Idempotency-Key": "g"}
    scan = {"member_id": "W01", "station_id": "S1", "gate_id": "S1-G1", "direction": "entry"}
    async with httpx.AsyncClient(base_url=town.checkin.url, trust_env=False, verify=NO_TLS, headers=headers) as http:
        answer = await http.post("/scans", json=scan)
        assert answer.status_code == 403
        assert "the station in station_id is not one of yours" in answer.json()["detail"]
        assert (await http.post("/scans", json={**scan, "station_id": "S2"})).status_code != 403


async def test_only_the_place_that_the_route_reads_counts(town: Town) -> None:
    """A station in the query does not open another one in the body, nor does the first of two in the body."""
    headers = {
        "Authorization": town.surroundings.authorization(GATE, "gate", stations=["S2"]),
        "Idempotency-Key": "places",
        "Content-Type": "application/json",
    }
    scan = {"member_id": "W01", "station_id": "S1", "gate_id": "S1-G1", "direction": "entry"}
    twice = json.dumps(scan).replace('"station_id"', '"station_id": "S2", "station_id"', 1)
    async with httpx.AsyncClient(base_url=town.checkin.url, trust_env=False, verify=NO_TLS, headers=headers) as http:
        assert (await http.post("/scans?station_id=S2", json=scan)).status_code == 403
        assert (await http.post("/scans", content=twice)).status_code == 403


@pytest.mark.parametrize("value", [..., None, 7, ["S1"], {"S1": 1}, "S1\0"], ids=str)
async def test_a_field_that_decides_and_is_missing_is_named(town: Town, value: Any) -> None:
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        answer = await gate.post("/scans", {} if value is ... else {"station_id": value}, "missing")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert [error["field"] for error in answer.json()["errors"]] == ["station_id"]


@pytest.mark.parametrize(
    ("path", "field"),
    [("/reviews?after=%00", "after"), ("/map?county=%00", "county"), ("/people/W%0001/duties", "person_id")],
)
async def test_a_nul_in_the_address_is_told_with_the_field(town: Town, path: str, field: str) -> None:
    """PostgreSQL takes no such text, in no query and in no look-up of who may ask."""
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        answer = await officer.http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_an_override_by_the_chief_of_the_day_is_recorded_as_his(town: Town) -> None:
    await settle(town.checkin, town.surroundings, ["W01"])
    answer = await override(town, "the chief's", grants=[Grant("chief", "S1", DAY, DAY + 60)])
    assert answer.status_code == 200, answer.text


# what the table and the routes say of each other


def routes_of(service: Service) -> FastAPI:
    app = FastAPI()
    for router in (content_api.router, *service.routers):
        app.include_router(router)
    return app


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_has_exactly_one_line_and_every_line_a_route(name: str) -> None:
    there = {one for one in operations(iter_route_contexts(routes_of(SERVICES[name]).routes)) if one not in OPEN}
    assert there == {line.operation for line in SERVICES[name].access}


@pytest.mark.parametrize("name", SERVICES)
async def test_every_route_of_the_running_service_needs_a_token_but_those_that_are_open(town: Town, name: str) -> None:
    async with httpx.AsyncClient(base_url=getattr(town, name).url, trust_env=False, verify=NO_TLS) as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
        found = {(method.upper(), path) for path, methods in paths.items() for method in methods}
        assert found - OPEN == {line.operation for line in SERVICES[name].access}
        public = {line.operation for line in SERVICES[name].access if line.public}
        for method, path in found - OPEN:
            answer = await http.request(method, path, json={} if method == "POST" else None)
            assert (answer.status_code == 401) is ((method, path) not in public), (method, path, answer.text)


async def test_what_is_public_is_answered_whatever_the_token(town: Town) -> None:
    issuer = town.surroundings.issuer
    tokens = ("", "Bearer x", f"Bearer {issuer.token('P1', [], hours=-1)}", f"Bearer {issuer.token('P1', [])}")
    async with httpx.AsyncClient(base_url=town.checkin.url, trust_env=False, verify=NO_TLS) as http:
        answers = [await http.get("/stations.geojson", headers={"Authorization": token}) for token in tokens]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}


def nothing() -> dict[str, str]:
    """A route that does nothing."""
    return {}


@pytest.fixture
def small(databases: Databases, tmp_path: Path) -> tuple[FastAPI, Guard, Access, LocalIssuer]:
    """An application of two routes, with a table of its own, whose second relation is looked up in the database."""

    async def keeps(connection: Connection, asked: Asked) -> bool:
        row = await (await connection.execute("select %s::text = %s", (asked.value, "S9"))).fetchone()
        return row is not None and bool(row[0]) and asked.role == "chief"

    class Noon:
        def now(self) -> datetime:
            return NOON

        def at(self, machine_time: datetime) -> datetime:
            return NOON

    issuer = LocalIssuer(tmp_path / "issuer")
    access = Access(line("GET /a", officer=ANY), line("POST /b", chief=on_duty("station_id", keeps)))
    database = Database(databases.fresh(), name="test", pool=2)
    guard = Guard(access, Verifier(issuer.public, "yizhan-dev", "yizhan"), Noon(), database)
    app = FastAPI(title="small")
    answer_problems(app)
    app.add_api_route("/a", nothing, methods=["GET"], dependencies=[Depends(guard)])
    app.add_api_route("/b", nothing, methods=["POST"], dependencies=[Depends(guard)])
    return app, guard, access, issuer


async def test_what_the_token_does_not_tell_is_looked_up(small: tuple[FastAPI, Guard, Access, LocalIssuer]) -> None:
    app, _, _, issuer = small
    headers = {"Authorization": f"Bearer {issuer.token('W01', [])}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://small", headers=headers) as http:
        assert (await http.post("/b", json={"station_id": "S9"})).status_code == 200
        assert (await http.post("/b", json={"station_id": "S8"})).status_code == 403


def test_a_sound_application_is_complete(small: tuple[FastAPI, Guard, Access, LocalIssuer]) -> None:
    app, guard, access, _ = small
    check_complete(app, access, guard)


def test_a_route_without_a_line_does_not_start(small: tuple[FastAPI, Guard, Access, LocalIssuer]) -> None:
    app, guard, access, _ = small
    app.add_api_route("/c", nothing, methods=["GET"], dependencies=[Depends(guard)])
    with pytest.raises(TypeError, match="GET /c has no line"):
        check_complete(app, access, guard)


def test_a_line_without_a_route_does_not_start(small: tuple[FastAPI, Guard, Access, LocalIssuer]) -> None:
    app, guard, access, _ = small
    with pytest.raises(TypeError, match="GET /c has a line and no route"):
        check_complete(app, Access(*access, line("GET /c", officer=ANY)), guard)


def test_a_route_that_does_not_ask_the_guard_does_not_start(small: tuple[FastAPI, Guard, Access, LocalIssuer]) -> None:
    app, guard, access, _ = small
    app.add_api_route("/c", nothing, methods=["GET"])
    with pytest.raises(TypeError, match="GET /c is not guarded"):
        check_complete(app, Access(*access, line("GET /c", officer=ANY)), guard)


def test_a_line_is_said_once_and_names_somebody() -> None:
    with pytest.raises(TypeError, match="two lines"):
        Access(line("GET /a", officer=ANY), line("GET /a", worker=own("x")))
    for wrong in ("DELETE /a", "GET a", "GET"):
        with pytest.raises(TypeError, match="is no line"):
            line(wrong, officer=ANY)
    with pytest.raises(TypeError, match="is no line"):
        line("GET /a")
    with pytest.raises(TypeError, match="not admin"):
        line("GET /a", admin=ANY)


def test_what_is_public_is_a_query_and_open_to_all_alike() -> None:
    assert line("GET /a", public=ANY).public
    for operation, who in (
        ("POST /a", {"public": ANY}),
        ("GET /a", {"public": own("x")}),
        ("GET /a", {"public": ANY, "officer": ANY}),
    ):
        with pytest.raises(TypeError, match="open to all alike"):
            line(operation, **who)


def test_the_pages_are_what_the_tables_say() -> None:
    assert generate.drift() == [], "run: python -m shared.access.generate"


def test_a_page_that_was_edited_is_seen_and_mended(tmp_path: Path) -> None:
    generate.write(tmp_path)
    page = tmp_path / "checkin.md"
    page.write_text(page.read_text().replace("**officer**", "anyone"))
    (tmp_path / "gone.md").write_text("a service that is no more")
    assert generate.drift(tmp_path) == ["checkin.md", "gone.md"]
    generate.write(tmp_path)
    assert generate.drift(tmp_path) == []


# tokens


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> LocalIssuer:
    return LocalIssuer(tmp_path_factory.mktemp("issuer"))


def claims(**changed: Any) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    good = {"iss": "yizhan-dev", "aud": "yizhan", "sub": "W01", "iat": now, "exp": now + 600, "roles": ["officer"]}
    return {name: value for name, value in {**good, **changed}.items() if value is not ...}


def seen(issuer: LocalIssuer, **changed: Any) -> Principal:
    verifier = Verifier(issuer.public, "yizhan-dev", "yizhan")
    return verifier.principal(f"Bearer {issuer.sign(claims(**changed))}")


def test_a_token_says_who_as_what_where_and_when(issuer: LocalIssuer) -> None:
    grant = Grant("chief", "S1", 100, 200)
    token = issuer.token("W01", ["worker"], org="nanyang", stations=["S1"], grants=[grant])
    principal = Verifier(issuer.public, "yizhan-dev", "yizhan").principal(f"Bearer {token}")
    assert principal == Principal("W01", frozenset({"worker"}), "nanyang", frozenset({"S1"}), (grant,))


def test_a_token_that_names_no_scope_serves_no_station(issuer: LocalIssuer) -> None:
    assert seen(issuer).stations == frozenset()
    assert not seen(issuer).serves("S1")
    assert seen(issuer, stations=["*"]).serves("S1")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "another"},
        {"iss": ...},
        {"aud": "elsewhere"},
        {"aud": ...},
        {"sub": ...},
        {"sub": 7},
        {"exp": 1_700_000_000},
        {"exp": ...},
        {"exp": "soon"},
        {"nbf": 4_000_000_000},
        {"roles": "admin"},
        {"roles": [1]},
        {"stations": "*"},
        {"grants": [{"role": "chief", "station": "S1", "from": 0}]},
        {"grants": {"role": "chief"}},
        {"grants": [{"role": "chief", "station": "S1", "from": "2026", "to": "2027"}]},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_refused(issuer: LocalIssuer, changed: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        seen(issuer, **changed)


def test_a_good_token_of_the_same_kind_is_taken(issuer: LocalIssuer) -> None:
    assert seen(issuer, nbf=1_700_000_000, aud=["other", "yizhan"]).roles == {"officer"}


def test_a_key_of_the_same_id_but_another_key_is_refused(issuer: LocalIssuer, tmp_path: Path) -> None:
    """The stranger signs well and names our key: the signature does not fit it."""
    stranger = LocalIssuer(tmp_path / "stranger")
    token = stranger.token("W01", ["admin"])
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    header["kid"] = json.loads(issuer.public.read_text())["keys"][0]["kid"]
    forged = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenInvalid):
        Verifier(issuer.public, "yizhan-dev", "yizhan").principal(f"Bearer {forged}.{token.split('.', 1)[1]}")
