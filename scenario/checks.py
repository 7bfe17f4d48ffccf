"""What is always true, whatever happened on the way: asked of the databases and topics themselves, not of the services.

Every function answers what is wrong, in sentences; nothing when all is well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Table, select

from scenario.preparing import DESCRIBED
from scenario.system import System
from services.checkin.projections.member_visits import VISIT
from services.points.projections.balance import LOT, OWN
from services.points.projections.statement import LINE
from services.welfare.projections import reconciling
from services.welfare.projections.reconciliation import RECONCILIATION
from shared.contracts.registry import BY_TYPE, PLANNED
from shared.database import Database
from shared.log.codec import derived_id
from shared.log.read import Recorded
from shared.queries import Queries
from shared.testing.audit import answer_faults, log_faults, projection_faults, topic_faults, whole_log

FEIGNED = {f"/yizhan/{service}" for service in PLANNED}  # what these tell was made up by the player

ORG = "default"  # of every token that the day uses

Logs = Mapping[str, Sequence[Recorded]]


async def all_faults(system: System) -> list[str]:
    """Every check of every service. The services must be idle and their clock must stand."""
    live = {name: Database(url, name="checks", pool=2) for name, url in system.databases.items()}
    try:
        logs = {name: await whole_log(database) for name, database in live.items()}
        faults = [f"{name}: {fault}" for name in live for fault in await _of_one(system, name, live[name], logs[name])]
        visits = await _rows(live["checkin"], VISIT)
        lots, accounts, lines = [await _rows(live["points"], table) for table in (LOT, OWN, LINE)]
        faults += [*visit_faults(visits), *ledger_faults(lots, accounts, lines), *cause_faults(logs)]
        return faults + money_faults(await _reconciled(live["welfare"]))
    finally:
        for database in live.values():
            await database.close()


async def _of_one(system: System, name: str, live: Database, rows: list[Recorded]) -> list[str]:
    service = DESCRIBED[name]
    faults = await log_faults(live, rows) + await projection_faults(service, live)
    if system.infra.kind != "urls":  # given servers may keep what earlier runs have sent
        faults += await topic_faults(service, rows, system.infra.kafka)
    return faults + answer_faults(service, rows)


async def _rows(database: Database, table: Table) -> list[Mapping[str, Any]]:
    async with database.engine.connect() as db:
        return [dict(row._mapping) for row in await db.execute(select(table))]


def visit_faults(visits: Sequence[Mapping[str, Any]]) -> list[str]:
    """CK1: a member is in one place at a time."""
    faults = []
    by_member: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for visit in sorted(visits, key=lambda visit: visit["started_at"]):
        by_member[visit["member_id"]].append(visit)
    for member, own in by_member.items():
        if sum(visit["exit_kind"] is None for visit in own) > 1:
            faults.append(f"checkin: {member} has more than one open visit")
        if any(earlier["ends_at"] > later["started_at"] for earlier, later in pairwise(own)):
            faults.append(f"checkin: visits of {member} overlap")
    return faults


def ledger_faults(
    lots: Sequence[Mapping[str, Any]], accounts: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What moved in and out of an account is what lies in its lots less its debt, and no lot is overdrawn."""
    left: dict[str, int] = defaultdict(int)
    moved: dict[str, int] = defaultdict(int)
    for lot in lots:
        left[lot["member_id"]] += lot["remaining"]
    for account in accounts:
        left[account["member_id"]] -= account["debt"]
    for line in lines:
        moved[line["member_id"]] += line["points"]
    faults = [f"points: lot {lot['lot_id']} holds {lot['remaining']}" for lot in lots if lot["remaining"] < 0]
    for member in sorted(left.keys() | moved.keys()):
        if left[member] != moved[member]:
            faults.append(f"points: {member} has {left[member]} by lots and debt, {moved[member]} by the statement")
    return faults


async def _reconciled(database: Database) -> Mapping[str, Any]:
    async with Queries("welfare", database).view(RECONCILIATION) as view:
        return await reconciling.of(view, ORG)


def money_faults(sums: Mapping[str, Any]) -> list[str]:
    """WF1 and WF8, fen by fen: committed + consumed + available = allocated, what is promised is what vouchers and
    allowances hold, each redemption is in exactly one settlement, and what was paid is what settled lines consumed.
    """
    faults = [
        f"welfare: {one['what']} of {one['of']}: {one['found_fen']} fen instead of {one['expected_fen']}"
        for one in sums["differences"]
    ]
    if sums["available_fen"] < 0:
        faults.append(f"welfare: {-sums['available_fen']} fen were given that nobody had allocated")
    if sums["vouchers_fen"] + sums["allowances_fen"] != sums["committed_fen"]:
        faults.append(f"welfare: {sums['committed_fen']} fen are committed, and not by vouchers and allowances alone")
    return faults


def cause_faults(logs: Logs) -> list[str]:
    """Every effect has its cause in the same correlation: in its own log, or in that of the service which told it."""
    ours = [row for rows in logs.values() for row in rows if not row.origin]
    published = {_public_id(row, type_name): row for row in ours for type_name in BY_TYPE}
    return [f"{name}: {fault}" for name, rows in logs.items() for fault in _without_cause(rows, published)]


def _without_cause(rows: Sequence[Recorded], published: Mapping[str, Recorded]) -> Iterator[str]:
    own = {row.event_id: row.context().correlation_id for row in rows}
    for row in rows:
        context = row.context()
        if row.origin in FEIGNED:
            continue
        if row.origin.startswith("/yizhan/"):
            told = published.get(row.event_id)
            if told is None or told.context().correlation_id != context.correlation_id:
                yield f"nobody published what was told at {row.position} ({row.type}) in its correlation"
        elif not row.origin and context.causation_id and own.get(context.causation_id) != context.correlation_id:
            yield f"{row.type} at {row.position} has no cause in its correlation"


def _public_id(row: Recorded, type_name: str) -> str:
    return derived_id("public", row.event_id, type_name.rpartition(".")[0])
