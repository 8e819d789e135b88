-- What somebody said to this person, and she has looked at.
create table read_entry (
    entry blob primary key,
    piece blob not null,
    owed integer not null                 -- the school was not told yet: her other devices don't know
) strict, without rowid;
create index read_entry_owed on read_entry (owed) where owed = 1;
