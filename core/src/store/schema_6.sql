-- Records that a newer version wrote, or wrote something in, as they came.
create table newer (
    row integer primary key,
    kind integer not null,
    id blob not null,
    body blob not null,
    unique (kind, id, body)
) strict;

-- A record that was made here, before the relay told of it.
alter table record add column is_local integer not null default 0;
