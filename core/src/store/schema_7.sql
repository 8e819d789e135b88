-- The folios that a piece is offered to, and does not lie in.
create table offer_index (
    piece blob not null references piece_index (piece) on delete cascade,
    folio blob not null,
    primary key (piece, folio)
) strict, without rowid;
create index offer_by_folio on offer_index (folio);

-- What an entry says is kept under another name: the index is made anew.
insert or replace into meta (key, value) values ('reindex', x'');
