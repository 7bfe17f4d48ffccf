"""HTTP: one kind of problem for every kind of trouble, the same answer for the same key, positions to wait for."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey

from shared.body_limit import MOST, BodyLimit
from shared.embedded.infra import Infra
from shared.identity import LocalIssuer
from shared.testing.gates import GATE, STATION, Caller, calling, scanned, settle
from shared.testing.infrastructure import Databases
from shared.testing.waiting import eventually
from shared.web import answer_problems
from tests.running import Town, a_town

MEMBER = {"member_id": "W50", "trade": "courier"}


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("http"), "checkin") as town:
        await settle(town.checkin, town.surroundings, ["W01", "W02", "W03", "W04"])
        yield town


@pytest.fixture(scope="module")
async def officer(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        yield officer


@pytest.fixture(scope="module")
async def gate(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        yield gate


def problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """Check that this is such a problem (RFC 9457), and give its body."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"]
    assert body["title"]
    assert body["detail"]
    if field is not None:
        assert [error["field"] for error in body["errors"]] == [field]
    return body


def unsigned(town: Town) -> str:
    """`alg: none`, which says that nobody vouches for it."""
    header, claims = town.surroundings.issuer.token("P1", ["officer"]).split(".")[:2]
    assert header
    return f"{encoded({'alg': 'none'})}.{claims}."


def confused(town: Town) -> str:
    """Signed by HS256, with the issuer's public key as the secret."""
    known = json.loads(town.surroundings.issuer.public.read_text())["keys"][0]
    secret = ECKey.import_key(known).as_pem(private=False)
    claims = town.surroundings.issuer.token("P1", ["officer"]).split(".")[1]
    signed = f"{encoded({'alg': 'HS256', 'kid': known['kid']})}.{claims}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


def encoded(part: dict[str, str] | bytes) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def of_another_issuer(town: Town) -> str:
    return LocalIssuer(town.surroundings.folder / "stranger").token("P1", ["officer"])


def for_another_audience(town: Town) -> str:
    return LocalIssuer(town.surroundings.folder / "issuer", audience="elsewhere").token("P1", ["officer"])


TOKENS: dict[str, Callable[[Town], str]] = {
    "none": lambda town: "",
    "not a token": lambda town: "Bearer x",
    "not even ASCII": lambda town: "Bearer ä.ö.ü",
    "another scheme": lambda town: "Basic UDE6UDE=",
    "expired": lambda town: f"Bearer {town.surroundings.issuer.token('P1', ['officer'], hours=-1)}",
    "another audience": lambda town: f"Bearer {for_another_audience(town)}",
    "another issuer": lambda town: f"Bearer {of_another_issuer(town)}",
    "unsigned": lambda town: f"Bearer {unsigned(town)}",
    "HS256 with the public key": lambda town: f"Bearer {confused(town)}",
    "cut off": lambda town: f"Bearer {town.surroundings.issuer.token('P1', ['officer'])[:-4]}",
}


@pytest.mark.parametrize("kind", TOKENS)
async def test_a_caller_without_a_valid_token_is_told_so(town: Town, officer: Caller, kind: str) -> None:
    headers = {"Authorization": TOKENS[kind](town).encode(), "Idempotency-Key": "k"}
    answer = await officer.http.post("/members", json=MEMBER, headers=headers)  # type: ignore[arg-type]
    problem(answer, 401, "TOKEN_INVALID")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_role_that_may_not_is_forbidden(gate: Caller) -> None:
    problem(await gate.post("/members", MEMBER, "forbidden"), 403, "FORBIDDEN")


async def test_another_members_visits_are_forbidden(town: Town) -> None:
    async with calling(town.checkin, town.surroundings, "W01", "worker") as worker:
        problem(await worker.get("/members/W02/visits"), 403, "FORBIDDEN")
        assert (await worker.get("/members/W01/visits")).status_code == 200


async def test_what_is_not_there_is_not_found(officer: Caller) -> None:
    problem(await officer.get("/stations/S99/live"), 404, "NOT_FOUND")
    problem(await officer.get("/no/such/route"), 404, "NOT_FOUND")
    problem(await officer.http.delete("/members"), 405, "METHOD_NOT_ALLOWED")


