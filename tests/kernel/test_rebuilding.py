"""Rows made anew beside the live ones, while all goes on: nobody sees a gap, a mix, or a position that goes back."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import pytest

from shared import building, failpoints, parked, replaying
from shared import subscription as following
from shared.building import Build
from shared.database import Connection
from shared.errors import LeaseLost, NotFound
from shared.leases import Lease
from shared.log.read import Page, Recorded, read_head, read_page
from shared.projecting import Projection, RowChange
from shared.rebuilding import ProjectionState, ask_rebuild, listed
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from shared.timers import TIMERS
from shared.verifying import verify_projection
from tests.kernel.counter import CODEC, COUNTS, NOON, Add, Added, Forget, Remind
from tests.kernel.counting import FixedClock, Process, counts, somebody_waits_for_a_lock
from tests.kernel.programs import program
from tests.kernel.reading import Reader, edit

Two = tuple[Process, Process]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, so that a build has many, and no rest between looks."""
    monkeypatch.setattr(replaying, "PAGE", 50)
    monkeypatch.setattr(building, "QUIET", 0.01)


async def state(connection: Connection, name: str = COUNTS.name) -> ProjectionState:
    (found,) = [each for each in await listed(connection) if each.name == name]
    return found


async def done(connection: Connection, name: str = COUNTS.name) -> bool:
    return (await state(connection, name)).state == "live"


async def faults(connection: Connection, projection: Projection = COUNTS) -> list[str]:
    wrong, _ = await verify_projection(connection, projection, CODEC)
    return wrong


async def filled(process: Process, connection: Connection, events: int = 400) -> None:
    """A log, and the counts of it."""
    await process.give_all(*[Add(f"c{n % 7}", n) for n in range(events)])
    process.start(process.projecting(COUNTS).run())
    await eventually(lambda: state(connection), until=lambda now: now.position == now.head == events)


async def write(process: Process) -> None:
    """Until cancelled: a few commands at a time."""
    for number in itertools.count():
        await process.give_all(*[Add(f"c{(number + n) % 7}", n) for n in range(5)])


# --- under load -----------------------------------------------------------------------------------------------------


