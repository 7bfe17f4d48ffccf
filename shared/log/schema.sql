-- The log of one service: first version. An append-only log keeps its shape for ever, so later versions only add.

create table event (
  position       bigint      primary key,           -- dense, in commit order: no gap, ever
  event_id       text        not null,              -- own: uuid5(command id, index); received: the CloudEvents id
  origin         text        not null,              -- '' for own events, else the CloudEvents source
  category       text        not null,              -- own: the aggregate; received: the topic
  stream         text        not null,              -- own: category-entity; received: topic/key
  version        integer,                           -- own aggregates: 1, 2, 3 ...; null where no decider owns the stream
  type           text        not null,
  schema_version smallint    not null,
  data           json        not null,              -- canonical JSON (RFC 8785); json keeps its bytes, jsonb would not
  meta           json        not null,              -- actor, org, command, correlation, causation, traceparent
  occurred_at    timestamptz not null,
  recorded_at    timestamptz not null,
  chain          bytea       not null,              -- sha256(previous chain || digest of this row): see chain.py
  constraint event_id_once unique (origin, event_id),
  constraint event_own_version check (version is null or (origin = '' and version > 0))
);
create unique index event_version_once on event (stream, version) where version is not null;
create index event_set_aside on event (position) where category = 'quarantine';  -- few rows, so that they are listed at once

create table log_head (
  id       integer primary key check (id = 1),
  epoch    integer not null,                        -- raised after a restore, so that old position tokens are known as old
  position bigint  not null,
  chain    bytea   not null
);
insert into log_head values (1, 1, 0, sha256('yizhan'));

create table stream_head (stream text primary key, version integer not null) with (fillfactor = 50);

-- A cache: states of long streams, by the code that made them.
create table snapshot (
  stream  text    not null,
  code    text    not null,
  version integer not null,
  state   bytea   not null,
  primary key (stream, code)
);

create table command (
  command_id text        primary key,
  body_hash  bytea       not null,
  result     json        not null,
  position   bigint      not null,                  -- of its last event; of the head, if it has none
  created_at timestamptz not null
);

create table subscription (
  name        text    not null,
  version     integer not null,
  position    bigint  not null,
  owner       text,
  epoch       bigint  not null default 0,           -- raised with each new owner: what an old owner does is undone
  lease_until timestamptz,
  in_a_row    integer not null default 0,           -- streams that were parked since anything succeeded
  primary key (name, version)
);

-- Events that a subscription could not handle, and what came behind them in their streams: see parking.py.
create table parked (
  subscription text        not null,
  version      integer     not null,
  position     bigint      not null,
  event_id     text        not null,
  origin       text        not null,
  stream       text        not null,                -- the key: its events are handled in order, or wait in order
  type         text        not null,
  error        text        not null,                -- type and message of what went wrong, never content
  parked_at    timestamptz not null,
  tries        integer     not null,                -- 0: it only waits behind another one
  wanted       text        check (wanted = 'replay'),
  primary key (subscription, version, position),
  foreign key (subscription, version) references subscription on delete cascade
);
create index parked_stream on parked (subscription, version, stream, position);
create index parked_wanted on parked (subscription, version, position) where wanted is not null;

-- Moves a subscription, for its owner only: what a former one does in the same transaction is undone with it.
create function move_subscription(p_name text, p_version int, p_old bigint, p_new bigint, p_epoch bigint, p_lease float8)
returns void language plpgsql as $$
begin
  update subscription set position = p_new, lease_until = clock_timestamp() + make_interval(secs => p_lease)
    where name = p_name and version = p_version and position = p_old and epoch = p_epoch;
  if not found then
    raise exception '% has another owner', p_name using errcode = 'YZ001';
  end if;
end $$;

-- A move that parks. An event without an error waits behind what is parked of its stream; if a drop has just removed
-- the last of that, nothing is done at all, as the event may be handled now. The move comes first: its lock makes the
-- rest see what was dropped or asked for before.
create function move_and_park(
  p_name text, p_version int, p_old bigint, p_new bigint, p_epoch bigint, p_lease float8,
  p_positions bigint[], p_errors text[], p_in_a_row int
) returns void language plpgsql as $$
begin
  perform move_subscription(p_name, p_version, p_old, p_new, p_epoch, p_lease);
  update subscription set in_a_row = p_in_a_row where name = p_name and version = p_version;
  if exists (
    select from unnest(p_positions, p_errors) as u(position, error) join event e using (position)
      where u.error is null and not exists (
        select from parked k where k.subscription = p_name and k.version = p_version and k.stream = e.stream)) then
    raise exception 'what is parked of % has changed', p_name using errcode = 'YZ002';
  end if;
  insert into parked
    select p_name, p_version, position, e.event_id, e.origin, e.stream, e.type,
           coalesce(u.error, 'waits behind another event of its stream'), clock_timestamp(), (u.error is not null)::int,
           (select wanted from parked k where k.subscription = p_name and k.version = p_version and k.stream = e.stream
              order by k.position desc limit 1)  -- what queues behind a replay is part of it
      from unnest(p_positions, p_errors) as u(position, error) join event e using (position)
    on conflict do nothing;
