"""The operator's side of rebuilding: what is live, what is built, and asking for the live rows to be made anew.

Works on any connection in autocommit, in any process: the asking is written down, and the projection's owner is woken.
What it then does is in building.py.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from shared.database import Connection
from shared.errors import NotFound
from shared.waking import tell

State: TypeAlias = Literal["live", "building", "failed"]


class ProjectionState(NamedTuple):
    """One projection: the version that is live and how far it is, and the build beside it, if there is one."""

    name: str
    version: int
    position: int
    head: int
    owner: str | None  # the database session whose process follows the log for it; None when nobody does
    state: State
    built: int  # how far the build is, or was when it failed; 0 when there is none
    error: str | None


# A new version's build is a subscription of its own, the live one's anew is not: its position is with its rows.
LISTED = """select p.name, coalesce(p.live, p.building, 0), coalesce(s.position, 0), h.position, a.owner,
    case when p.building is null then 'live' when p.error is null then 'building' else 'failed' end,
    case when p.building is null then 0 when p.building = p.live then p.built else coalesce(n.position, 0) end, p.error
  from projection p cross join log_head h
    left join subscription s on s.name = p.name and s.version = p.live
    left join subscription n on n.name = p.name and n.version = p.building
    left join (select pid || '@' || backend_start as owner from pg_stat_activity) a
      on a.owner = coalesce(s.owner, n.owner)
  order by p.name"""

# Asking again while it is built changes nothing: the build ends with rows that are right, whenever they were asked for.
ASK = """update projection set building = live, built = 0, builder = null, error = null, started_at = clock_timestamp()
  where name = %s and live is not null and (building is distinct from live or error is not null)"""
NAMES = "select name from projection order by name"


async def listed(connection: Connection) -> list[ProjectionState]:
    """Every projection of this database, as it is now."""
    rows = await (await connection.execute(LISTED)).fetchall()
    return [ProjectionState._make(row) for row in rows]


async def ask_rebuild(connection: Connection, name: str) -> None:
    """Have the rows of the live version made anew by its owner, beside the live ones. Raises `NotFound`."""
    known = [found for (found,) in await (await connection.execute(NAMES)).fetchall()]
    if name not in known:
        raise NotFound(f"no projection is called {name}, there are: {', '.join(known) or 'none'}", field="name")
    await connection.execute(ASK, (name,))
    await tell(connection)
