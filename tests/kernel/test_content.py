"""Content over HTTP: posted once, read by those who may, and found out when somebody changed it by hand."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from shared.content import ContentAltered, Vault
from shared.content_api import MOST
from shared.database import Connection, Database
from shared.embedded.infra import Infra
from shared.errors import ConfigInvalid
from shared.testing.gates import Caller, calling
from shared.testing.infrastructure import Databases
from shared.testing.processes import run_to_end
from tests.running import Town, a_town

TEXT = {"subject": "case-1", "text": "张伟 says: the kettle \u0000 is broken, call 13800000000"}
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


@pytest.fixture(scope="module")
async def town(infra: Infra, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(infra, databases, tmp_path_factory.mktemp("content"), "checkin", "points") as town:
        yield town


@pytest.fixture(scope="module")
async def worker(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, "W01", "worker") as worker:
        yield worker


@pytest.fixture(scope="module")
async def officer(town: Town) -> AsyncIterator[Caller]:
    async with calling(town.checkin, town.surroundings, "P1", "officer") as officer:
        yield officer


async def sent(caller: Caller, key: str, content: bytes, media_type: str, subject: str = "case-1") -> httpx.Response:
    headers = {"Idempotency-Key": key, "Content-Type": media_type}
    return await caller.http.post("/content", params={"subject": subject}, content=content, headers=headers)


def refused(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    if field is not None:
        assert [error["field"] for error in body["errors"]] == [field]


async def test_text_comes_back_as_it_was_posted(worker: Caller) -> None:
    told = (await worker.post("/content", TEXT, "text")).json()
    answer = await worker.get(f"/content/{told['ref']}", hmac=told["hmac"])
    assert (answer.status_code, answer.text) == (200, TEXT["text"])
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["ETag"] == f'"{told["hmac"]}"'


async def test_a_photograph_comes_back_byte_for_byte_and_is_not_shown_by_browsers(worker: Caller) -> None:
    told = (await sent(worker, "photo", PHOTO, "image/jpeg")).json()
    assert (told["media_type"], told["bytes"]) == ("image/jpeg", len(PHOTO))
    answer = await worker.get(f"/content/{told['ref']}")
    assert answer.content == PHOTO
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_every_service_keeps_content(town: Town) -> None:
    async with calling(town.points, town.surroundings, "W01", "worker") as worker:
        told = (await worker.post("/content", TEXT, "text")).json()
        assert (await worker.get(f"/content/{told['ref']}")).text == TEXT["text"]


async def test_the_same_key_has_the_same_answer_and_one_row(town: Town, worker: Caller) -> None:
    answers = await asyncio.gather(*[worker.post("/content", TEXT, "repeated") for _ in range(20)])
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    later = await worker.post("/content", TEXT, "repeated")
    assert (later.content, later.headers["Idempotency-Replayed"]) == (answers[0].content, "true")
    with psycopg.connect(town.urls["checkin"]) as db:
        ref = answers[0].json()["ref"]
        assert db.execute("select count(*) from content where ref = %s", (ref,)).fetchone() == (1,)


@pytest.mark.parametrize(
    "other",
    [{**TEXT, "text": "something else"}, {**TEXT, "subject": "case-2"}],
    ids=["another text", "another subject"],
)
async def test_a_key_used_for_other_content_is_refused(worker: Caller, other: dict[str, str]) -> None:
    assert (await worker.post("/content", TEXT, "reused")).status_code == 200
    refused(await worker.post("/content", other, "reused"), 422, "IDEMPOTENCY_KEY_REUSED")


async def test_the_same_key_of_somebody_else_is_another_reference(worker: Caller, officer: Caller) -> None:
    mine, theirs = [(await caller.post("/content", TEXT, "shared")).json() for caller in (worker, officer)]
    assert mine["ref"] != theirs["ref"]
    assert mine["hmac"] != theirs["hmac"]


async def test_content_may_be_as_large_as_a_photograph_and_no_larger(worker: Caller) -> None:
    largest = PHOTO[:4] + bytes(MOST - 4)
    assert (await sent(worker, "largest", largest, "image/jpeg")).status_code == 200
    refused(await sent(worker, "too large", largest + b"x", "image/jpeg"), 413, "CONTENT_TOO_LARGE", "body")


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/octet-stream", ""])
async def test_what_is_not_in_the_list_of_types_is_not_taken(worker: Caller, media_type: str) -> None:
    refused(await sent(worker, "html", b"<script>", media_type), 415, "MEDIA_TYPE_UNKNOWN", "Content-Type")


async def test_what_only_says_that_it_is_a_photograph_is_not_taken(worker: Caller) -> None:
    refused(await sent(worker, "disguised", b"<script>", "image/jpeg"), 415, "MEDIA_TYPE_UNKNOWN", "Content-Type")


@pytest.mark.parametrize(
    "body,field",
    [
        ({"text": "about nobody"}, "subject"),
        ({"subject": "case-1"}, "text"),
        ({"subject": "case-1", "text": ""}, "text"),
        ({"subject": "with a blank", "text": "x"}, "subject"),
        ({"subject": "quarantine", "text": "x"}, "subject"),
        ([], "body"),
    ],
    ids=["no subject", "no text", "empty text", "no id", "the service's own", "array"],
)
async def test_a_wrong_field_is_named(worker: Caller, body: Any, field: str) -> None:
    refused(await worker.post("/content", body, "wrong"), 422, "VALIDATION_FAILED", field)


async def test_raw_bytes_want_a_subject_and_something_to_keep(worker: Caller) -> None:
    refused(await sent(worker, "wrong", PHOTO, "image/jpeg", "no id"), 422, "VALIDATION_FAILED", "subject")
    refused(await sent(worker, "wrong", b"", "text/plain"), 422, "VALIDATION_FAILED", "body")
    refused(await sent(worker, "wrong", b"\xff\xfe", "text/plain"), 422, "VALIDATION_FAILED", "body")
    refused(await worker.http.post("/content", json=TEXT), 422, "VALIDATION_FAILED", "Idempotency-Key")


async def test_those_may_read_who_posted_it_whom_it_is_about_and_officers(
    town: Town, worker: Caller, officer: Caller
) -> None:
    told = (await worker.post("/content", {"subject": "W02", "text": "about W02"}, "about W02")).json()
    path = f"/content/{told['ref']}"
    async with (
        calling(town.checkin, town.surroundings, "W02", "worker") as about,
        calling(town.checkin, town.surroundings, "W03", "worker") as other,
    ):
        readers = {200: (worker, about, officer), 403: (other,)}
        for status, callers in readers.items():
            assert [(await caller.get(path)).status_code for caller in callers] == [status] * len(callers)
        refused(await other.get("/content/never-there"), 403, "FORBIDDEN", "ref")
    refused(await officer.get("/content/never-there"), 404, "NOT_FOUND")


async def test_quarantined_records_are_not_content_of_anybody(town: Town, officer: Caller) -> None:
    database = Database(town.urls["checkin"], name="test")
    async with await database.connect("quarantine") as connection:
        await Vault(town.surroundings.content_key).store(connection, "kept-1", "quarantine", b"whatever it was")
    await database.close()
    refused(await officer.get("/content/kept-1"), 404, "NOT_FOUND")
    erase = await officer.post("/content/erase", {"subject": "quarantine", "reason": "person_asked"}, "all of it")
    refused(erase, 422, "VALIDATION_FAILED", "subject")


TAMPERED = {
    "a bit of the ciphertext": "update content set ciphertext = set_byte(ciphertext, 0, 255 - get_byte(ciphertext, 0))",
    "the media type": "update content set media_type = 'application/pdf'",
    "whom it is about": "update content set subject = 'case-other'",
    "who posted it": "update content set author = 'P1'",
    "another row's ciphertext": "update content set (nonce, ciphertext) = "
    "(select nonce, ciphertext from content c where c.subject = content.subject and c.ref <> content.ref limit 1)",
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_what_was_changed_by_hand_is_found_out(town: Town, worker: Caller, officer: Caller, what: str) -> None:
    await worker.post("/content", {"subject": "case-t", "text": "a neighbour"}, f"neighbour of {what}")
    told = (await worker.post("/content", {"subject": "case-t", "text": "as it was"}, f"tampered {what}")).json()
    with psycopg.connect(town.urls["checkin"]) as db:
        db.execute(f"{TAMPERED[what]} where ref = %s".encode(), (told["ref"],))
    refused(await officer.get(f"/content/{told['ref']}"), 409, "CONTENT_ALTERED")
    assert "content_altered" in town.checkin.actions()


async def test_content_put_in_place_of_other_content_is_found_out_by_the_hmac_of_the_event(
    town: Town, worker: Caller, officer: Caller
) -> None:
    """Somebody with all keys: the row decrypts, but the event, which nobody can change, means another text."""
    told = (await worker.post("/content", {"subject": "case-r", "text": "as it was"}, "replaced")).json()
    with psycopg.connect(town.urls["checkin"]) as db:
        db.execute("delete from content where ref = %s", (told["ref"],))
    database, vault = Database(town.urls["checkin"], name="test"), Vault(town.surroundings.content_key)
    async with await database.connect("forger") as connection:
        forged = b"as somebody wants it"
        await vault.store(connection, told["ref"], "case-r", forged, media_type="text/plain", author="W01")
    await database.close()
    path = f"/content/{told['ref']}"
    assert (await officer.get(path)).text == "as somebody wants it"
    refused(await officer.get(path, hmac=told["hmac"]), 409, "CONTENT_ALTERED", "hmac")


# the wrapping key


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
async def kept(databases: Databases) -> AsyncIterator[Connection]:
    database = Database(databases.fresh(), name="test")
    async with await database.connect("vault") as connection:
        yield connection
    await database.close()


async def test_new_keys_are_wrapped_by_the_first_and_old_ones_still_open(kept: Connection) -> None:
    old, new = a_key(), a_key()
    await Vault(old).store(kept, "r1", "case-1", b"under the old one")
    both = Vault(f"{new}, {old}")
    await both.check(kept)
    await both.store(kept, "r2", "case-2", b"under the new one")
    assert [await both.fetch(kept, ref) for ref in ("r1", "r2")] == [b"under the old one", b"under the new one"]
    assert await Vault(new).fetch(kept, "r2") == b"under the new one"
    with pytest.raises(ConfigInvalid, match="does not open the key of case-1"):
        await Vault(new).check(kept)


async def test_after_all_are_wrapped_anew_the_old_key_is_of_no_use(kept: Connection) -> None:
    old, new = a_key(), a_key()
    for number in range(1_203):  # more than one page of them
        await Vault(old).store(kept, f"r{number}", f"case-{number}", b"words")
    both = Vault(f"{new},{old}")
    assert (await both.rewrap(kept), await both.rewrap(kept)) == (1_203, 0)
    await Vault(new).check(kept)
    assert await Vault(new).fetch(kept, "r7") == b"words"
    with pytest.raises(ConfigInvalid):
        await Vault(old).fetch(kept, "r7")


async def test_keys_of_before_there_were_several_wrapping_keys_open_and_are_wrapped_anew(kept: Connection) -> None:
    old, new = a_key(), a_key()
    await Vault(old).store(kept, "r1", "case-1", b"words")
    await kept.execute("update content_key set wrapped_by = ''")
    both = Vault(f"{new},{old}")
    await both.check(kept)
    assert await both.fetch(kept, "r1") == b"words"
    assert await both.rewrap(kept) == 1
    assert await Vault(new).fetch(kept, "r1") == b"words"


async def test_wrapping_anew_changes_no_hmac_and_no_ciphertext(kept: Connection) -> None:
    old, new = a_key(), a_key()
    told = await Vault(old).store(kept, "r1", "case-1", b"words", media_type="text/plain", author="W01")
    before = await (await kept.execute("select nonce, ciphertext from content")).fetchall()
    await Vault(f"{new},{old}").rewrap(kept)
    assert await (await kept.execute("select nonce, ciphertext from content")).fetchall() == before
    assert (await Vault(new).read(kept, "r1", told.hmac)).hmac == told.hmac


async def test_one_subjects_key_in_place_of_anothers_opens_nothing(kept: Connection) -> None:
    vault = Vault(a_key())
    for subject in ("case-1", "case-2"):
        await vault.store(kept, f"of {subject}", subject, b"words")
    swap = "update content_key set wrapped = (select wrapped from content_key where subject = 'case-2')"
    await kept.execute(f"{swap} where subject = 'case-1'".encode())
    with pytest.raises(ConfigInvalid, match="case-1"):
        await vault.fetch(kept, "of case-1")


async def test_the_hmac_is_under_the_subjects_key(kept: Connection) -> None:
    """Nobody can try out which text it was: the same words have another hmac for each subject."""
    vault = Vault(a_key())
    told = await vault.store(kept, "r", "case-1", b"yes")
    await kept.execute("delete from content")
    again = await vault.store(kept, "r", "case-2", b"yes")
    assert again.hmac != told.hmac
    with pytest.raises(ContentAltered):
        await vault.read(kept, "r", told.hmac)


@pytest.mark.parametrize("second", ["", "AAAA", "a key!"])
def test_a_wrong_key_in_the_list_is_named_by_its_place(second: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"CONTENT_KEY \(number 2 of the list\)"):
        Vault(f"{a_key()},{second}")


async def test_the_operators_command_wraps_all_keys_anew(town: Town, worker: Caller) -> None:
    await worker.post("/content", TEXT, "before the rotation")
    new = a_key()
    settings = {**town.surroundings.settings(town.urls["checkin"]), "YIZHAN_CONTENT_KEY": new}
    code, output = await asyncio.to_thread(run_to_end, "checkin", settings, role="rewrap")
    assert code == 1
    assert "CONTENT_KEY: it does not open the key" in output
    settings["YIZHAN_CONTENT_KEY"] = f"{new},{town.surroundings.content_key}"
    code, output = await asyncio.to_thread(run_to_end, "checkin", settings, role="rewrap")
    assert code == 0
    assert '"action": "rewrapped"' in output
    await town.checkin.stop()
    await town.checkin.start(content_key=new)
    assert (await worker.post("/content", TEXT, "before the rotation")).headers["Idempotency-Replayed"] == "true"
