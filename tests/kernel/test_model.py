"""The kernel beside a plain model of it: whatever happens, in whatever order, both say the same.

Two processes on one log are given commands, the same ones again, other ones under used ids; they are killed with
commands in flight; the clock is moved and deadlines come due; the rule of a read table has a bug for a while, so that
events are parked, replayed and dropped; rows are spoilt and rebuilt; content is kept and erased. The model is a few
dictionaries and knows nothing of how it is done.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from shared.content import ContentErased, Vault
from shared.database import Connection, Database
from shared.decider import Command
from shared.erasing import Eraser
from shared.errors import IdempotencyKeyReused, Unavailable
from shared.log.read import Recorded, read_page
from shared.log.verify import verify
from shared.outcomes import Answer
from shared.parked import ask_replay, drop, dropped, listed
from shared.projecting import Projection, RowChange
from shared.rebuilding import ProjectionState, ask_rebuild
from shared.rebuilding import listed as rebuilt
from shared.testing.infrastructure import Databases
from shared.testing.logged import ErrorLog
from shared.testing.waiting import eventually
from tests.kernel.conftest import install_counter
from tests.kernel.counter import COUNTS, Add, Added, Forget, Look, Note, Remind, Take, Transfer, added
from tests.kernel.counting import FixedClock, Process, context, counts

T = TypeVar("T")
NAMES = ("one", "two")
PATIENCE = 30.0  # seconds until both must agree

POISON = 4  # an amount that cannot be counted while the rule has its bug

counters = st.sampled_from("abc")
amounts = st.integers(0, 5)
either = st.integers(0, 1)
bells = st.sampled_from(["bell", "silent"])
commands = st.one_of(
    st.builds(Add, counters, amounts),
    st.builds(Take, counters, amounts, st.booleans()),
    st.builds(Transfer, counters, counters, amounts),
    st.builds(Note, counters, st.text(max_size=5)),
    st.builds(Look, counters),
    st.builds(Remind, counters, bells, st.integers(1, 90).map(lambda minutes: timedelta(minutes=minutes))),
    st.builds(Forget, counters, bells),
)


@dataclass
class Model:
    """What the counters, their timers and every command's outcome should be."""

    totals: dict[str, int] = field(default_factory=dict)
    timers: dict[tuple[str, str], datetime] = field(default_factory=dict)
    rung: list[datetime] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    content: dict[str, tuple[str, bytes | None]] = field(default_factory=dict)  # by reference: whose, and what is left

    def decide(self, command: Any) -> str:
        match command:
            case Add(counter=counter, amount=amount):
                self._add(counter, amount)
            case Take(counter=counter, amount=amount) if amount > self.totals.get(counter, 0):
                return "NOT_ENOUGH"
            case Take(counter=counter, amount=amount):
                self._add(counter, -amount)
            case Transfer(source=source, amount=amount) if amount > self.totals.get(source, 0):
                return "NOT_ENOUGH"
            case Transfer(source=source, target=target, amount=amount):
                self._add(source, -amount)
                self._add(target, amount)
            case Remind(counter=counter, name=name, due_at=due_at):
                self.timers[counter, name] = due_at
            case Forget(counter=counter, name=name):
                self.timers.pop((counter, name), None)
            case Look():
                return "unchanged"
        return "accepted"

    def pass_time(self, now: datetime) -> None:
        for (counter, name), due_at in sorted(self.timers.items(), key=lambda timer: timer[1]):
            if due_at <= now:
                del self.timers[counter, name]
                if name == "bell":
                    self.rung.append(due_at)

    def _add(self, counter: str, amount: int) -> None:
        self.totals[counter] = self.totals.get(counter, 0) + amount


class Bug:
    """The read table's rule, which both processes share, with a bug or without."""

    def __init__(self) -> None:
        self.there = False
        self.projection = Projection(COUNTS.name, COUNTS.version, {"Added": self._added}, COUNTS.metadata)

    def _added(self, event: Added, row: Recorded) -> list[RowChange]:
        if self.there and event.amount == POISON:
            raise ValueError(f"{event.amount} cannot be counted")
        return list(added(event, row))


