"""`yizhan quarantine` for parked events, `yizhan projections` and `yizhan verify --rows`."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from shared.testing.gates import REPORTED, reported
from shared.testing.topics import Publisher, binary
from shared.testing.waiting import eventually
from tests.cli.lab import called, objects, refused
from tests.running import SERVICES, Town

pytestmark = pytest.mark.usefixtures("here")
PARK = """insert into parked select 'intake', 1, position, event_id, origin, stream, type,
  'RuntimeError: no', now(), 3, null from event where event_id = %s"""


async def parked(town: Town) -> str:
    """A report whose effect points' intake could not have; answers how it is called."""
    identity = f"parked-{uuid4()}"
    report = reported(f"R-{identity}", f"D-{identity}", f"V-{identity}")
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send("points.intake.v1", binary(REPORTED, identity, "/app", f"V-{identity}", report))
    await town.points.idle()
    await town.points.stop()
    async with await psycopg.AsyncConnection.connect(town.urls["points"], autocommit=True) as connection:
        await connection.execute(PARK, (identity,))
        found = await (await connection.execute("select max(position) from parked")).fetchone()
    await town.points.start()
    assert found is not None
    return f"intake@{found[0]}"


async def waiting() -> list[str]:
    rows = objects(await called("quarantine", "list", "points", "--json"))
    return [row["id"] for row in rows if row["kind"] == "parked"]


async def test_a_parked_event_is_listed_and_shown_with_its_error(town: Town) -> None:
    name = await parked(town)
    assert name in await waiting()
    shown = objects(await called("quarantine", "show", "points", name, "--json"))[0]
    assert (shown["why"], shown["tries"]) == ("RuntimeError: no", 3)
    assert shown["data"]["station_id"]
    assert shown["meta"]["correlation_id"]
    assert "RuntimeError: no" in (await called("quarantine", "list")).stdout


@pytest.mark.parametrize("asked", [["{name}"], ["{subscription}@"], ["--all"]])
async def test_a_subscription_is_asked_to_replay(town: Town, asked: list[str]) -> None:
    name = await parked(town)
    words = [word.format(name=name, subscription=name.partition("@")[0]) for word in asked]
    told = objects(await called("quarantine", "replay", "points", *words, "--json"))
    assert [(one["subscription"], one["outcome"]) for one in told] == [("intake", "asked")]
    await eventually(waiting, within=30, until=lambda rows: name not in rows)


async def test_a_parked_event_is_dropped_for_a_reason(town: Town) -> None:
    name = await parked(town)
    dropped = await called("quarantine", "drop", "points", name, "--reason", "a test", "--actor", "op-1")
    assert dropped.exit_code == 0
    assert "tried again by: yizhan quarantine replay points intake@" in dropped.stderr
    assert name not in await waiting()
    refused(await called("quarantine", "drop", "points", name, "--reason", "again"), 1, "parked nothing at")
    async with await psycopg.AsyncConnection.connect(town.urls["points"]) as connection:
        statement = "select data->>'reason', meta->'actor'->>'id' from event where type = 'ParkedDropped'"
        assert ("a test", "op-1") in await (await connection.execute(statement)).fetchall()


async def test_projections_are_listed_and_built_anew(town: Town) -> None:
    states = {one["name"]: one for one in objects(await called("projections", "list", "points", "--json"))}
    assert states["balance"]["state"] == "live"
    everywhere = objects(await called("projections", "list", "--json"))
    assert {one["service"] for one in everywhere} == set(SERVICES)
    assert "balance" in (await called("projections", "list", "points")).stdout
    assert (await called("projections", "rebuild", "points", "statement")).exit_code == 0
    built = objects(await called("projections", "rebuild", "points", "balance", "--wait", "--json"))[0]
    assert (built["name"], built["state"]) == ("balance", "live")
    refused(await called("projections", "rebuild", "points", "balanc"), 1, "NAME", "Did you mean balance?")


async def test_rows_are_held_against_the_log(town: Town) -> None:
    await town.idle()
    sound = objects(await called("verify", "checkin", "--rows", "--json"))[0]
    assert (sound["ok"], sound["row_faults"]) == (True, [])
    assert "rows: as the log has them" in (await called("verify", "checkin", "--rows")).stdout
    async with await psycopg.AsyncConnection.connect(town.urls["checkin"], autocommit=True) as connection:
        found = "select format('%I.%I', schemaname, tablename) from pg_tables where tablename = 'station_v1'"
        for (table,) in await (await connection.execute(found)).fetchall():
            await connection.execute(f"update {table} set capacity = capacity + 1")
    assert objects(await called("verify", "checkin", "--rows", "--json"), exit_code=1)[0]["ok"] is False
    wrong = await called("verify", "checkin", "--rows")
    assert wrong.exit_code == 1
    assert "FAULTS" in wrong.stdout
    assert "station_v1" in wrong.stdout
