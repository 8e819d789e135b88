-- Pieces that were erased. Nothing of them is taken any more, by whomever it is brought.
create table erased (
    piece blob primary key,
    n integer not null references log (n),
    reason text not null
) strict, without rowid;

-- What came after its author's role had ended: kept, and not delivered until a teacher says so.
create table held (
    row integer primary key,
    document blob not null,               -- 49 bytes: there may be nothing of it in the log
    piece blob not null,
    author integer not null references person (row),
    class integer not null,
    hash blob not null,
    heads blob not null,                  -- of the document with everything that is held of it
    at integer not null,                  -- milliseconds
    bytes integer not null,
    item blob not null,                   -- the signed change, CBOR
    unique (document, hash)
) strict;
create index held_by_author on held (author);
create index held_by_piece on held (piece);

-- Each time that this log had to go back: up to which number it agrees with the one that was lost.
create table fork (
    epoch integer primary key,
    at_n integer not null
) strict;

-- Devices that were revoked in a log that was lost, and that this one does not know.
create table barred (
    device blob primary key,
    lost_n integer not null
) strict, without rowid;

-- The number of a device's revocation in a log that was lost.
alter table device add column lost_n integer;
-- The same of the end of a part.
alter table circle add column lost_n integer;

-- A sheet that nobody wrote on for long, saved in one: its changes' bytes are then left empty, and made from this.
create table snapshot (
    document integer primary key references document (row),
    body blob not null
) strict;

-- With this the relay marks the cursors it gives out.
insert into meta (key, value) values ('cursor key', randomblob(32));
