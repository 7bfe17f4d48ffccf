"""What cannot be handled steps aside with its stream, in order, and is made good: each event once, none lost."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Collection
from typing import Any

import psycopg
import pytest
from msgspec import json
from sqlalchemy import Column, Integer, Text

from shared import subscription as following
from shared.contracts.checkin import VisitStarted
from shared.contracts.registry import BY_TYPE, stored_type
from shared.database import Connection
from shared.errors import Unavailable, ValidationFailed
from shared.kafka import Record, Sender
from shared.leases import Lease
from shared.log.read import Page, Recorded, read_head, read_page
from shared.log.verify import verify
from shared.parked import ask_replay, drop, dropped, listed
from shared.parking import MOST_IN_A_ROW, MOST_TOLD, told
from shared.policies import Policies
from shared.projecting import Add as AddTo
from shared.projecting import Projection, Projector, RowChange
from shared.publishing import Publishing
from shared.queries import create_tables
from shared.reacting import Reactor
from shared.relay import Relay
from shared.service import Messaging, Service
from shared.subscription import Subscription
from shared.testing.audit import aside_of, projection_faults
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from tests.kernel.counter import CODEC, COUNTS, HANDLERS, Add, Added, Break, Note, Noted, added
from tests.kernel.counting import Process, counts, ended
from tests.kernel.programs import program

POISON = 13
NAME = COUNTS.name


class Bug:
    """In the rule of the counts: these amounts cannot be counted, until it is fixed."""

    def __init__(self, *amounts: int) -> None:
        self.amounts = set(amounts)
        self.projection = Projection(NAME, COUNTS.version, {"Added": self.added}, COUNTS.metadata)

    def added(self, event: Added, row: Recorded) -> list[RowChange]:
        if event.amount in self.amounts:
            raise ValueError(f"{event.amount} cannot be counted")
        return list(added(event, row))

    def fix(self, *amounts: int) -> None:
        self.amounts -= set(amounts or self.amounts)


@pytest.fixture
def bug(logged_errors: ErrorLog) -> Bug:
    logged_errors.expect("event_parked")
    return Bug(POISON)


async def at(connection: Connection, name: str = NAME) -> int:
    row = await (await connection.execute("select position from subscription where name = %s", (name,))).fetchone()
    return int(row[0]) if row else 0


async def caught_up(connection: Connection, position: int, name: str = NAME, within: float = 30.0) -> None:
    await eventually(lambda: at(connection, name), within, until=position.__eq__)


async def parked(connection: Connection, name: str = NAME) -> list[int]:
    return [row.position for row in await listed(connection, name)]


async def nothing_parked(connection: Connection, name: str = NAME) -> None:
    await eventually(lambda: parked(connection, name), 30, until=[].__eq__)


async def rows(connection: Connection) -> dict[str, tuple[int, int]]:
    """The read table: total and number of events of each counter."""
    found = await (await connection.execute("select counter, total, events from count_v1")).fetchall()
    return {counter: (total, events) for counter, total, events in found}


async def of_the_log(connection: Connection, without: Collection[int] = ()) -> dict[str, tuple[int, int]]:
    """What the read table holds without any trouble, these positions left out."""
    query = """select substr(stream, 9), sum((data->>'amount')::int)::int, count(*)::int from event
      where type = 'Added' and position <> all (%s) group by stream"""
    found = await (await connection.execute(query, (list(without),))).fetchall()
    return {counter: (total, events) for counter, total, events in found}


TROUBLED = [Add("a", 1), Add("b", 1), Add("a", POISON), Add("b", 2), Add("a", 2), Add("b", 3)]


# --- stepping aside -------------------------------------------------------------------------------------------------


async def test_one_event_that_cannot_be_handled_parks_its_stream_and_the_others_go_on(
    process: Process, connection: Connection, bug: Bug, logged_errors: ErrorLog
) -> None:
    await process.give_all(*TROUBLED)
    subscription = process.projecting(bug.projection)
    process.start(subscription.run())
    await caught_up(connection, 6)
    assert await counts(connection) == {"a": 1, "b": 6}
    first, second = await listed(connection)
    assert (first.subscription, first.version, first.position, first.stream) == (NAME, 1, 3, "counter-a")
    assert (first.type, first.origin, first.tries, first.wanted) == ("Added", "", 1, None)
    assert first.error == f"ValueError: {POISON} cannot be counted"
    assert (second.position, second.tries) == (5, 0)
    (event,) = (await read_page(connection, 2, 1)).rows
    assert first.event_id == event.event_id
    assert [line.getMessage()[:47] for line in logged_errors.seen] == [
        "counts parks the event at position 3, a Added, "
    ]
    assert subscription.trouble is None


async def test_what_follows_in_the_stream_queues_behind_also_when_a_new_owner_takes_over(
    two: tuple[Process, Process], connection: Connection, bug: Bug
) -> None:
    """The second owner has no bug at all, and yet does not let the stream pass what is parked of it."""
    one, other = two
    await one.give_all(*TROUBLED)
    first = one.projecting(bug.projection)
    running = one.start(first.run())
    await caught_up(connection, 6)
    first.stop()
    await running
    await one.give_all(Add("a", 5), Add("b", 5))
    other.start(other.projecting(COUNTS).run())
    await caught_up(connection, 8)
    assert await counts(connection) == {"a": 1, "b": 11}
    assert [(row.position, row.tries) for row in await listed(connection)] == [(3, 1), (5, 0), (7, 0)]


async def test_trouble_that_passes_parks_nothing(process: Process, connection: Connection) -> None:
    tries: list[int] = []

    async def work(lease: Lease, page: Page) -> None:
        tries.append(len(page.rows))
        if len(tries) < 4:
            raise Unavailable("it is away")
        await lease.move(page.reached)

    await process.give(Add("a"))
    process.start(process.subscription("follower", work).run())
    await caught_up(connection, 1, "follower")
    assert (tries, await listed(connection)) == ([1, 1, 1, 1], [])


async def test_too_many_in_a_row_stop_it_whoever_the_owner_is_until_a_person_has_looked(
    two: tuple[Process, Process], connection: Connection, bug: Bug, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("subscription_held")
    await two[0].give_all(*[Add(f"c{number}", POISON) for number in range(MOST_IN_A_ROW + 3)])
    for process in two:  # as if the first had crashed and been started again
        subscription = process.projecting(bug.projection)
        running = process.start(subscription.run())
        await eventually(lambda follower=subscription: follower.trouble)  # type: ignore[misc]
        assert len(await listed(connection)) == MOST_IN_A_ROW
        if process is two[0]:
            subscription.stop()
            await running
    assert await drop(connection, NAME, 1, "op-7", "a test event")
    await caught_up(connection, MOST_IN_A_ROW + 4)  # the drop is in the log, too
    assert len(await listed(connection)) == MOST_IN_A_ROW - 1 + 3


async def test_a_success_in_between_ends_the_row(process: Process, connection: Connection, bug: Bug) -> None:
    for number in range(MOST_IN_A_ROW + 5):
        await process.give_all(Add(f"bad{number}", POISON), Add("good"))
    process.start(process.projecting(bug.projection).run())
    await caught_up(connection, 2 * (MOST_IN_A_ROW + 5))
    assert len(await listed(connection)) == MOST_IN_A_ROW + 5


# --- replay ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [1, 2, 100])
async def test_a_replay_after_the_fix_leaves_what_a_log_without_trouble_would_have(
    process: Process, connection: Connection, bug: Bug, together: int
) -> None:
    await process.give_all(*TROUBLED, *[Add(f"c{n % 3}", POISON - n % 2) for n in range(20)])
    process.start(process.projecting(bug.projection, together=together).run())
    await caught_up(connection, 26)
    bug.fix()
    assert await ask_replay(connection, NAME) == len(await listed(connection)) > 10
    await nothing_parked(connection)
    await process.give_all(Add("a", 7), Add("c1", 7))
    await caught_up(connection, 28)
    assert await rows(connection) == await of_the_log(connection)
    assert await listed(connection) == []


@pytest.mark.parametrize("together", [1, 100])
async def test_a_replay_stops_its_stream_at_the_first_failure(
    process: Process, connection: Connection, bug: Bug, logged_errors: ErrorLog, together: int
) -> None:
    logged_errors.expect("replay_failed")
    bug.amounts.add(14)
    await process.give_all(*TROUBLED, Add("a", 14), Add("a", 3), Add("b", 14))
    process.start(process.projecting(bug.projection, together=together).run())
    await caught_up(connection, 9)
    bug.fix(POISON)
    assert await ask_replay(connection, NAME, stream="counter-a") == 4
    await eventually(lambda: logged_errors.seen[-1].getMessage().startswith("counts still cannot handle"))
    left = await eventually(lambda: listed(connection), until=lambda found: not any(row.wanted for row in found))
    assert [(row.position, row.tries) for row in left] == [(7, 1), (8, 0), (9, 1)]
    assert left[0].error == "ValueError: 14 cannot be counted"
    assert await rows(connection) == {"a": (16, 3), "b": (6, 3)}
    bug.fix()
    assert await ask_replay(connection, NAME) == 3
    await nothing_parked(connection)
    assert await rows(connection) == await of_the_log(connection)


async def test_one_position_is_replayed_with_what_waits_before_it_and_no_more(
    process: Process, connection: Connection, bug: Bug
) -> None:
    await process.give_all(*TROUBLED, Add("a", 3))
    process.start(process.projecting(bug.projection).run())
    await caught_up(connection, 7)
    bug.fix()
    assert await ask_replay(connection, NAME, position=99) == 0
    assert await ask_replay(connection, NAME, position=5) == 2
    await eventually(lambda: parked(connection), until=[7].__eq__)
    await process.give(Add("a", 4))
    await caught_up(connection, 8)
    assert [(row.position, row.wanted) for row in await listed(connection)] == [(7, None), (8, None)]


async def test_a_replay_that_another_process_asks_for_wakes_the_owner(
    two: tuple[Process, Process], connection: Connection, bug: Bug, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "POLL", 60.0)
    owner, other = two
    await owner.give_all(*TROUBLED)
    owner.start(owner.projecting(bug.projection).run())
    await caught_up(connection, 6)
    bug.fix()
    async with await other.database.connect("asks") as asking:
        await ask_replay(asking, NAME)
    await nothing_parked(connection)
    assert await rows(connection) == await of_the_log(connection)


async def test_a_replay_that_is_asked_for_again_while_it_fails_is_tried_again(
    process: Process, connection: Connection, bug: Bug, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("replay_failed")
    entered, leave, projector = asyncio.Event(), asyncio.Event(), Projector(bug.projection, CODEC)

    async def work(lease: Lease, page: Page) -> None:
        try:
            await projector.work(lease, page)
        except ValueError:
            if await parked(connection):
                entered.set()
                await leave.wait()
            raise

    await process.give_all(*TROUBLED)
    process.start(process.subscription(NAME, work, types=["Added"]).run())
    await caught_up(connection, 6)
    await ask_replay(connection, NAME)
    await entered.wait()
    bug.fix()
    await ask_replay(connection, NAME)
    leave.set()
    await nothing_parked(connection)
    assert await rows(connection) == await of_the_log(connection)


async def test_what_comes_to_the_stream_during_its_replay_queues_behind_and_is_part_of_it(
    process: Process, connection: Connection, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("event_parked")
    seen, entered, leave, poison = list[int](), asyncio.Event(), asyncio.Event(), {1}

    async def work(lease: Lease, page: Page) -> None:
        positions = [row.position for row in page.rows]
        if poison & set(positions):
            raise ValueError("not yet")
        if positions == [1]:
            entered.set()
            await leave.wait()
        seen.extend(positions)
        await lease.move(page.reached)

    process.start(process.subscription("follower", work).run())
    await process.give_all(Add("a"), Add("a"), Add("b"))
    await caught_up(connection, 3, "follower")
    poison.clear()
    await ask_replay(connection, "follower")
    await entered.wait()
    await process.give_all(Add("a"), Add("b"))
    leave.set()
    await nothing_parked(connection, "follower")
    await caught_up(connection, 5, "follower")
    await eventually(lambda: sorted(seen), until=[1, 2, 3, 4, 5].__eq__)
    assert [position for position in seen if position in (1, 2, 4)] == [1, 2, 4]


@pytest.mark.fault
@pytest.mark.parametrize("failpoint", ["projection.before_commit:3", "replay.after_page:1", "replay.after_page:4"])
async def test_a_kill_in_the_middle_of_a_replay_doubles_nothing_and_loses_nothing(
    url: str, process: Process, connection: Connection, bug: Bug, failpoint: str
) -> None:
    await process.give_all(*TROUBLED, *[Add("a", number) for number in range(10)])
    subscription = process.projecting(bug.projection)
    running = process.start(subscription.run())
    await caught_up(connection, 16)
    subscription.stop()
    await running
    assert await ask_replay(connection, NAME) == 12
    async with program("follow", url, failpoint=failpoint) as child:
        assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
    assert 0 < len(await listed(connection)) < 12
    await process.give_all(Add("a", 40), Add("b", 40))
    async with program("follow", url):
        await eventually(lambda: at(connection), 20, until=(18).__eq__)
        await nothing_parked(connection)
    assert await rows(connection) == await of_the_log(connection)


# --- drops ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def troubled(process: Process, connection: Connection, bug: Bug) -> Subscription:
    """Runs, and has parked the positions 3 and 5."""
    await process.give_all(*TROUBLED)
    subscription = process.projecting(bug.projection)
    process.start(subscription.run())
    await caught_up(connection, 6)
    return subscription


@pytest.mark.usefixtures("troubled")
async def test_a_drop_is_in_the_log_once_with_who_and_why(connection: Connection) -> None:
    event_id = (await listed(connection))[0].event_id
    assert await drop(connection, NAME, 3, "op-7", "counted twice by the gate")
    assert not await drop(connection, NAME, 3, "op-8", "again")
    assert not await drop(connection, NAME, 4, "op-7", "it is not parked")
    (row,) = (await read_page(connection, 0, 10, ["ParkedDropped"])).rows
    assert (row.stream, row.version, row.origin) == (f"parked-{NAME}", 1, "")
    about = f'"event_id":"{event_id}","position":3,"reason":"counted twice by the gate","subscription":"{NAME}"'
    assert row.data == "{" + about + "}"
    assert (row.context().actor.id, row.context().causation_id) == ("op-7", event_id)
    assert await dropped(connection, NAME) == {3}
    assert await drop(connection, NAME, 5, "op-8", "that one as well")
    assert (await dropped(connection, NAME), await dropped(connection, "another")) == ({3, 5}, set())
    assert (await verify(connection)).fault is None


async def test_the_publisher_of_a_dropped_intake_event_is_told_once(connection: Connection) -> None:
    """Whoever waits for an answer gets one; if it was answered before it was parked, that answer stands."""
    entry = """insert into parked
        (subscription, version, position, event_id, origin, stream, type, error, parked_at, tries)
      values ('intake', 1, %s, %s, 'gate/1', 'checkin.intake.v1/W01', 'T', '', now(), 1)"""
    await connection.execute("insert into subscription (name, version, position) values ('intake', 1, 0)")
    for position, identity in ((1, "scan-1"), (2, "scan-1"), (3, "scan-2")):
        await connection.execute(entry, (position, identity))
        assert await drop(connection, "intake", position, "op-7", "the gate was being tested")
    answers = (await read_page(connection, 0, 10, ["IntakeAnswered"])).rows
    assert [(row.stream, json.decode(row.data)["id"]) for row in answers] == [
        ("answer/W01", "scan-1"), ("answer/W01", "scan-2"),
    ]  # fmt: skip
    assert {json.decode(row.data)["code"] for row in answers} == {"DROPPED"}
    assert (await verify(connection)).fault is None


@pytest.mark.usefixtures("troubled")
async def test_a_drop_without_a_reason_is_refused(connection: Connection) -> None:
    with pytest.raises(ValidationFailed):
        await drop(connection, NAME, 3, "op-7", " ")
    assert await parked(connection) == [3, 5]


@pytest.mark.usefixtures("troubled")
async def test_a_stream_of_which_all_is_dropped_goes_on_with_its_next_event(
    process: Process, connection: Connection
) -> None:
    for position in (3, 5):
        assert await drop(connection, NAME, position, "op-7", "not needed")
    await process.give_all(Add("a", 20), Add("b", 20))
    await caught_up(connection, 10)
    assert (await counts(connection), await listed(connection)) == ({"a": 21, "b": 26}, [])


@pytest.mark.usefixtures("troubled")
async def test_what_waits_behind_a_dropped_event_waits_for_its_replay(process: Process, connection: Connection) -> None:
    await drop(connection, NAME, 3, "op-7", "not needed")
    await process.give(Add("a", 20))
    await caught_up(connection, 8)
    assert await parked(connection) == [5, 8]
    assert await ask_replay(connection, NAME) == 2
    await nothing_parked(connection)
    assert await counts(connection) == {"a": 23, "b": 6}


async def test_a_drop_in_the_middle_of_a_replay_leaves_the_read_table_without_the_event(
    process: Process, connection: Connection, bug: Bug
) -> None:
    entered, leave, gate = asyncio.Event(), asyncio.Event(), Projector(bug.projection, CODEC)

    async def work(lease: Lease, page: Page) -> None:
        if not bug.amounts and page.rows[0].position == 3:
            entered.set()
            await leave.wait()
        await gate.work(lease, page)

    await process.give_all(*TROUBLED)
    process.start(process.subscription(NAME, work, types=["Added"], together=10).run())
    await caught_up(connection, 6)
    bug.fix()
    await ask_replay(connection, NAME)
    await entered.wait()
    assert await drop(connection, NAME, 3, "op-7", "not needed")
    leave.set()
    await nothing_parked(connection)
    assert await counts(connection) == {"a": 3, "b": 6}


@pytest.mark.usefixtures("troubled")
async def test_a_version_that_is_built_anew_leaves_out_what_was_dropped(
    process: Process, connection: Connection, url: str
) -> None:
    await drop(connection, NAME, 3, "op-7", "not needed")
    anew = Projection(NAME, 2)
    table = anew.table("count", Column("counter", Text, primary_key=True), Column("total", Integer, nullable=False))

    @anew.on(Added)
    def added_anew(event: Added, row: Recorded) -> list[RowChange]:
        return [AddTo(table, {"counter": row.entity, "total": event.amount})]

    async with process.database.engine.begin() as db:
        await db.run_sync(create_tables, (anew,))
    process.start(process.projecting(anew).run())
    found = "select counter, total from count_v2"

    async def built() -> dict[str, int]:
        return dict(await (await connection.execute(found)).fetchall())

    await eventually(built, until={"a": 3, "b": 6}.__eq__)


@pytest.mark.usefixtures("troubled")
async def test_the_audit_leaves_out_what_is_aside_and_tells_it_apart(
    process: Process, connection: Connection, url: str
) -> None:
    unused: Any = None
    service = Service("counter", HANDLERS, Messaging(unused, unused, unused, unused), (COUNTS,), (), unused)
    assert await projection_faults(service, process.database) == []
    assert [line.partition(":")[0] for line in await aside_of(url)] == [
        "counts has parked the event at 3",
        "counts has parked the event at 5",
    ]
    await drop(connection, NAME, 3, "op-7", "not needed")
    await ask_replay(connection, NAME)
    await nothing_parked(connection)
    assert await projection_faults(service, process.database) == []
    assert await aside_of(url) == ["counts leaves out the event at 3, which was dropped"]


# --- all of it at once ----------------------------------------------------------------------------------------------


@pytest.mark.fault
@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_in_whatever_order_each_event_counts_once_or_was_dropped(
    two: tuple[Process, Process],
    connection: Connection,
    bug: Bug,
    logged_errors: ErrorLog,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    """Bugs come and go, owners crash, replays and drops are asked for at any time."""
    monkeypatch.setattr(following, "STANDBY", 0.02)
    logged_errors.expect("replay_failed")
    chance = random.Random(seed)
    owner = two[0].start(two[0].projecting(bug.projection, together=3).run())
    for _ in range(150):
        match chance.choice(["give"] * 5 + ["settle"] * 4 + ["bug", "bug", "fix", "ask", "ask", "drop", "crash"]):
            case "give":
                adds = [Add(chance.choice("abcde"), chance.randrange(20)) for _ in range(chance.randrange(1, 20))]
                await chance.choice(two).give_all(*adds)
            case "settle":
                await caught_up(connection, await read_head(connection), within=15)  # a lease may have to run out
            case "bug":
                bug.amounts.add(chance.randrange(20))
            case "fix":
                bug.fix()
            case "ask":
                await ask_replay(connection, NAME, stream=chance.choice([None, "counter-a"]))
            case "drop" if waiting := await parked(connection):
                await drop(connection, NAME, chance.choice(waiting), "op-7", "by chance")
            case "crash":
                await ended(owner)
                process = chance.choice(two)
                owner = process.start(process.projecting(bug.projection, together=chance.choice([1, 5])).run())
    bug.fix()
    await caught_up(connection, await read_head(connection), within=15)
    assert any(line.__dict__["action"] == "event_parked" for line in logged_errors.seen), "the test tries something"
    await ask_replay(connection, NAME)
    await nothing_parked(connection)
    assert await rows(connection) == await of_the_log(connection, without=await dropped(connection, NAME))


# --- policies and relay ---------------------------------------------------------------------------------------------


async def test_commands_that_had_their_effect_before_the_parking_have_no_second_one(
    process: Process, connection: Connection, logged_errors: ErrorLog
) -> None:
    """The reaction gives two commands; the handler of the second has a bug."""
    logged_errors.expect("event_parked", "decide_failed")
    policies, broken = Policies(), [True]

    @policies.on(Noted)
    def when_noted(event: Noted) -> list[Any]:
        return [Add(event.text), Break(event.text) if broken and event.text == "x" else Add("second")]

    reactor = Reactor("counter", process.committer, CODEC, policies)
    process.start(process.subscription("policies", reactor.work, types=reactor.types).run())
    await process.give_all(Note("a", "x"), Note("a", "y"), Note("b", "z"))
    await eventually(lambda: parked(connection, "policies"), until=lambda found: len(found) == 2)
    assert (await of_the_log(connection))["x"] == (1, 1)
    broken.clear()
    await ask_replay(connection, "policies")
    await nothing_parked(connection, "policies")
    assert await of_the_log(connection) == {"x": (1, 1), "y": (1, 1), "z": (1, 1), "second": (3, 3)}


EXAMPLE = BY_TYPE[stored_type(VisitStarted)].example


class Heard(Sender):
    """What the relay sends."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def send(self, records: Any) -> None:
        self.records += records

    def of(self, key: str) -> list[str]:
        return [record.headers["ce_sequence"].lstrip("0") for record in self.records if record.key == key]


