"""`yizhan token`, `clock`, `verify` and `explain` on a running town."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from msgspec import json

from shared.clock import FileClock
from shared.contracts.registry import BY_TYPE
from shared.identity import Verifier
from shared.testing.gates import RULES, SCANS, calling, scan
from shared.testing.processes import NOON
from shared.testing.topics import Publisher
from tests.cli.lab import called, instance_that_is_gone, objects, refused, yizhan
from tests.running import Town

pytestmark = pytest.mark.usefixtures("here")
ZERO = f"1:{'0' * 64}"


def report_a_patrol() -> None:
    """One more intake event in the log of points."""
    example = BY_TYPE["cn.yizhan.points.PatrolReported.v1"].example
    ids = {"report_id": f"R-{uuid4()}", "duty_id": f"D-{uuid4()}", "volunteer_id": f"V-{uuid4()}"}
    data = json.encode({**example, **ids}).decode()
    sent = yizhan("publish", "points.PatrolReported", "--data", data, "--wait")
    assert sent.exit_code == 0, sent.output


def test_a_token_names_the_caller_and_is_taken_by_services(town: Town) -> None:
    made = objects(
        yizhan("token", "W13", "--role", "chief", "--role", "officer", "--org", "north", "--station", "S1", "--json")
    )[0]
    caller = Verifier(town.surroundings.issuer.public, "yizhan-dev", "yizhan").principal(made["header"].split(": ")[1])
    assert (caller.id, set(caller.roles), caller.org) == ("W13", {"chief", "officer"}, "north")
    assert caller.serves("S1")
    assert yizhan("token", "W13", "--role", "chief").stdout.count(".") == 2


@pytest.mark.parametrize("setting", ["YIZHAN_ENV", "ENV"])
def test_neither_tokens_nor_clocks_are_for_production(setting: str) -> None:
    refused(yizhan("token", "W13", "--role", "chief", **{setting: "prod"}), 2, "ENV", "development only")
    refused(yizhan("clock", "forward", "1h", **{setting: "prod"}), 2, "ENV", "nobody moves it")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["token", "W13", "--role", "a", "--hours", "0"], ["--hours", "at most"]),
        (["token", " ", "--role", "a"], ["SUBJECT", "empty"]),
        (["token", "W13", "--role", "a", "--instance", "none"], ["--instance", "There are: default"]),
        (["clock", "set", "noon"], ["TIME", "ISO 8601"]),
        (["clock", "set", "2026-01-23T12:00:00"], ["TIME", "no offset", "+08:00"]),
        (["clock", "forward", "soon"], ["DURATION", "1h30m"]),
        (["clock", "forward", "99999999999d"], ["DURATION", "shorter"]),
        (["clock", "forward", "3000000d"], ["DURATION", "shorter"]),
        (["clock", "forward", "400000d"], ["DURATION", "2999", "shorter"]),
        (["clock", "set", "0001-01-01T00:00:00+08:00"], ["TIME", "1970"]),
        (["clock", "set", "9999-12-31T23:59:59Z"], ["TIME", "2999"]),
        (["token", "W13", "--role", ""], ["--role", "empty"]),
        (["token", "W13", "--role", "a", "--station", " "], ["--station", "empty"]),
        (["verify", "point"], ["SERVICE", "Did you mean points?"]),
        (["verify", "points", "--head", "12"], ["--head", "64 hexadecimal digits"]),
        (["verify", "points", "--head-file", "nowhere"], ["--head-file", "nowhere"]),
        (["verify", "points", "--head-file", "x", "--head", ZERO], ["--head", "Give one of them"]),
        (["explain", "x", "--service", "nobody"], ["--service", "checkin, points"]),
        (["explain", "x"], ["YIZHAN_DATABASE", "--service"]),
    ],
)
def test_wrong_use_names_field_and_remedy(arguments: list[str], parts: list[str], town: Town) -> None:
    settings = {"YIZHAN_DATABASE": town.urls["points"]} if arguments == ["explain", "x"] else {}
    refused(yizhan(*arguments, **settings), 2, *parts)


def test_the_clock_is_shown_set_moved_and_let_run(town: Town) -> None:
    clock = FileClock(town.surroundings.clock.path)
    assert "stands" in yizhan("clock", "show").stdout
    moved = objects(yizhan("clock", "forward", "1h30m", "--json"))[0]
    assert (moved["now"], moved["state"]) == ("2026-01-23T13:30:00+08:00", "stands")
    assert objects(yizhan("clock", "run", "--json"))[0]["state"] == "runs"
    assert (clock.now() - datetime(2026, 1, 23, 5, 30, tzinfo=UTC)).total_seconds() < 60
    assert objects(yizhan("clock", "forward", "1d", "--json"))[0]["state"] == "runs"
    assert "12:00:00 +0800 stands" in yizhan("clock", "set", NOON.isoformat()).stdout
    assert clock.now() == NOON


@pytest.mark.parametrize("held", ["fixed 0001-01-01T00:00:00+08:00", "noon", ""])
def test_a_clock_that_cannot_be_read_is_set_anew(town: Town, held: str) -> None:
    file = town.surroundings.clock.path
    file.write_text(held)
    refused(yizhan("clock", "show"), 2, "CLOCK", str(file), "yizhan clock set 20")
    refused(yizhan("clock", "forward", "1h"), 2, "CLOCK", "yizhan clock set 20")
    assert "stands" in yizhan("clock", "set", NOON.isoformat()).stdout
    assert FileClock(file).now() == NOON


@pytest.mark.parametrize(
    ("setting", "arguments", "parts"),
    [
        ("noon", ["show"], ["CLOCK", "'noon' is not a clock"]),
        ("system", ["show"], ["YIZHAN_CLOCK", "system's clock"]),
        ("file:nowhere/clock", ["show"], ["CLOCK", "nowhere/clock"]),
        ("file:nowhere/clock", ["set", NOON.isoformat()], ["CLOCK", "cannot be written"]),
    ],
)
def test_a_clock_that_is_none_is_told(setting: str, arguments: list[str], parts: list[str]) -> None:
    refused(yizhan("clock", *arguments, YIZHAN_CLOCK=setting), 2, *parts)


def test_a_role_that_no_route_asks_for_is_remarked_on() -> None:
    made = yizhan("token", "W13", "--role", "oficer")
    assert made.exit_code == 0
    assert "No route asks for the role 'oficer'. Did you mean officer?" in made.stderr
    assert yizhan("token", "W13", "--role", "officer", "--role", "admin").stderr == ""


def test_a_log_that_holds_is_exported_and_held_against_its_head(town: Town, here: Path) -> None:
    report_a_patrol()
    first = objects(yizhan("verify", "points", "--export", "points.head", "--json"))[0]
    assert first["ok"]
    assert first["checked"] > 0
    report_a_patrol()
    for head in (("--head-file", "points.head"), ("--head", first["head"])):
        assert "and it holds the head exported at" in yizhan("verify", "points", *head).stdout
    refused(yizhan("verify", "checkin", "--head-file", "points.head"), 2, "--head-file", "of points, not of checkin")


def test_a_head_that_the_log_does_not_hold_is_a_fault() -> None:
    report_a_patrol()
    other = yizhan("verify", "points", "--head", ZERO)
    assert other.exit_code == 1
    assert "not the one that was exported" in other.stdout
    cut = objects(yizhan("verify", "points", "--head", f"999999:{'0' * 64}", "--json"), exit_code=1)[0]
    assert (cut["ok"], cut["head"]) == (False, None)
    assert "999999 was exported" in cut["fault"]


def test_a_row_that_was_changed_is_a_fault(town: Town) -> None:
    change = "update event set data = '{}' where position = 1"
    with psycopg.connect(town.urls["checkin"]) as connection:
        connection.execute("alter table event disable trigger event_is_append_only")
        before = connection.execute("select data::text from event where position = 1").fetchone()
        connection.execute(change)
        connection.commit()
        found = yizhan("verify", "checkin", "--export", "never.head")
        connection.execute("update event set data = %s where position = 1", before)
        connection.execute("alter table event enable trigger event_is_append_only")
    assert found.exit_code == 1
    assert "position 1 is not what was appended" in found.stdout
    assert not Path("never.head").exists()
    assert yizhan("verify", "checkin").exit_code == 0


def test_postgresql_that_is_away_is_said_with_address_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance_that_is_gone(tmp_path)
    monkeypatch.chdir(tmp_path)
    commands = (["verify", "points"], ["explain", "x"], ["quarantine", "list"], ["projections", "list", "points"])
    for arguments in commands:
        refused(yizhan(*arguments, "--instance", "gone"), 3, "PostgreSQL of ", "127.0.0.1:", "INSTANCE=gone")
    away = yizhan("verify", "points", POSTGRES_URL="postgresql://me:secret@127.0.0.1:9/{service}")
    refused(away, 3, "127.0.0.1:9/points", "correct POSTGRES_URL")
    assert "secret" not in away.output
    refused(yizhan("verify", "points", POSTGRES_URL="here"), 2, "POSTGRES_URL", "postgresql://user")


async def test_a_scan_is_explained_across_services_up_to_its_answer(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, scan("scan-x"))
    await town.idle()
    found = objects(await called("explain", "scan-x", "--json"))[0]["events"]
    by_type = {one["type"]: one for one in found}
    scanned = by_type["cn.yizhan.checkin.MemberScanned.v1"]
    assert (scanned["event_id"], scanned["cause"]) == ("scan-x", None)
    assert by_type["IntakeAnswered"]["outcome"] == "accepted"
    for effect, cause in [
        ("IntakeAnswered", scanned),
        ("VisitStarted", scanned),
        ("cn.yizhan.checkin.VisitStarted.v1", by_type["VisitStarted"]),
        ("PresenceNoted", by_type["cn.yizhan.checkin.VisitStarted.v1"]),
    ]:
        assert by_type[effect]["cause"] == cause["place"]
    assert by_type["PresenceNoted"]["place"]["service"] == "points"


async def test_any_id_of_the_tree_leads_to_the_whole_tree(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, scan("scan-y", "W55"))
    await town.idle()
    whole = objects(await called("explain", "scan-y", "--json"))[0]["events"]
    assert len(whole) >= 5
    told = objects(await called("tail", "checkin", "--from-start", "--no-follow", "--key", "W55", "--json"))
    known_before = (SCANS, "cn.yizhan.checkin.MemberRegistered.v1")
    public = [
        one["headers"]["ce_id"] for one in told if not {one["topic"], one["headers"]["ce_type"]} & {*known_before}
    ]
    known = {one["event_id"] for one in whole} | {one["command_id"] for one in whole if one["command_id"]}
    assert len(public) == 2, "a published visit, and the answer to the gate"
    for name in [*public, *known]:
        again = await called("explain", name, "--service", "checkin", "--json")
        if again.exit_code == 1:  # points' own ids are not in checkin's log
            again = await called("explain", name, "--json")
        assert objects(again)[0]["events"] == whole
    tree = (await called("explain", public[0])).stdout
    assert f"<- {public[0]}" in tree
    assert "── points@" in tree
    assert "PresenceNoted" in tree


async def test_a_refused_command_is_explained_by_its_answer(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send(SCANS, scan("scan-z", "W-nobody"))
    await town.idle()
    assert "refused CODE_UNKNOWN member_id" in (await called("explain", "scan-z")).output


async def test_what_one_command_has_led_to_stands_below_it(town: Town) -> None:
    """Points that expire are a fact and a deadline."""
    opening = {"points": 5, "source_ref": "old-1", "earned_at": "2026-01-05T00:00:00Z"}
    async with calling(town.points, town.surroundings, "P1", "officer") as officer:
        assert (await officer.insist("/rules", RULES, "rules-1")).status_code == 200
        granted = await officer.insist("/accounts/W01/grant-opening-lot", opening, "opening-1")
    command = granted.json()["command_id"]
    tree = (await called("explain", command)).stdout
    assert tree.startswith(f"points  command {command}  <- {command}")
    assert [line.split()[2] for line in tree.splitlines()[1:]] == ["PointsEarned", "DeadlineSet"]


def test_an_unknown_id_is_not_so() -> None:
    refused(yizhan("explain", "nobody-knows"), 1, "ID", "ce_id of a record")
