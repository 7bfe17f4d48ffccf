"""Which record an operator means: one that waits, or one of which it can be said what became of it."""

from __future__ import annotations

from shared.cli.saying import NothingFound
from shared.database import Connection
from shared.errors import NotFound
from shared.quarantine import SHORTEST, SetAside, find, listed

# What only waited in vain has no place: an empty one is then nobody's.
SETTLED = """select s.data->>'ref', s.data->>'outcome', s.meta->'actor'->>'id', s.recorded_at
  from event s join event n on n.category = s.category and n.origin = s.origin and n.data->>'ref' = s.data->>'ref',
    concat_ws('/', n.data->>'topic', n.data->>'partition', n.data->>'offset') place
  where s.category = 'quarantine' and s.origin = '' and s.type = 'RecordSettled' and n.type = 'RecordQuarantined'
    and (%(name)s in (s.data->>'ref', nullif(place, ''))
      or length(%(name)s) >= %(shortest)s and s.data->>'ref' ^@ %(name)s)
  order by s.position desc limit 1"""


async def waiting(connection: Connection, service: str, name: str) -> SetAside:
    """The record of this reference, of the beginning of one, or of this place. Says so when it was settled before."""
    try:
        return find(await listed(connection), name)
    except NotFound as error:
        await _settled(connection, name)
        enough = "" if len(name) >= SHORTEST else f" Of a reference, give {SHORTEST} letters or more."
        remedy = f"See what waits: yizhan quarantine list {service}.{enough}"
        why = str(error)
        raise NothingFound(f"{why[:1].upper()}{why[1:]}.", remedy, field="ID") from error


async def _settled(connection: Connection, name: str) -> None:
    row = await (await connection.execute(SETTLED, {"name": name, "shortest": SHORTEST})).fetchone()
    if row is not None:
        ref, outcome, actor, at = row
        became = "found to be a duplicate" if outcome == "duplicate" else outcome
        why = f"{ref} was {became} before, by {actor}, at {at:%Y-%m-%d %H:%M:%S}."
        raise NothingFound(why, f"Nothing is left to do; see it with: yizhan explain {ref}", field="ID")
