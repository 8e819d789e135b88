-- Records that a newer version wrote, or wrote something in, as they came.
create table newer (
    row integer primary key,
    kind integer not null,
    id blob not null,
    body blob not null,
    unique (kind, id, body)
) strict;

-- What the relay told is told again in today's form.
delete from record where kind = 8;
delete from meta where key = 'cursor';

-- A record that was made here, before the relay told of it.
alter table record add column is_local integer not null default 0;
