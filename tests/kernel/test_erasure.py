"""What was erased is found nowhere, and everything goes on without it."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import psycopg
import pytest

from shared.clock import SystemClock
from shared.content import Vault
from shared.database import Connection, Database
from shared.embedded.infra import Infra
from shared.erasing import ERASE, Eraser
from shared.errors import NotFound
from shared.log.append import Actor, Context
from shared.testing.gates import GATE, Caller, calling, scanned, settle
from shared.testing.infrastructure import Databases
from shared.testing.topics import Publisher, Raw
from shared.waking import Signal
from tests.kernel.nowhere import forms, in_bytes, in_files, in_tables, in_topics
from tests.running import Town, a_town

TEXT = "李秀英住在涧西区长春路十七号, call 13837955512"
KEPT = "王建国, whose words stay, 15036790021"
MARK = "case-only-this-test-names"  # a pseudonym: it may be found, and must be, or the search is blind


@pytest.fixture(scope="module")
def began() -> float:
    """A moment before anything was posted: servers that other tests use, too, have gigabytes of older files."""
    return time.time() - 1


@pytest.fixture(scope="module")
async def town(
    began: float, infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("erasure"), "checkin") as town:
        await settle(town.checkin, town.surroundings, ["W01"])
        yield town


@pytest.fixture(scope="module")
async def officer(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        yield officer


async def posted(caller: Caller, subject: str, text: str, key: str) -> dict[str, Any]:
    answer = await caller.post("/content", {"subject": subject, "text": text}, key)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def erased(caller: Caller, subject: str, key: str) -> httpx.Response:
    return await caller.post("/content/erase", {"subject": subject, "reason": "person_asked"}, key)


def folders(town: Town) -> list[Path]:
    """Files of the servers, when they are ours, and the logs of our processes."""
    servers = [server for server in (town.infra.server, town.infra.broker) if server is not None]
    return [town.surroundings.folder, *[folder for one in servers for folder in (one.folder, one.log.parent)]]


def settle_files(town: Town) -> None:
    """Everything that is in memory goes to the files, and dead rows go."""
    with psycopg.connect(town.urls["checkin"], autocommit=True) as db:
        for statement in ("checkpoint", "vacuum full content", "vacuum full content_key", "vacuum", "checkpoint"):
            db.execute(statement)


async def test_erased_text_is_found_nowhere(town: Town, officer: Caller, began: float) -> None:
    """Not in a table, not on a topic, not in a file of the servers, not in a log; the pseudonym is, so we do see."""
    told = [await posted(officer, MARK, TEXT, f"nowhere-{n}") for n in range(3)]
    assert (await officer.get(f"/content/{told[0]['ref']}")).text == TEXT
    await officer.post("/content", {"subject": MARK, "text": TEXT, "unknown": [TEXT]}, "")  # refusals tell nothing
    await officer.post(f"/members/{MARK}/suspend", {"reason": TEXT}, "in the wrong place")
    async with Publisher(town.infra.kafka) as publisher:
        await publisher.send("checkin.intake.v1", Raw(MARK.encode(), b"no event, but a sign of life"))
    answer = await erased(officer, MARK, "nowhere")
    assert (answer.status_code, answer.json()["refs"]) == (200, 3)
    await town.checkin.idle()
    settle_files(town)
    here, files = town.urls["checkin"], folders(town)
    assert in_tables(TEXT, here) == []
    assert await in_topics(TEXT, town.infra.kafka) == []
    assert await asyncio.to_thread(in_files, TEXT, files, began) == []
    assert in_tables(MARK, here)
    assert await in_topics(MARK, town.infra.kafka)
    if town.infra.server is not None and town.infra.broker is not None:
        seen = await asyncio.to_thread(in_files, MARK, files, began)
        assert any(str(town.infra.server.folder) in place for place in seen)
        assert any(str(town.infra.broker.folder) in place for place in seen)


def test_the_search_sees_every_form() -> None:
    for name, form in forms(TEXT).items():
        assert name in in_bytes(TEXT, b"\x00" + form + b"\x00")


def test_the_search_sees_base64_of_the_text_within_something() -> None:
    for before in (b"", b"a", b"ab", b"abc"):
        data = base64.b64encode(before + TEXT.encode() + b" and so on")
        assert [name for name in in_bytes(TEXT, data) if name.startswith("base64")]


async def test_the_key_is_gone_and_other_subjects_keep_theirs(town: Town, officer: Caller) -> None:
    gone, stays = await posted(officer, "case-1", TEXT, "c1"), await posted(officer, "case-2", KEPT, "c2")
    await erased(officer, "case-1", "erase-1")
    with psycopg.connect(town.urls["checkin"]) as db:
        keys = db.execute("select subject from content_key where subject like 'case-%'").fetchall()
        rows = db.execute("select ref from content where subject like 'case-%'").fetchall()
    assert (keys, rows) == ([("case-2",)], [(stays["ref"],)])
    assert (await officer.get(f"/content/{gone['ref']}")).status_code == 410
    assert (await officer.get(f"/content/{stays['ref']}")).text == KEPT


async def test_erased_content_answers_that_it_is_gone_to_everybody_who_may_ask(town: Town, officer: Caller) -> None:
    async with calling(town.checkin, town.surroundings, "W01", "worker") as worker:
        mine = await posted(worker, "W01", TEXT, "mine")
        assert (await worker.get(f"/content/{mine['ref']}")).text == TEXT
        await erased(officer, "W01", "erase-W01")
        answer = await officer.get(f"/content/{mine['ref']}")
        assert (answer.status_code, answer.json()["code"]) == (410, "CONTENT_ERASED")
        again = await worker.post("/content", {"subject": "W01", "text": TEXT}, "mine")
        assert (again.status_code, again.json()["code"]) == (410, "CONTENT_ERASED")
        fresh = await posted(worker, "W01", TEXT, "another time")  # a person may come back: under a new key
        assert (await worker.get(f"/content/{fresh['ref']}")).text == TEXT


async def test_erasing_is_a_fact_of_the_log_once_and_a_repeat_has_the_same_answer(town: Town, officer: Caller) -> None:
    await posted(officer, "case-3", TEXT, "c3")
    first, second = await erased(officer, "case-3", "erase-3"), await erased(officer, "case-3", "erase-3")
    assert (first.status_code, first.content) == (200, second.content)
    assert second.headers["Idempotency-Replayed"] == "true"
    later = await erased(officer, "case-3", "erase-3 again")
    assert (later.json()["outcome"], later.json()["refs"]) == ("unchanged", 0)
    with psycopg.connect(town.urls["checkin"]) as db:
        rows = db.execute("select data::text from event where stream = 'content/case-3'").fetchall()
    assert rows == [('{"reason":"person_asked","refs":1,"subject":"case-3"}',)]


async def test_a_key_of_an_erasure_used_for_another_one_is_refused(officer: Caller) -> None:
    await erased(officer, "case-4", "one key")
    answer = await erased(officer, "case-5", "one key")
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    scan = await officer.post("/members/case-4/suspend", {"reason": "left_trade"}, "one key")
    assert (scan.status_code, scan.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_erasures_at_once_erase_once(town: Town, officer: Caller) -> None:
    await posted(officer, "case-6", TEXT, "c6")
    answers = await asyncio.gather(*[erased(officer, "case-6", f"at once {n}") for n in range(20)])
    assert sorted(answer.json()["refs"] for answer in answers) == [0] * 19 + [1]


async def test_posting_erasing_and_scanning_at_once_leave_no_row_without_its_key(town: Town, officer: Caller) -> None:
    """Whoever is storing while the key goes stores nothing under it; scans are appended in between."""
    async with calling(town.checkin, town.surroundings, GATE, "gate") as gate:
        work = [officer.post("/content", {"subject": "case-7", "text": f"{TEXT} {n}"}, f"c7-{n}") for n in range(60)]
        work += [erased(officer, "case-7", f"c7-erase-{n}") for n in range(15)]
        work += [gate.post("/scans", scanned("W01"), f"meanwhile-{n}") for n in range(30)]
        answers = await asyncio.gather(*work)
    assert {answer.status_code for answer in answers} <= {200, 410}
    with psycopg.connect(town.urls["checkin"]) as db:
        orphans = db.execute("select from content c left join content_key k using (key_id) where k.key_id is null")
        assert orphans.fetchall() == []
        (count,) = db.execute("select count(*) from content where subject = 'case-7'").fetchone() or (None,)
    told = sum(answer.json().get("refs", 0) for answer in answers if answer.status_code == 200)
    assert count is not None
    assert told + count == 60


class Interrupted(Database):
    """Somebody else comes in between: as soon as an erasure has deleted the rows, before it goes on."""

    then: Callable[[], Awaitable[object]]

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[Connection]:
        async with super().borrowed() as connection:
            execute = connection.execute

            async def watched(query: Any, *parameters: Any, **options: Any) -> Any:
                done = await execute(query, *parameters, **options)
                if query == ERASE:
                    await self.then()
                return done

            with patch.object(connection, "execute", watched):
                yield connection


async def test_what_comes_while_nothing_was_there_to_erase_keeps_its_key(databases: Databases) -> None:
    database = Interrupted(databases.fresh(), name="test")
    async with await database.connect("stores") as stores:
        vault = Vault(base64.b64encode(bytes(range(32))).decode())
        database.then = lambda: vault.store(stores, "ref", "case-10", b"words")
        context = Context("c", Actor("service", "test"), "c")
        erased = await Eraser(database, SystemClock(), Signal(database)).erase("case-10", "asked", context, b"")
        assert (erased.outcome, erased.refs) == ("unchanged", 0)
        assert await vault.fetch(stores, "ref") == b"words"
    await database.close()


async def test_read_models_log_and_replay_are_whole_afterwards(town: Town) -> None:
    await town.checkin.idle()
    assert await town.faults("checkin") == []


async def test_a_service_that_starts_anew_still_knows_what_was_erased(town: Town, officer: Caller) -> None:
    told = await posted(officer, "case-8", TEXT, "c8")
    await erased(officer, "case-8", "erase-8")
    await town.checkin.stop()
    await town.checkin.start()
    answer = await officer.get(f"/content/{told['ref']}")
    assert (answer.status_code, answer.json()["code"]) == (410, "CONTENT_ERASED")


async def test_an_old_copy_of_rows_and_key_is_useless_once_the_wrapping_key_is_gone(
    town: Town, officer: Caller
) -> None:
    """What a backup holds: the rows come back, and do not open under the wrapping key that is in use by then."""
    told = await posted(officer, "case-9", TEXT, "c9")
    with psycopg.connect(town.urls["checkin"], autocommit=True) as db:
        backup = db.execute("select wrapped from content_key where subject = 'case-9'").fetchone()
    assert backup is not None
    assert in_bytes(TEXT, bytes(backup[0])) == []
    database = Database(town.urls["checkin"], name="test")
    async with await database.connect("restored") as connection:
        vault = Vault(base64.b64encode(bytes(range(1, 33))).decode())  # the wrapping key of after the rotation
        with pytest.raises(Exception, match="does not open the key of case-9"):
            await vault.read(connection, told["ref"])
        with pytest.raises(NotFound):
            await vault.read(connection, "never-there")
    await database.close()
