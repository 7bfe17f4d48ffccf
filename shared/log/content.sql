-- Content: second version. One key for each subject, the wrapping key that it is under, and what was erased.

create unique index content_key_of_subject on content_key (subject);
alter table content_key add column wrapped_by text not null default '';  -- which wrapping key; '' where none says
create index content_key_wrapped_by on content_key (wrapped_by);

alter table content add column media_type text not null default '';  -- '' for what the kernel itself keeps
alter table content add column author text not null default '';      -- who posted it, by pseudonym
create index content_of_subject on content (subject);

-- References of erased content: they say that it is gone, and that it must not come back under a repeated key.
create table content_erased (ref text primary key, erased_at timestamptz not null);