class Kernel(RuleBasedStateMachine):
    """The real one, and the model."""

    def __init__(self, databases: Databases) -> None:
        super().__init__()
        self.model, self.clock, self.bug = Model(), FixedClock(), Bug()
        self.vault = Vault(base64.b64encode(bytes(32)).decode())
        self.given: list[tuple[str, Command]] = []
        self.url = databases.fresh("counter", install_counter)
        self.runner = asyncio.Runner()
        self.looks: Connection = self.run(Database(self.url, name="looks").connect("on"))
        self.processes = [self.run(self._started(name)) for name in NAMES]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    # --- what happens -----------------------------------------------------------------------------------------------

    @rule(which=either, some=st.lists(commands, min_size=1, max_size=6))
    def give(self, which: int, some: list[Command]) -> None:
        self.run(self._give(which, self._named(some)))

    @precondition(lambda self: self.given)
    @rule(which=either, data=st.data())
    def give_again(self, which: int, data: st.DataObject) -> None:
        self.run(self._give(which, [data.draw(st.sampled_from(self.given))]))

    @precondition(lambda self: self.given)
    @rule(which=either, data=st.data())
    def give_another_under_a_used_id(self, which: int, data: st.DataObject) -> None:
        identity, command = data.draw(st.sampled_from(self.given))
        with pytest.raises(IdempotencyKeyReused):
            self.run(self.processes[which].give(command, identity, body_hash=b"another"))

    @rule(which=either, some=st.lists(commands, max_size=6), ticks=st.integers(0, 12), after=st.integers(0, 1))
    def kill(self, which: int, some: list[Command], ticks: int, after: int) -> None:
        """With these in flight; then they are given again, to either process."""
        named = self._named(some)
        self.run(self._kill(which, named, ticks))
        self.run(self._give(after, named))

    @rule(minutes=st.integers(1, 120))
    def let_time_pass(self, minutes: int) -> None:
        self.run(self._agree())  # so that no timer is set or cleared at the very moment at which it comes due
        self.clock.moment += timedelta(minutes=minutes)
        self.model.pass_time(self.clock.moment)
        self.run(self._agree())

    @rule()
    def break_the_rule(self) -> None:
        self.bug.there = True

    @rule()
    def mend_the_rule_and_replay(self) -> None:
        self.bug.there = False
        self.run(self._replay())

    @rule(data=st.data())
    def drop_what_is_parked(self, data: st.DataObject) -> None:
        self.run(self._caught_up())
        if parked := self.run(listed(self.looks)):
            row = data.draw(st.sampled_from(parked))
            self.run(drop(self.looks, row.subscription, row.position, "operator", "tried"))

    @precondition(lambda self: not self.bug.there)
    @rule()
    def spoil_the_rows_and_rebuild(self) -> None:
        """What was parked is in the new rows; what was dropped is not."""
        self.run(self._rebuild())

    @rule(whose=counters, content=st.binary(max_size=20))
    def keep_content(self, whose: str, content: bytes) -> None:
        ref = f"ref-{len(self.model.content)}"
        self.run(self.vault.store(self.looks, ref, whose, content))
        self.model.content[ref] = whose, content

    @rule(which=either, whose=counters)
    def erase(self, which: int, whose: str) -> None:
        process, identity = self.processes[which], f"erase-{len(self.given)}-{len(self.model.content)}-{whose}"
        eraser = Eraser(process.database, self.clock, process.signal)
        self.run(eraser.erase(whose, "asked", context(identity), b""))
        for ref, (owner, _) in self.model.content.items():
            if owner == whose:
                self.model.content[ref] = whose, None

    # --- how --------------------------------------------------------------------------------------------------------

    def _named(self, some: list[Command]) -> list[tuple[str, Command]]:
        """With an id each, and deadlines that lie ahead."""
        named: list[tuple[str, Command]] = []
        for command in some:
            if isinstance(command, Remind):
                due_at: Any = self.clock.moment + command.due_at  # type: ignore[operator]  # drawn as how long from now
                command = Remind(command.counter, command.name, due_at)
            named.append((f"c{len(self.given) + len(named)}", command))
        self.given += named
        return named

    async def _started(self, name: str) -> Process:
        process = await Process(self.url, name, self.clock).__aenter__()
        process.start(process.projecting(self.bug.projection).run())
        process.start(process.rebuilding(self.bug.projection).run())
        process.start(process.timing().run())
        return process

    async def _give(self, which: int, named: list[tuple[str, Command]]) -> None:
        process = self.processes[which]
        answers = await asyncio.gather(*[process.give(command, identity) for identity, command in named])
        for (identity, command), answer in zip(named, answers, strict=True):
            if identity not in self.model.outcomes:
                self.model.outcomes[identity] = self.model.decide(command)
            assert _outcome(answer) == self.model.outcomes[identity], f"{identity}: {command}"

    async def _kill(self, which: int, named: list[tuple[str, Command]], ticks: int) -> None:
        """PostgreSQL sees its connections break, wherever they are; nothing is said in farewell."""
        process = self.processes[which]
        flying = [asyncio.create_task(process.give(command, identity)) for identity, command in named]
        for _ in range(ticks):
            await asyncio.sleep(0)
        ends = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like %s"
        await self.looks.execute(ends, (f"{NAMES[which]}%",))
        await process.__aexit__()
        for outcome in await asyncio.gather(*flying, return_exceptions=True):
            assert isinstance(outcome, Answer | Unavailable), repr(outcome)
        self.processes[which] = await self._started(NAMES[which])

    async def _replay(self) -> None:
        await self._caught_up()
        await ask_replay(self.looks, COUNTS.name)
        await eventually(lambda: listed(self.looks), PATIENCE, until=[].__eq__)

    async def _rebuild(self) -> None:
        await self._caught_up()
        await self.looks.execute("update count_v1 set total = total + 100")
        await ask_rebuild(self.looks, COUNTS.name)
        await eventually(lambda: rebuilt(self.looks), PATIENCE, until=self._is_live)
        assert await listed(self.looks) == []
        await self._agree()

    @staticmethod
    def _is_live(states: list[ProjectionState]) -> bool:
        return any(state.name == COUNTS.name and state.state == "live" for state in states)

    async def _caught_up(self) -> None:
        behind = "select from subscription s, log_head h where s.name = %s and s.position = h.position"
        await eventually(lambda: self._any(behind, COUNTS.name), PATIENCE)

    async def _any(self, query: LiteralString, *values: object) -> bool:
        return await (await self.looks.execute(query, values)).fetchone() is not None

    async def _agree(self) -> None:
        """The log has what the model has, and the read table what the log has, but for what is set aside or dropped."""
        assert await self._counted_without(set()) == self.model.totals
        await self._caught_up()
        aside = {row.position for row in await listed(self.looks)} | await dropped(self.looks, COUNTS.name)
        assert await counts(self.looks) == await self._counted_without(aside)
        await eventually(self._timers, PATIENCE, until=self.model.timers.__eq__)
        rows = (await read_page(self.looks, 0, 20_000, ["Rung"])).rows
        assert sorted(row.occurred_at for row in rows) == sorted(self.model.rung)

    async def _counted_without(self, positions: set[int]) -> dict[str, int]:
        query = """select substr(stream, 9), sum((data->>'amount')::int)::int from event
          where type = 'Added' and position <> all (%s) group by 1"""
        return dict(await (await self.looks.execute(query, (list(positions),))).fetchall())

    async def _content(self) -> None:
        for ref, (_, content) in self.model.content.items():
            if content is None:
                with pytest.raises(ContentErased):
                    await self.vault.fetch(self.looks, ref)
            else:
                assert await self.vault.fetch(self.looks, ref) == content

    async def _timers(self) -> dict[tuple[str, str], datetime]:
        rows = await (await self.looks.execute("select stream, name, due_at from timer_v1")).fetchall()
        return {(stream.removeprefix("counter-"), name): due_at for stream, name, due_at in rows}

    def teardown(self) -> None:
        try:
            self.bug.there = False
            self.run(self._replay())
            self.run(self._agree())
            self.run(self._content())
            assert self.run(verify(self.looks)).fault is None
            self.run(self._every_event_once())
        finally:
            self.run(self._close())
            self.runner.close()

    async def _every_event_once(self) -> None:
        query = "select stream, array_agg(version order by position) from event where version is not null group by 1"
        for stream, versions in await (await self.looks.execute(query)).fetchall():
            assert versions == list(range(1, len(versions) + 1)), stream

    async def _close(self) -> None:
        for process in self.processes:
            await process.__aexit__()
        await self.looks.close()


def _outcome(answer: Answer) -> str:
    return answer.refusal.code if answer.refusal else answer.result.outcome


QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def on(databases: Databases) -> type[Kernel]:
    class Here(Kernel):
        def __init__(self) -> None:
            super().__init__(databases)

    return Here


@pytest.mark.timeout(240)
def test_the_kernel_does_what_its_model_does(databases: Databases, logged_errors: ErrorLog) -> None:
    logged_errors.expect("event_parked")
    run_state_machine_as_test(on(databases), settings=settings(QUIET, max_examples=8, stateful_step_count=20))


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_the_kernel_does_what_its_model_does_for_long(databases: Databases, logged_errors: ErrorLog) -> None:
    logged_errors.expect("event_parked")
    run_state_machine_as_test(on(databases), settings=settings(QUIET, max_examples=60, stateful_step_count=40))
