-- Pieces that are offered to a folio and were not accepted there.
create table offer (
    piece blob not null references piece (id),
    student integer not null references person (row),
    folio blob not null references folio (id),
    primary key (piece, student, folio)
) strict, without rowid;
create index offer_by_folio on offer (folio);

-- Acts that were taken back in a log that was lost: they put no piece anywhere, whoever brings them once more.
create table undone (
    act blob primary key
) strict, without rowid;

-- Who decided where a piece of somebody else's lies: who sees it is told her name and given her key.
create table placed_by (
    person integer not null references person (row),
    piece blob not null references piece (id),
    primary key (person, piece)
) strict, without rowid;

-- Whether somebody sees a document is called visibility.
alter table sight rename to visibility;
drop index sight_by_last;
drop index sight_by_since;
drop index sight_by_document;
create index visibility_by_last on visibility (person, last_n) where visible;
create index visibility_by_since on visibility (person, since_n, seq);
create index visibility_by_document on visibility (document);
