"""The hand-written limit of a ledger's import: read a CSV, judge every row by the same rules, COPY what passes.

As a command of its own: `python -m benchmarks.limits.ledger_copy FILE DATABASE`. One process, one transaction, one
table with its key. It seals no account, keeps no history and no answer, and whoever breaks it off begins anew.
"""

from __future__ import annotations

import csv
import sys

import psycopg

from services.welfare.api.ledger_cells import lines
from services.welfare.domain.ledger_sorting import path_of

SCHEMA = """create table line (quarter text, firm_id text, path text not null, fen bigint not null,
  account text not null, status text not null, primary key (quarter, firm_id))"""
COPY = "copy line (quarter, firm_id, path, fen, account, status) from stdin"


def main(file: str, url: str, quarter: str = "2026Q1") -> int:
    """How many lines are in the table then."""
    with open(file, encoding="utf-8", newline="") as source, psycopg.connect(url) as connection:
        connection.execute(SCHEMA)
        rows = csv.reader(source)
        next(rows)
        read = lines([*rows], 1)
        taken: dict[str, int] = {}
        with connection.cursor().copy(COPY) as copy:
            for one in read.lines:
                path = path_of(one.union, one.own_account, one.yearly_fen)
                if path is None or one.fen <= 0 or one.firm_id in taken:
                    continue
                taken[one.firm_id] = one.fen
                status = "accepted" if one.account == "good" else "held"
                copy.write_row((quarter, one.firm_id, path, one.fen, read.accounts.get(one.row, ""), status))
    return len(taken)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
