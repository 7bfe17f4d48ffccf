-- Content, which can be erased: see content.py and erasing.py.

-- One key for each subject, itself encrypted under the wrapping key that `wrapped_by` names.
create table content_key (
  key_id     text  primary key,
  subject    text  not null,
  wrapped    bytea not null,
  wrapped_by text  not null default ''               -- '' where none says
);
create unique index content_key_of_subject on content_key (subject);
create index content_key_wrapped_by on content_key (wrapped_by);

create table content (
  ref        text        primary key,
  subject    text        not null,
  key_id     text        not null,
  nonce      bytea       not null,
  ciphertext bytea       not null,
  created_at timestamptz not null,
  media_type text        not null default '',       -- '' for what the kernel itself keeps
  author     text        not null default ''        -- who posted it, by pseudonym
);
create index content_of_subject on content (subject);

-- References of erased content: they say that it is gone, and that it must not come back under a repeated key.
create table content_erased (ref text primary key, erased_at timestamptz not null);