async def test_a_rule_refuses_with_its_code(gate: Caller, officer: Caller) -> None:
    await officer.post("/members/W04/suspend", {"reason": "left_trade"}, "suspend-W04")
    body = problem(await gate.post("/scans", scanned("W04"), "suspended"), 409, "MEMBER_SUSPENDED")
    assert body["correlation_id"]


@pytest.mark.parametrize(
    "body,field",
    [
        ({"member_id": "W51"}, "trade"),
        ({**MEMBER, "member_id": 7}, "member_id"),
        ({**MEMBER, "member_id": "a\u0000b"}, "member_id"),
        ({**MEMBER, "member_id": "x" * 97}, "member_id"),
        ([], "body"),
    ],
    ids=["missing", "number", "NUL", "endless", "array"],
)
async def test_a_wrong_field_is_named(officer: Caller, body: Any, field: str) -> None:
    problem(await officer.post("/members", body, "wrong-field"), 422, "VALIDATION_FAILED", field)


@pytest.mark.parametrize("raw", [b"{", b"", b"\xff\xfe", b"nonsense"], ids=["cut off", "nothing", "bytes", "words"])
async def test_a_body_that_is_not_json_is_a_problem_of_the_body(officer: Caller, raw: bytes) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    problem(await officer.http.post("/members", content=raw, headers=headers), 422, "VALIDATION_FAILED", "body")


async def test_deep_nesting_and_lone_surrogates_are_problems_and_no_failures(officer: Caller) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    for raw in (
        b"[" * 100_000,
        b'{"member_id": "\\ud800", "trade": "courier"}',
        b'{"member_id": ' + b"9" * 5_000 + b"}",
    ):
        answer = await officer.http.post("/members", content=raw, headers=headers)
        assert answer.status_code in (400, 422), answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_command_without_its_empty_body_is_told_what_to_send(officer: Caller) -> None:
    answer = await officer.http.post("/members/W03/reinstate", headers={"Idempotency-Key": "no-body"})
    assert "{}" in problem(answer, 422, "VALIDATION_FAILED", "body")["detail"]


async def test_a_wrong_id_is_told_in_words_how_one_looks(officer: Caller) -> None:
    answer = await officer.post("/members", {**MEMBER, "member_id": "张三"}, "wrong-id")
    assert "letters A-Z" in problem(answer, 422, "VALIDATION_FAILED", "member_id")["detail"]


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 2**20


async def test_no_larger_body_is_read_than_anything_that_is_taken(officer: Caller, town: Town) -> None:
    headers = {"Idempotency-Key": "too-large"}
    answer = await officer.http.post("/members", content=b" " * (MOST + 1), headers=headers)
    problem(answer, 413, "CONTENT_TOO_LARGE", "body")
    just = json.dumps({**MEMBER, "member_id": "W61"}).encode().rjust(MOST)
    answer = await officer.http.post("/members", content=just, headers={**headers, "Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("token", ["", "Bearer x"])
async def test_a_body_of_no_told_length_is_given_up_when_too_much_has_come(token: str) -> None:
    """Also from somebody who is not known: bodies are read before tokens are."""
    app = FastAPI()
    app.add_middleware(BodyLimit, most=2**20)
    answer_problems(app)
    app.post("/members")(taken)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here", headers={"Authorization": token}) as http:
        problem(await http.post("/members", content=_endless()), 413, "CONTENT_TOO_LARGE", "body")
        assert (await http.post("/members", json={"a": 1})).json() == {"a": 1}


async def taken(body: dict[str, Any]) -> dict[str, Any]:
    """A route that gives back what it got."""
    return body


async def test_a_command_without_a_key_is_refused_and_the_header_named(officer: Caller) -> None:
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 129}):
        answer = await officer.http.post("/members", json=MEMBER, headers=headers)
        problem(answer, 422, "VALIDATION_FAILED", "Idempotency-Key")


