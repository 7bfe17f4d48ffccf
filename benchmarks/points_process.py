"""points with one more read table, as a process of its own: which visits of checkin can be seen here.

Start: `python -m benchmarks.points_process --role worker`.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Column, Text

from services.points.main import SERVICE
from shared.contracts.checkin import VisitStarted
from shared.log.read import Recorded
from shared.projecting import Projection, Put, RowChange
from shared.service import run

SEEN = Projection("seen", 1)
VISIT = SEEN.table("seen_visit", Column("visit_id", Text, primary_key=True), Column("member_id", Text, nullable=False))


@SEEN.on(VisitStarted)
def visit_started(event: VisitStarted, row: Recorded) -> list[RowChange]:
    return [Put(VISIT, {"visit_id": event.visit_id, "member_id": event.member_id})]


# Told by PostgreSQL itself at the moment of the commit, which is when others can see the row.
TELL = """create function tell() returns trigger language plpgsql as $$
  begin perform pg_notify('seen', new.visit_id); return null; end $$;
create trigger tell after insert on seen_visit_v1 for each row execute function tell()"""

POINTS = replace(SERVICE, projections=(*SERVICE.projections, SEEN))

if __name__ == "__main__":
    run(POINTS)
