-- The folios that a piece is offered to, and does not lie in.
create table offer_index (
    piece blob not null references piece_index (piece) on delete cascade,
    folio blob not null,
    primary key (piece, folio)
) strict, without rowid;
create index offer_by_folio on offer_index (folio);

-- What an entry says is kept under another name: the index is made anew.
insert or replace into meta (key, value) values ('reindex', x'');

-- What a teacher confirmed, as it stood at the heads that she pinned: worked out when her voice or the mentor's comes.
create table confirmed_index (
    document integer not null references document (row) on delete cascade,
    entry blob not null,
    body text not null,
    primary key (document, entry)
) strict, without rowid;

-- A part of a file that is sent by a request of its own is called a chunk.
alter table errand rename to upload_chunk;
