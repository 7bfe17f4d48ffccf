"""`yizhan publish` and `yizhan tail` on a running town."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec import json

from shared.contracts.registry import BY_TYPE
from shared.testing.topics import Publisher, Raw
from tests.cli.lab import called, instance_that_is_gone, objects, process, refused, yizhan
from tests.running import Town

pytestmark = pytest.mark.usefixtures("here")
PATROL = "points.PatrolReported"


def report(**changed: Any) -> str:
    """Of somebody who has reported nothing else."""
    example = dict(BY_TYPE["cn.yizhan.points.PatrolReported.v1"].example)
    ids = {"report_id": f"PR-{uuid4()}", "duty_id": f"D-{uuid4()}", "volunteer_id": f"V-{uuid4()}"}
    whole = {**example, **ids, **changed}
    return json.encode({name: value for name, value in whole.items() if value is not None}).decode()


def test_the_example_of_an_event_is_publishable_as_it_is() -> None:
    example = yizhan("publish", PATROL, "--example")
    assert example.exit_code == 0
    sent = yizhan("publish", PATROL, "--wait", given=example.stdout)
    assert sent.exit_code == 0, sent.output
    assert sent.stdout.startswith("accepted ")


def test_an_answer_is_waited_for_and_the_same_id_counts_once() -> None:
    identity, data = str(uuid4()), report()
    first = yizhan("publish", PATROL, "--data", data, "--id", identity, "--wait", "--json")
    again = yizhan("publish", PATROL, "--data", data, "--id", identity, "--wait", "--json")
    assert [objects(one)[0]["answer"]["status"] for one in (first, again)] == ["accepted", "duplicate"]
    assert objects(first)[0]["id"] == identity


def test_a_refusal_is_shown_with_field_and_remedy_and_is_exit_code_1() -> None:
    backwards = report(performed_from="2026-01-23T00:20:00Z", performed_to="2026-01-23T00:00:00Z")
    sent = yizhan("publish", PATROL, "--data", backwards, "--wait")
    assert sent.exit_code == 1
    assert sent.stdout.startswith("refused ")
    assert "VALIDATION_FAILED" in sent.stdout


def test_without_wait_it_says_what_was_sent(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(report(volunteer_id="W77"))
    arguments = ("publish", "PatrolReported", "--file", str(file), "--subject", "W77", "--source", "/app/7")
    sent = objects(yizhan(*arguments, "--time", "2026-01-23T08:20:00+08:00", "--json"))[0]
    assert (sent["topic"], sent["key"], sent["source"]) == ("points.intake.v1", "W77", "/app/7")
    assert yizhan(*arguments).stdout.startswith("sent ")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["points.PatrolReport"], ["EVENT", "Did you mean points.PatrolReported?"]),
        (["Xyzzy"], ["EVENT", "Publish one of: ", "points.PatrolReported"]),
        (["checkin.VisitStarted"], ["EVENT", "published by checkin", "Publish one of: "]),
        ([PATROL, "--data", report(station_id=None)], ["station_id", "Field required", "--example"]),
        ([PATROL, "--data", report(station_id="no station")], ["station_id", "an id", "letters"]),
        ([PATROL, "--data", report(statoin_id="S1")], ["statoin_id", "Did you mean station_id?"]),
        ([PATROL, "--data", report(checklist=[{"item": "a", "ok": 1}])], ["checklist.0.ok", "boolean"]),
        ([PATROL, "--data", "{"], ["data", "not JSON"]),
        ([PATROL, "--data", "[]"], ["data", "not a JSON object"]),
        ([PATROL, "--data", '{"a": 1, "a": 2}'], ["data", "stands twice"]),
        ([PATROL, "--data", report(volunteer_id="W13"), "--subject", "W99"], ["--subject", "volunteer_id", "'W13'"]),
        ([PATROL, "--data", report(), "--time", "yesterday"], ["--time", "ISO 8601", "+08:00"]),
        ([PATROL, "--data", report(), "--time", "2026-01-23T05:35:00"], ["--time", "no offset"]),
        ([PATROL, "--data", report(), "--time", "1026-01-23T05:35:00Z"], ["--time"]),
        ([PATROL, "--data", report(), "--id", "x" * 200], ["--id", "too long"]),
        ([PATROL, "--data", report(), "--source", ""], ["--source", "empty"]),
        ([PATROL, "--data", report(), "--id", ""], ["--id", "empty"]),
        ([PATROL], ["data", "There is no data", "--file"]),
        ([PATROL, "--data", report(), "--file", "b"], ["--data", "Give one of them"]),
        ([PATROL, "--file", "nowhere.json"], ["--file", "nowhere.json"]),
        ([PATROL, "--data", report(), "--instance", "other"], ["--instance", "There are: default", "make run"]),
        ([PATROL, "--data", report(), "--instance", "../.."], ["--instance", "There is no instance"]),
    ],
)
def test_what_cannot_be_published_names_field_and_remedy(arguments: list[str], parts: list[str]) -> None:
    refused(yizhan("publish", *arguments), 2, *parts)


def test_an_error_is_json_too() -> None:
    failed = yizhan("publish", PATROL, "--data", report(station_id=None), "--json")
    assert failed.exit_code == 2
    error = json.decode(failed.stderr)["error"]
    assert error["field"] == "station_id"
    assert set(error) == {"message", "field", "remedy"}


def test_kafka_that_is_away_is_said_with_address_and_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance_that_is_gone(tmp_path)
    monkeypatch.chdir(tmp_path)
    for arguments in (("publish", PATROL, "--data", report()), ("tail", "points")):
        refused(yizhan(*arguments, "--instance", "gone"), 3, "Kafka at 127.0.0.1:", "make run INSTANCE=gone")
    refused(yizhan("tail", "points", KAFKA_URL="127.0.0.1:9"), 3, "127.0.0.1:9", "correct KAFKA_URL")


def test_settings_count_unless_an_instance_is_named(town: Town) -> None:
    arguments = ("publish", PATROL, "--data", report(), "--json")
    assert objects(yizhan(*arguments, "--instance", "default", KAFKA_URL="127.0.0.1:9"))
    assert objects(yizhan(*arguments, KAFKA_URL=town.infra.kafka, INSTANCE="elsewhere"))


async def test_nobody_answers_where_no_service_runs(town: Town) -> None:
    await town.points.stop()
    try:
        waiting = await called("publish", PATROL, "--data", report(), "--wait", "--timeout", "1")
        refused(waiting, 1, "nobody answered within 1 s", "Look whether the service runs")
    finally:
        await town.points.start()


def test_tail_shows_events_and_answers_of_a_key() -> None:
    volunteer = f"V-{uuid4()}"
    assert yizhan("publish", PATROL, "--data", report(volunteer_id=volunteer), "--wait").exit_code == 0
    shown = objects(yizhan("tail", "points", "--from-start", "--no-follow", "--key", volunteer, "--json"))
    kinds = {(line["topic"], line["type"].split(".")[3]) for line in shown}
    assert kinds == {("points.intake.v1", "PatrolReported"), ("points.feedback.v1", "IntakeAnswered")}
    answers = yizhan("tail", "points.feedback.v1", "--from-start", "--count", "1", "--key", volunteer)
    assert "points.IntakeAnswered.v1" in answers.stdout
    assert f"  {volunteer}  accepted  " in answers.stdout


def test_tail_shows_one_type_by_any_of_its_names() -> None:
    assert yizhan("publish", PATROL, "--data", report(), "--wait").exit_code == 0
    for name in ("PatrolReported", "points.PatrolReported", "cn.yizhan.points.PatrolReported.v1"):
        shown = objects(yizhan("tail", "points", "--from-start", "--type", name, "--count", "1", "--json"))
        assert shown[0]["type"] == "cn.yizhan.points.PatrolReported.v1"
        assert shown[0]["data"]["station_id"] == "S1"


async def test_tail_shows_what_was_set_aside_and_records_that_are_no_events(town: Town) -> None:
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send("points.intake.v1", Raw(b"K-broken", b"\xff\x1b[31m", [("ce_id", b"\xff")]))
        sly = b'{"type": "\\u001b[2J", "note": "\\u001b[31m\\nsecond line"}'
        await publisher.send("points.intake.v1", Raw(b"K-broken", sly, []))
    await town.points.idle()
    shown = await called("tail", "points", "--from-start", "--no-follow", "--key", "K-broken")
    assert shown.exit_code == 0
    assert "points.RecordQuarantined.v1" in shown.stdout
    assert "points.intake.v1/" in shown.stdout
    assert "\x1b" not in shown.stdout, "a record must not steer the terminal"
    assert "\\x1b[31m\\nsecond line" in shown.stdout, "and is one line"


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (["point"], 2, ["TOPIC", "Did you mean points?"]),
        (["points.event.v1"], 2, ["TOPIC", "Did you mean points.events.v1?"]),
        (["points", "--type", "PointEarned"], 2, ["--type", "Did you mean PointsEarned?"]),
        (["points", "--no-follow"], 2, ["--no-follow", "--from-start"]),
        (["points", "--from-start", "--no-follow", "--key", "nobody"], 1, ["No record"]),
    ],
)
def test_what_cannot_be_tailed_says_why(arguments: list[str], code: int, parts: list[str]) -> None:
    refused(yizhan("tail", *arguments), code, *parts)


async def test_tail_follows_until_ctrl_c(here: Path) -> None:
    following = process(["tail", "points", "--from-start", "--type", "PatrolReported"], here)
    try:
        assert following.stdout is not None
        assert (await called("publish", PATROL, "--data", report())).exit_code == 0
        line = await asyncio.wait_for(asyncio.to_thread(following.stdout.readline), 30)
        assert "points.PatrolReported.v1" in line
        following.send_signal(signal.SIGINT)
        said, complaint = await asyncio.to_thread(following.communicate, None, 20)
        assert (following.returncode, complaint) == (0, ""), said
    finally:
        following.kill()
        following.wait()
