-- Uploads can be held: 1 paused, 2 cancelled (the relay is told to let go of what it has).
alter table upload add column held integer not null default 0;

-- Downloads arrive in pieces.
alter table download add column got integer not null default 0;

-- When the bytes of a blob were last looked at: what was not seen for longest goes first when room is made.
create table seen (
    hash blob primary key,
    at integer not null
) strict, without rowid;

-- Stretches of an original that travel apart and are joined at the end: the platform's own uploader sends whole requests.
create table errand (
    hash blob not null,
    piece blob not null,
    start integer not null,               -- its first byte
    length integer not null,
    carried integer not null,             -- the platform has it
    url text,                             -- the stretch's address, once the relay has all of it
    primary key (hash, piece, start),
    foreign key (hash, piece) references upload (hash, piece) on delete cascade
) strict, without rowid;

-- Content reads more than it did: the index is worked out anew.
insert or replace into meta (key, value) values ('reindex', x'');
