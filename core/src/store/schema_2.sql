-- Calls that were made under a name of their own: one that is repeated, since its answer was lost, changes nothing.
create table call (
    row integer primary key,
    id blob not null unique,
    answer text
) strict;

-- Sheets whose reading stopped this program. They are not opened again.
create table distrusted (
    document blob primary key
) strict, without rowid;
