-- How often a download turned out not to be what it was called: other bytes, or no small picture.
alter table download add column spoilt integer not null default 0;

-- Only a small picture is expected, so that nobody's film comes by itself.
alter table download add column is_small integer not null default 0;