end $$;

-- In place of a move when what is parked was handled: for the owner only, and only if none of it was dropped meanwhile.
create function unpark(p_name text, p_version int, p_epoch bigint, p_lease float8, p_positions bigint[])
returns void language plpgsql as $$
declare
  gone int;
begin
  update subscription set in_a_row = 0, lease_until = clock_timestamp() + make_interval(secs => p_lease)
    where name = p_name and version = p_version and epoch = p_epoch;
  if not found then
    raise exception '% has another owner', p_name using errcode = 'YZ001';
  end if;
  delete from parked where subscription = p_name and version = p_version and position = any (p_positions);
  get diagnostics gone = row_count;
  if gone <> cardinality(p_positions) then
    raise exception 'what is parked of % has changed', p_name using errcode = 'YZ002';
  end if;
end $$;

-- A replay that failed at this row is over for its stream, unless it was asked for anew meanwhile: then the row has
-- another `xmin` than when it was read.
create function replay_failed(p_name text, p_version int, p_epoch bigint, p_position bigint, p_seen text, p_error text)
returns void language plpgsql as $$
begin
  perform from subscription where name = p_name and version = p_version and epoch = p_epoch for no key update;
  if not found then
    raise exception '% has another owner', p_name using errcode = 'YZ001';
  end if;
  update parked k set wanted = null from parked f
    where f.subscription = p_name and f.version = p_version and f.position = p_position and f.xmin::text = p_seen
      and k.subscription = p_name and k.version = p_version and k.stream = f.stream;
  update parked set tries = tries + 1, error = p_error
    where subscription = p_name and version = p_version and position = p_position;
end $$;

-- What is shown of each projection, and what is built beside it: see versions.py and rebuilding.py. A new version stands in
-- tables of its own, and its subscription says how far it is; the live version anew stands in the schema `rebuild`.
create table projection (
  name       text    primary key,
  live       integer,                               -- the version that answers come from; null until the first is up to date
  building   integer,                               -- the version that is built, or that could not be
  built      bigint  not null default 0,            -- of the live version anew: how far its rows in `rebuild` are
  builder    bigint,                                -- the epoch of the owner that builds it; null until one has begun
  dropped    integer,                               -- positions left out of it; when there are more, it begins anew
  started_at timestamptz,
  error      text                                   -- why it could not be built
);
create table projection_version (                   -- so that a release that does not know a version any more can drop it
  name    text    not null,
  version integer not null,
  tables  text[]  not null,
  primary key (name, version)
);
create schema rebuild;

create table consumer_offset (
  topic       text    not null,
  part        integer not null,
  next_offset bigint  not null,
  epoch       integer not null default 1,           -- raised when the topic was made anew below our offset
  primary key (topic, part)
);

create function event_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the log is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger event_is_append_only before update or delete or truncate on event
  for each statement execute function event_is_append_only();

-- Microseconds since 1970, as whole numbers: what the digest of a row holds, whatever the session's time zone.
create function from_micros(micros bigint) returns timestamptz language sql immutable parallel safe
  return timestamptz 'epoch' + micros * interval '1 microsecond';

-- Adds rows to the log at dense positions and extends the chain. The caller holds the log_head row; nobody else calls this.
-- Digests come from the client (see chain.py): computed here they would take a third of the time under the lock.
create function log_rows(
  e_id text[], e_origin text[], e_category text[], e_stream text[], e_version int[], e_type text[], e_schema smallint[],
  e_data text[], e_meta text[], e_occurred bigint[], e_digest bytea[], p_recorded bigint, p_position bigint, p_chain bytea
) returns bytea language plpgsql as $$
declare
  chains bytea[] := array[]::bytea[];
  link   bytea := p_chain;
  digest bytea;
begin
  foreach digest in array e_digest loop
    link := sha256(link || digest);
    chains := chains || link;
  end loop;
  insert into event (position, event_id, origin, category, stream, version, type, schema_version, data, meta, occurred_at, recorded_at, chain)
    select p_position + n, i, o, c, s, v, t, sv, d::json, m::json, from_micros(oc), from_micros(p_recorded), ch
      from unnest(e_id, e_origin, e_category, e_stream, e_version, e_type, e_schema, e_data, e_meta, e_occurred, chains)
        with ordinality as u(i, o, c, s, v, t, sv, d, m, oc, ch, n);
  update log_head set position = p_position + cardinality(e_id), chain = link where id = 1;
  return link;
end $$;