async def test_the_relay_keeps_the_order_of_each_stream_through_parking_and_replay(
    process: Process, connection: Connection, bug: Bug
) -> None:
    publishing, heard = Publishing(), Heard()

    @publishing.on(Added)
    def visit_started(event: Added, entity: str) -> VisitStarted:
        if event.amount in bug.amounts:
            raise KeyError("no contract for it")
        fields = dict(EXAMPLE, member_id=entity, started_at=event.at)
        return VisitStarted.model_validate(fields)

    relay = Relay("checkin", CODEC, publishing, heard, 1)
    process.start(process.subscription("relay", relay.work, types=relay.types).run())
    await process.give_all(*TROUBLED)
    await caught_up(connection, 6, "relay")
    assert (heard.of("a"), heard.of("b")) == (["1"], ["1", "2", "3"])
    bug.fix()
    await ask_replay(connection, "relay")
    await process.give_all(Add("a"), Add("b"))
    await eventually(lambda: heard.of("a"), until=["1", "2", "3", "4"].__eq__)
    await eventually(lambda: heard.of("b"), until=["1", "2", "3", "4"].__eq__)
    await nothing_parked(connection, "relay")


# --- what is told of an error ---------------------------------------------------------------------------------------


def unique_violation() -> Exception:
    return psycopg.errors.UniqueViolation("duplicate key\nDETAIL: Key (name)=(Wang) already exists")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("one\ntwo: 'a value'"), "ValueError: one"),
        (ValueError(), "ValueError: "),
        (KeyError("a\0b\ud800"), r"KeyError: 'a\x00b\ud800'"),
        (ValueError("a\0b\ud800"), "ValueError: ab?"),
        (unique_violation(), "UniqueViolation: duplicate key"),
    ],
)
def test_of_an_error_type_and_first_line_are_kept(error: Exception, words: str) -> None:
    assert told(error) == words
    assert len(told(ValueError("x" * 1_000))) == MOST_TOLD