async def test_rows_are_made_anew_under_load_and_every_look_sees_them_whole(
    two: Two, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are damaged before each of the rounds; a look sees all of them damaged, or all of them right."""
    monkeypatch.setattr(replaying, "PAGE", 1_000)  # smaller ones would not overtake the writers
    one, other = two
    seen: list[int] = []

    async def policy(lease: Lease, page: Page) -> None:
        seen.extend(row.position for row in page.rows)
        await lease.move(page.reached)

    await filled(one, connection)
    one.start(one.rebuilding(COUNTS).run())
    one.start(one.subscription("policies", policy).run())
    reader = await Reader(other).start()
    other.start(write(other))
    for _ in range(20):
        await edit(connection)
        await ask_rebuild(connection, COUNTS.name)
        await eventually(lambda: done(connection))
        assert await faults(connection) == []
    assert reader.faults == []
    assert min(reader.looks[1, "wrong"], reader.looks[1, "right"]) > 0, "some looks came between damage and repair"
    head = await read_head(connection)
    await eventually(lambda: len(seen) >= head)
    assert seen == list(range(1, len(seen) + 1)), "a policy has seen everything once"


async def test_the_live_rows_follow_the_log_while_a_build_is_held_up(two: Two, connection: Connection) -> None:
    one, other = two
    await filled(one, connection)
    await edit(connection)
    await ask_rebuild(connection, COUNTS.name)
    build = Build(COUNTS, CODEC, lease_of(one), await one.database.connect("builds"))
    assert await build.claim()
    async with connection.transaction():
        await connection.execute("lock table rebuild.count_v1 in exclusive mode")
        building = asyncio.create_task(build.run())
        await eventually(lambda: somebody_waits_for_a_lock(connection))
        for number in range(1, 6):
            await other.give(Add("c0"))
            await eventually(lambda: state(connection), until=partial(has_reached, 400 + number))
        assert not building.done()
    await building
    assert (await done(connection), await faults(connection)) == (True, [])
    await build.connection.close()


def has_reached(position: int, now: ProjectionState) -> bool:
    return now.position == position


# --- what is wrong is found, told and healed --------------------------------------------------------------------------


async def test_rows_edited_by_hand_are_named_and_made_right(process: Process, connection: Connection) -> None:
    await filled(process, connection, 70)
    right = await counts(connection)
    await connection.execute("update count_v1 set total = 5 where counter = 'c1'")
    await connection.execute("delete from count_v1 where counter = 'c2'")
    await connection.execute("insert into count_v1 values ('ghost', 1, 2)")
    assert await faults(connection) == [
        f"count_v1 counter=c1: total is 5, the log says {right['c1']}",
        f"count_v1 counter=c2: is missing, the log says total={right['c2']}, events=10",
        "count_v1 counter=ghost: is too much, with total=1, events=2",
    ]
    process.start(process.rebuilding(COUNTS).run())
    await ask_rebuild(connection, COUNTS.name)
    await eventually(lambda: done(connection))
    assert (await faults(connection), await counts(connection)) == ([], right)


async def test_of_very_many_wrong_rows_only_some_are_told(process: Process, connection: Connection) -> None:
    await filled(process, connection, 7)
    await connection.execute("insert into count_v1 select 'x' || n, 0, 0 from generate_series(1, 33) n")
    told = await faults(connection)
    assert (len(told), told[-1]) == (21, "count_v1: and 13 more rows are wrong")


async def test_verification_leaves_nothing_behind_and_looks_at_one_snapshot(two: Two, connection: Connection) -> None:
    """Under load the live position moves on while the rows are compared."""
    one, other = two
    await filled(one, connection)
    other.start(write(other))
    for _ in range(20):
        assert await faults(connection) == []
    left = await connection.execute("select from pg_class where relname = 'count_v1' and relpersistence = 't'")
    assert left.rowcount == 0


async def test_a_missing_table_is_told(process: Process, connection: Connection) -> None:
    await connection.execute("drop table count_v1")
    assert await faults(connection) == ["counts: there is no table count_v1"]


# --- asking ---------------------------------------------------------------------------------------------------------


async def test_asking_for_an_unknown_projection_names_the_known_ones(connection: Connection) -> None:
    with pytest.raises(NotFound, match="no projection is called count, there are: counts, timers"):
        await ask_rebuild(connection, "count")


async def test_asking_wakes_the_owner_in_another_process(
    process: Process, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (building, following):
        monkeypatch.setattr(module, "POLL", 60.0)
    await filled(process, connection, 10)
    process.start(process.rebuilding(COUNTS).run())
    for _ in range(3):
        await edit(connection)
        await ask_rebuild(connection, COUNTS.name)
        await eventually(lambda: done(connection))
        assert await faults(connection) == []


async def test_what_is_listed(process: Process, connection: Connection) -> None:
    await filled(process, connection, 60)
    before = await state(connection)
    assert before.owner is not None
    assert tuple(before) == ("counts", 1, 60, 60, before.owner, "live", 0, None)
    await ask_rebuild(connection, COUNTS.name)
    assert (await state(connection)) == before._replace(state="building")
    lease = process.leases.held(COUNTS.name, COUNTS.version)
    assert lease is not None
    build = Build(COUNTS, CODEC, lease, connection)
    assert await build.claim()
    await build.page()
    await ask_rebuild(connection, COUNTS.name)  # once more, which changes nothing
    assert (await state(connection)) == before._replace(state="building", built=50)


async def test_a_process_that_does_not_own_a_projection_does_not_build_it(two: Two, connection: Connection) -> None:
    one, other = two
    await filled(one, connection)
    other.start(other.rebuilding(COUNTS).run())
    other.start(other.projecting(COUNTS).run())
    await edit(connection)
    await ask_rebuild(connection, COUNTS.name)
    idle = Build(COUNTS, CODEC, lease_of(one), connection)
    assert await idle.claim(), "nobody had begun"
    one.start(one.rebuilding(COUNTS).run())
    await eventually(lambda: done(connection))
    assert await faults(connection) == []


def lease_of(process: Process) -> Lease:
    lease = process.leases.held(COUNTS.name, COUNTS.version)
    assert lease is not None
    return lease


# --- trouble --------------------------------------------------------------------------------------------------------


async def test_an_event_that_cannot_be_applied_ends_the_build_and_is_told_and_the_live_rows_stay(
    process: Process, connection: Connection, logged_errors: ErrorLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged_errors.expect("rebuild_failed")
    await filled(process, connection)
    await edit(connection)
    before, good = await counts(connection), COUNTS.rules["Added"]

    def rule(event: Added, row: Recorded) -> Iterable[RowChange]:
        assert event.amount != 333, "a bug"
        return good(event, row)

    monkeypatch.setitem(COUNTS.rules, "Added", rule)
    process.start(process.rebuilding(COUNTS).run())
    await ask_rebuild(connection, COUNTS.name)
    failed = await eventually(lambda: state(connection), until=lambda now: now.state == "failed")
    assert failed.error is not None
    assert failed.error.startswith("Added at position 334: AssertionError")
    assert (failed.built, await counts(connection)) == (300, before)
    monkeypatch.setitem(COUNTS.rules, "Added", good)
    await ask_rebuild(connection, COUNTS.name)
    await eventually(lambda: done(connection))
    assert await faults(connection) == []


async def test_a_row_that_the_database_refuses_is_told_with_its_event(
    process: Process, connection: Connection, logged_errors: ErrorLog
) -> None:
    logged_errors.expect("rebuild_failed")
    await filled(process, connection)
    await connection.execute("alter table count_v1 add constraint few check (total < 1000) not valid")
    process.start(process.rebuilding(COUNTS).run())
    await ask_rebuild(connection, COUNTS.name)
    failed = await eventually(lambda: state(connection), until=lambda now: now.state == "failed")
    assert failed.error is not None
    assert failed.error.startswith("Added at position ")
    assert "CheckViolation" in failed.error


async def test_a_build_goes_on_after_its_connection_broke(process: Process, connection: Connection) -> None:
    await filled(process, connection)
    process.start(process.rebuilding(COUNTS).run())
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'counter rebuild'"
    for _ in range(5):
        await edit(connection)
        await ask_rebuild(connection, COUNTS.name)
        await connection.execute(kill)
        await eventually(lambda: done(connection))
        assert await faults(connection) == []


# --- what is parked or dropped ----------------------------------------------------------------------------------------


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch, logged_errors: ErrorLog) -> list[int]:
    """Amounts that cannot be counted."""
    logged_errors.expect("event_parked")
    amounts, good = [13], COUNTS.rules["Added"]

    def rule(event: Added, row: Recorded) -> Iterable[RowChange]:
        assert event.amount not in amounts, "a bug"
        return good(event, row)

    monkeypatch.setitem(COUNTS.rules, "Added", rule)
    return amounts


TROUBLED = [Add("a", 1), Add("b", 1), Add("a", 13), Add("b", 2), Add("a", 2), Add("b", 3)]


async def troubled(process: Process, connection: Connection) -> None:
    """Positions 3 and 5 are parked."""
    await process.give_all(*TROUBLED)
    process.start(process.projecting(COUNTS).run())
    await eventually(lambda: state(connection), until=partial(has_reached, 6))
    assert [row.position for row in await parked.listed(connection)] == [3, 5]


async def test_what_is_parked_is_told_apart_from_what_is_wrong(
    process: Process, connection: Connection, bug: list[int]
) -> None:
    await troubled(process, connection)
    waits = ["counts: 2 events of counter-a are parked, from position 3 on"]
    assert await verify_projection(connection, COUNTS, CODEC) == ([], waits)
    bug.clear()
    await edit(connection)
    wrong, waiting = await verify_projection(connection, COUNTS, CODEC)
    assert (len(wrong), waiting) == (2, waits)


async def test_a_rebuild_applies_what_was_parked_and_parks_it_no_more(
    process: Process, connection: Connection, bug: list[int]
) -> None:
    await troubled(process, connection)
    process.start(process.rebuilding(COUNTS).run())
    bug.clear()
    await ask_rebuild(connection, COUNTS.name)
    await eventually(lambda: done(connection))
    assert (await counts(connection), await parked.listed(connection)) == ({"a": 16, "b": 6}, [])
    await process.give_all(Add("a", 100), Add("b", 100))
    await eventually(lambda: counts(connection), until={"a": 116, "b": 106}.__eq__)
    assert await parked.listed(connection) == []


async def test_an_event_that_fails_again_ends_the_rebuild_and_stays_parked(
    process: Process, connection: Connection, bug: list[int], logged_errors: ErrorLog
) -> None:
    logged_errors.expect("rebuild_failed")
    await troubled(process, connection)
    process.start(process.rebuilding(COUNTS).run())
    await ask_rebuild(connection, COUNTS.name)
    failed = await eventually(lambda: state(connection), until=lambda now: now.state == "failed")
    assert failed.error is not None
    assert failed.error.startswith("Added at position 3: AssertionError: a bug")
    assert bug == [13]
    assert await counts(connection) == {"a": 1, "b": 6}
    assert [row.position for row in await parked.listed(connection)] == [3, 5]


async def test_a_rebuild_leaves_out_what_was_dropped(process: Process, connection: Connection, bug: list[int]) -> None:
    await troubled(process, connection)
    process.start(process.rebuilding(COUNTS).run())
    assert await parked.drop(connection, COUNTS.name, 3, "op-7", "not needed")
    await ask_rebuild(connection, COUNTS.name)
    await eventually(lambda: done(connection))
    assert (await counts(connection), await parked.listed(connection)) == ({"a": 3, "b": 6}, [])
    bug.clear()
    assert await verify_projection(connection, COUNTS, CODEC) == ([], []), "also when it could be applied by now"


@pytest.mark.parametrize("when", ["before a page", "before the switch"])
async def test_a_drop_while_it_is_built_makes_the_build_begin_anew(
    process: Process, connection: Connection, bug: list[int], when: str
) -> None:
    await troubled(process, connection)
    bug.clear()
    await ask_rebuild(connection, COUNTS.name)
    build = Build(COUNTS, CODEC, lease_of(process), await process.database.connect("builds"))
    assert await build.claim()
    await build.page()
    assert await parked.drop(connection, COUNTS.name, 3, "op-7", "not needed")
    if when == "before the switch":
        with pytest.raises(LeaseLost, match="an event was dropped"):
            await build.switch()
    process.start(process.rebuilding(COUNTS).run())
    await eventually(lambda: done(connection))
    assert await counts(connection) == {"a": 3, "b": 6}
    await build.connection.close()


async def test_a_rebuild_and_a_replay_do_not_apply_the_same_event_twice(
    process: Process, connection: Connection, bug: list[int]
) -> None:
    await troubled(process, connection)
    process.start(process.rebuilding(COUNTS).run())
    for round_ in range(10):
        bug.clear()
        await asyncio.gather(ask_rebuild(connection, COUNTS.name), ask_replay(process))
        await eventually(lambda: done(connection))
        await eventually(lambda: parked.listed(connection), until=[].__eq__)
        assert await verify_projection(connection, COUNTS, CODEC) == ([], [])
        bug.append(13)
        await process.give_all(*TROUBLED)
        await eventually(lambda: state(connection), until=partial(has_reached, 6 * (round_ + 2)))


async def ask_replay(process: Process) -> None:
    async with await process.database.connect("asks") as connection:
        await parked.ask_replay(connection, COUNTS.name)


# --- owners ---------------------------------------------------------------------------------------------------------


async def test_a_build_whose_owner_changes_is_finished_by_the_new_one(two: Two, connection: Connection) -> None:
    one, other = two
    await filled(one, connection)
    zombie = Build(COUNTS, CODEC, lease_of(one), await one.database.connect("builds"))
    await edit(connection)
    await ask_rebuild(connection, COUNTS.name)
    assert await zombie.claim()
    for _ in range(3):
        await zombie.page()
    await connection.execute("update subscription set lease_until = clock_timestamp() - interval '1 second'")
    lease = await other.acquire(COUNTS.name)
    assert lease is not None
    build = Build(COUNTS, CODEC, lease, connection)
    assert await build.claim()
    assert build.built == 150, "it goes on where the other was"
    with pytest.raises(LeaseLost):
        await zombie.page()
    assert not await zombie.claim()
    await build.run()
    assert (await done(connection), await faults(connection)) == (True, [])
    await zombie.connection.close()


async def test_a_switch_by_a_former_owner_is_undone(two: Two, connection: Connection) -> None:
    one, other = two
    await filled(one, connection)
    zombie = Build(COUNTS, CODEC, lease_of(one), await one.database.connect("builds"))
    await edit(connection)
    await ask_rebuild(connection, COUNTS.name)
    assert await zombie.claim()
    while zombie.built < zombie.lease.position:
        await zombie.page()
    before = await counts(connection)
    await connection.execute("update subscription set lease_until = clock_timestamp() - interval '1 second'")
    assert await other.acquire(COUNTS.name) is not None
    with pytest.raises(LeaseLost):
        await zombie.switch()
    assert (await counts(connection), await done(connection)) == (before, False)
    await zombie.connection.close()


async def test_a_build_is_finished_when_its_process_stops_in_the_middle(
    url: str, two: Two, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays = two[0]
    async with Process(url, "leaves") as leaves:
        await filled(leaves, connection)
        rebuilding = leaves.start(leaves.rebuilding(COUNTS).run())
        stays.start(stays.projecting(COUNTS).run())
        stays.start(stays.rebuilding(COUNTS).run())
        await edit(connection)

        def leave(point: str) -> None:
            if point == "rebuild.before_page":
                monkeypatch.setattr(failpoints, "hit", lambda _: None)
                rebuilding.cancel()

        monkeypatch.setattr(failpoints, "hit", leave)
        await ask_rebuild(connection, COUNTS.name)
        await eventually(rebuilding.done)
        assert not await done(connection)
    await eventually(lambda: done(connection))
    assert await faults(connection) == []


# --- crashes --------------------------------------------------------------------------------------------------------


@pytest.mark.fault
@pytest.mark.parametrize(
    ("failpoint", "healed"),
    [
        ("rebuild.before_page:1", False),
        ("rebuild.before_page:3", False),
        ("rebuild.before_switch:1", False),
        ("rebuild.after_switch:1", True),
    ],
)
async def test_a_process_killed_while_it_rebuilds_leaves_the_live_rows_whole(
    url: str, process: Process, connection: Connection, failpoint: str, healed: bool
) -> None:
    await process.give_all(*[Add(f"c{n % 7}", n) for n in range(3_500)])
    async with program("follow", url):
        await eventually(lambda: state(connection), 20, until=lambda now: now.position == 3_500)
    right = await counts(connection)
    await edit(connection)
    wrong = await counts(connection)
    await ask_rebuild(connection, COUNTS.name)
    async with program("rebuild", url, failpoint=failpoint) as child:
        assert await asyncio.wait_for(child.wait(), 20) == -signal.SIGKILL
    assert await counts(connection) == (right if healed else wrong)
    assert (await state(connection)).position == 3_500
    await process.give_all(*[Add(f"c{n % 7}", n) for n in range(50)])
    async with program("rebuild", url):
        await eventually(lambda: state(connection), 20, until=lambda now: (now.state, now.position) == ("live", 3_550))
    assert await faults(connection) == []


# --- timers ---------------------------------------------------------------------------------------------------------


async def test_a_rebuild_of_the_timers_resurrects_none_and_loses_none(url: str, connection: Connection) -> None:
    clock, hour = FixedClock(), timedelta(hours=1)
    async with Process(url, "timing", clock) as process:
        commands = [Remind("fired", "bell", NOON), Remind("cleared", "bell", NOON + hour), Forget("cleared", "bell")]
        await process.give_all(*commands, *[Remind(f"c{n}", "bell", NOON + n * hour) for n in range(1, 9)])
        process.start(process.timing().run())
        process.start(process.rebuilding(TIMERS).run())
        await eventually(lambda: left(connection), until=[f"counter-c{n}" for n in range(1, 9)].__eq__)
        await connection.execute("delete from timer_v1 where stream = 'counter-c3'")
        await connection.execute("update timer_v1 set stream = 'counter-ghost' where stream = 'counter-c4'")
        for n in range(1, 9):
            await process.give(Remind(f"d{n}", "bell", NOON + n * hour))
            await ask_rebuild(connection, TIMERS.name)
            await eventually(lambda: done(connection, TIMERS.name))
            assert await faults(connection, TIMERS) == []
            clock.moment = NOON + n * hour
            await eventually(lambda: rung(connection), until=partial(at_least, 1 + 2 * n))
        assert sorted(await rung(connection)) == sorted(
            ["counter-fired", *[f"counter-{letter}{n}" for letter in "cd" for n in range(1, 9)]]
        )


def at_least(count: int, found: list[str]) -> bool:
    return len(found) >= count


async def left(connection: Connection) -> list[str]:
    rows = await (await connection.execute("select stream from timer_v1 order by due_at")).fetchall()
    return [stream for (stream,) in rows]


async def rung(connection: Connection) -> list[str]:
    return [row.stream for row in (await read_page(connection, 0, 10_000, ["Rung"])).rows]