async def test_a_repeated_command_is_answered_with_the_same_bytes(officer: Caller, gate: Caller) -> None:
    first, second = [await gate.post("/scans", scanned("W01"), "repeated") for _ in range(2)]
    assert (first.status_code, first.content) == (200, second.content)
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_a_repeated_refusal_is_answered_with_the_same_bytes_whatever_has_changed_since(
    gate: Caller, officer: Caller
) -> None:
    first = await gate.post("/scans", scanned("W60"), "early")
    await officer.post("/members", {"member_id": "W60", "trade": "courier"}, "member-W60")
    second = await gate.post("/scans", scanned("W60"), "early")
    assert (first.status_code, first.content) == (404, second.content)
    assert first.json()["code"] == "CODE_UNKNOWN"


async def test_a_key_used_for_another_body_is_refused(gate: Caller) -> None:
    await gate.post("/scans", scanned("W02"), "reused")
    problem(await gate.post("/scans", scanned("W03"), "reused"), 422, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key")


async def test_a_key_used_for_another_command_is_refused(officer: Caller) -> None:
    await officer.post("/members/W03/suspend", {"reason": "on_leave"}, "two-verbs")
    answer = await officer.post("/stations/S1/suspend", {"reason": "on_leave"}, "two-verbs")
    problem(answer, 422, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key")


async def test_a_hundred_at_once_under_one_key_have_one_effect_and_equal_answers(town: Town, officer: Caller) -> None:
    body = {"member_id": "W70", "trade": "courier"}
    answers = await asyncio.gather(*[officer.post("/members", body, "hundred") for _ in range(100)])
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    with psycopg.connect(town.urls["checkin"]) as db:
        assert db.execute("select count(*) from event where stream = 'member-W70'").fetchone() == (1,)


async def test_a_query_waits_for_the_position_of_a_command_and_names_its_own(gate: Caller, officer: Caller) -> None:
    for number in range(20):
        await officer.post("/members", {"member_id": f"W8{number:02}", "trade": "courier"}, f"W8{number}")
        token = (await gate.post("/scans", scanned(f"W8{number:02}"), f"at-once-{number}")).json()["position"]
        answer = await officer.get(f"/members/W8{number:02}/visits", min_position=token)
        assert len(answer.json()["visits"]) == 1
        assert answer.headers["ETag"] == f'"{answer.json()["position"]}"'
        assert int(answer.json()["position"].split(".")[2]) >= int(token.split(".")[2])


@pytest.mark.parametrize(
    "token", ["points.1.4", "checkin", "checkin.1", "checkin.x.1", "checkin.1.²", "checkin.1.-1", ""]
)
async def test_what_is_no_position_of_this_service_is_a_wrong_field(officer: Caller, token: str) -> None:
    problem(await officer.get("/stations/S1/live", min_position=token), 422, "VALIDATION_FAILED", "min_position")


@pytest.mark.parametrize("token", ["checkin.1.999999999", "checkin.2.0"], ids=["ahead", "of a later epoch"])
async def test_a_position_that_was_never_given_is_a_wrong_field_at_once(officer: Caller, token: str) -> None:
    started = time.monotonic()
    body = problem(await officer.get("/stations/S1/live", min_position=token), 422, "VALIDATION_FAILED", "min_position")
    assert "its log is at checkin.1." in body["detail"]
    assert time.monotonic() - started < 1


async def test_a_query_that_is_not_caught_up_in_time_says_when_to_ask_again(town: Town, officer: Caller) -> None:
    """The projection is kept from its table meanwhile, as a long maintenance would."""
    with psycopg.connect(town.urls["checkin"]) as db:
        db.execute("lock table member_card_v1 in share mode")
        told = (await officer.post("/members", {"member_id": "W90", "trade": "courier"}, "W90")).json()
        started = time.monotonic()
        answer = await officer.get("/members/W90", min_position=told["position"])
        problem(answer, 503, "PROJECTION_BEHIND")
        assert 1.5 < time.monotonic() - started < 4
        assert int(answer.headers["Retry-After"]) >= 1
    caught_up = await eventually(lambda: officer.get("/members/W90", min_position=told["position"]), 30, until=_ok)
    assert caught_up.json()["state"] == "active"


def _ok(answer: httpx.Response) -> bool:
    return answer.status_code == 200


async def test_a_station_registered_twice_with_other_facts_is_refused(officer: Caller) -> None:
    answer = await officer.post("/stations", {**STATION, "capacity": 1}, "again")
    problem(answer, 409, "ALREADY_REGISTERED")