-- The append. One autocommit statement under READ COMMITTED; VOLATILE, so that each statement inside sees what was
-- committed before the lock was had. Answers the position before the append, or what forbids it, in which case
-- nothing is written: commands that are known already, or streams that have moved since they were read.
create function append(
  c_id text[], c_hash bytea[], c_result text[], c_events int[],
  s_name text[], s_expected int[], s_added int[],
  e_id text[], e_category text[], e_stream text[], e_version int[], e_type text[], e_schema smallint[],
  e_data text[], e_meta text[], e_occurred bigint[], e_digest bytea[], p_recorded bigint,
  out base bigint, out known text[], out stale text[]
) language plpgsql volatile as $$
declare
  link bytea;
begin
  select position, chain into base, link from log_head where id = 1 for update;
  select array_agg(command_id) into known from command where command_id = any (c_id);
  select array_agg(u.name) into stale
    from unnest(s_name, s_expected) as u(name, expected)  -- looked up one by one: a join may walk through all heads
    where coalesce((select version from stream_head h where h.stream = u.name), 0) <> u.expected;
  if known is not null or stale is not null then
    return;
  end if;
  if cardinality(e_id) > 0 then
    perform log_rows(e_id, array_fill(''::text, array[cardinality(e_id)]), e_category, e_stream, e_version, e_type, e_schema,
                     e_data, e_meta, e_occurred, e_digest, p_recorded, base, link);
    insert into stream_head as h
      select name, expected + added from unnest(s_name, s_expected, s_added) as u(name, expected, added) where added > 0
      on conflict (stream) do update set version = excluded.version;
  end if;
  insert into command (command_id, body_hash, result, position, created_at)
    select i, h, r::json, base + sum(n) over (order by ord), from_micros(p_recorded)
      from unnest(c_id, c_hash, c_result, c_events) with ordinality as u(i, h, r, n, ord);
end $$;

-- One page, of any partitions: records whose offset was taken before are passed over, ids seen before are not stored
-- again, and the offsets move, all at once. The offset rows are locked first, in order: they fence a consumer that lost
-- its partition. `e_place` says which of the partitions, counted from 1, a row came by.
create function take_page(
  p_topic text[], p_part int[], p_next bigint[], e_place int[], e_offset bigint[],
  e_id text[], e_origin text[], e_category text[], e_stream text[], e_type text[], e_schema smallint[],
  e_data text[], e_meta text[], e_occurred bigint[], e_digest bytea[], p_recorded bigint,
  out base bigint, out fate text[]
) language plpgsql volatile as $$
declare
  reached bigint[];
  link    bytea;
  fresh   int[];
begin
  insert into consumer_offset (topic, part, next_offset)
    select t, p, 0 from unnest(p_topic, p_part) as u(t, p) order by t, p on conflict do nothing;
  with locked as (
    select topic, part, next_offset from consumer_offset
      where (topic, part) in (select * from unnest(p_topic, p_part)) order by topic, part for update)
  select array_agg(next_offset order by n) into reached
    from unnest(p_topic, p_part) with ordinality as u(t, p, n) join locked on topic = t and part = p;
  select position, chain into base, link from log_head where id = 1 for update;
  -- new: to be stored; duplicate: the same again; reused: the same id with other data; passed: another page took it
  select array_agg(case when u.at < reached[u.place] then 'passed'
                        when e.event_id is not null then case when e.type = u.t and e.data::text = u.d then 'duplicate' else 'reused' end
                        when u.nth > 1 then case when u.t = u.first_t and u.d = u.first_d then 'duplicate' else 'reused' end
                        else 'new' end order by u.n)
    into fate
    from (select r.*, row_number() over same as nth, first_value(t) over same as first_t, first_value(d) over same as first_d
            from unnest(e_place, e_offset, e_id, e_origin, e_type, e_data) with ordinality as r(place, at, i, o, t, d, n)
            window same as (partition by at < reached[place], o, i order by n)) as u
    left join event e on e.origin = u.o and e.event_id = u.i;
  select array_agg(n::int order by n) into fresh from unnest(fate) with ordinality as u(f, n) where f = 'new';
  if fresh is not null then
    perform log_rows(
      array_agg(i order by n), array_agg(o order by n), array_agg(c order by n), array_agg(s order by n),
      array_agg(null::int order by n), array_agg(t order by n), array_agg(sv order by n), array_agg(d order by n),
      array_agg(m order by n), array_agg(oc order by n), array_agg(di order by n), p_recorded, base, link)
      from unnest(e_id, e_origin, e_category, e_stream, e_type, e_schema, e_data, e_meta, e_occurred, e_digest, fate)
        with ordinality as u(i, o, c, s, t, sv, d, m, oc, di, f, n) where f = 'new';
  end if;
  update consumer_offset c set next_offset = u.next
    from unnest(p_topic, p_part, p_next) as u(t, p, next) where c.topic = u.t and c.part = u.p and c.next_offset < u.next;
end $$;
