-- What a person has looked at of what was said to her: known to her own devices alone.
create table read_entry (
    person integer not null references person (row),
    piece blob not null references piece (id),
    entry blob not null,
    primary key (person, piece, entry)
) strict, without rowid;
