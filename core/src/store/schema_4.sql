-- How often all of a download came and did not match its name.
alter table download add column spoilt integer not null default 0;
