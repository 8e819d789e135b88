-- The number that something had in a log that the relay has lost.
alter table change add column lost_n integer;
alter table act add column n integer;
alter table act add column lost_n integer;

-- The relay keeps a change back: its author's role had ended when it came.
alter table change add column held integer not null default 0;

-- Pieces that were erased: nothing of them is taken in any more.
create table erased (
    piece blob primary key
) strict, without rowid;
