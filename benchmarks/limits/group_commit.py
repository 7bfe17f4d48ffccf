"""The hand-written limit of the committer: commands that wait together are appended by one call, under one lock.

It checks versions, gives dense positions and extends a hash chain, as ours does. It knows no command ids, no rules,
no types of events, no bisecting, and trusts its one table.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec
import psycopg

SCHEMA = """
create table head (id int primary key, position bigint not null, chain bytea not null);
insert into head values (1, 0, '');
create table version (stream text primary key, version int not null) with (fillfactor = 50);
create table event (position bigint primary key, stream text not null, version int not null, type text not null,
  data json not null, meta json not null, recorded_at timestamptz not null default clock_timestamp(),
  chain bytea not null, unique (stream, version));
create function push(names text[], reads int[], adds int[], streams text[], versions int[], datas text[], metas text[])
returns text[] language plpgsql as $$
declare
  stale text[]; at bigint; link bytea; links bytea[] := '{}';
begin
  select position, chain into at, link from head for update;
  select array_agg(n) into stale from unnest(names, reads) u(n, v) left join version on stream = n
    where coalesce(version, 0) <> v;
  if stale is not null then return stale; end if;
  for i in 1 .. cardinality(streams) loop
    link := sha256(link || convert_to(streams[i] || versions[i] || datas[i] || metas[i], 'UTF8'));
    links := links || link;
  end loop;
  insert into event (position, stream, version, type, data, meta, chain)
    select at + n, s, v, 'Scanned', d::json, m::json, l
      from unnest(streams, versions, datas, metas, links) with ordinality u(s, v, d, m, l, n);
  insert into version select n, v + a from unnest(names, reads, adds) u(n, v, a)
    on conflict (stream) do update set version = excluded.version;
  update head set position = at + cardinality(streams), chain = link;
  return '{}';
end $$;
"""
META = '{"correlation_id":"c","traceparent":"00-0-0-01"}'


class GroupCommit:
    """Decides and appends, one batch after the other."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._waiting: list[tuple[str, object, asyncio.Future[None]]] = []
        self._versions: dict[str, int] = {}
        self._wake = asyncio.Event()

    async def submit(self, stream: str, data: object) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((stream, data, future))
        self._wake.set()
        await future

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:1000], self._waiting[1000:]
                await self._commit(batch)

    async def _commit(self, batch: list[tuple[str, object, asyncio.Future[None]]]) -> None:
        names = list({stream for stream, _, _ in batch})
        await self._load([name for name in names if name not in self._versions])
        added: Counter[str] = Counter()
        rows: tuple[list[Any], ...] = ([], [], [], [])
        for stream, data, _ in batch:
            added[stream] += 1
            row = (stream, self._versions[stream] + added[stream], msgspec.json.encode(data).decode(), META)
            for column, value in zip(rows, row, strict=True):
                column.append(value)
        reads, adds = [self._versions[name] for name in names], [added[name] for name in names]
        statement = "select push(%b, %b::int[], %b::int[], %b, %b::int[], %b, %b)"
        cursor = await self._connection.execute(statement, (names, reads, adds, *rows))
        if stale := (await cursor.fetchall())[0][0]:
            raise RuntimeError(f"somebody else writes: {stale}")  # alone by construction
        self._versions.update({name: self._versions[name] + added[name] for name in names})
        for _, _, future in batch:
            future.set_result(None)

    async def _load(self, names: list[str]) -> None:
        if names:
            found = await self._connection.execute(
                "select stream, version from version where stream = any(%s)", (names,)
            )
            self._versions.update({**dict.fromkeys(names, 0), **dict(await found.fetchall())})
