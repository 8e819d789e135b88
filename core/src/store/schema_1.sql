-- One person's store on one device. Documents are the truth; everything under "index" can be rebuilt from them.

create table meta (
    key text primary key,
    value blob not null
) strict, without rowid;

-- The school's records as the relay last told them, as CBOR.
create table record (
    kind integer not null,
    id blob not null,
    body blob not null,
    primary key (kind, id)
) strict, without rowid;

-- Keys of devices, in the order in which they were learned: inviters before the invited.
create table device_key (
    row integer primary key,
    device blob not null unique,
    person blob not null,
    body blob not null,
    -- Learned after this person's first key, and not vouched for by another device of hers.
    is_new integer not null default 0
) strict;

create table act (
    id blob primary key,
    piece blob,
    device blob not null,
    body blob not null,
    signature blob not null,
    delivered integer not null default 0,
    -- Its signature held, by a key that is vouched for.
    verified integer not null default 0,
    -- Why the relay refused it for good.
    refused text
) strict;
create index act_by_piece on act (piece);

create table document (
    row integer primary key,
    id blob not null unique,              -- 49 bytes: piece, part, author, about
    piece blob not null,
    author blob,
    about blob,
    class integer not null,               -- what it is read as
    class_from_relay integer not null default 0,
    whole integer not null default 0,     -- every change that the relay had is here
    heads blob not null default x'',      -- 32 bytes each, ascending
    actor blob,                           -- ours in this document
    set_aside text                        -- why it can't be opened
) strict;
create index document_by_piece on document (piece);
create index document_by_about on document (about);

create table change (
    row integer primary key,
    document integer not null references document (row) on delete cascade,
    hash blob not null,
    actor blob not null,
    seq integer not null,
    device blob not null,
    blobs blob not null,
    raw blob not null,
    signature blob not null,
    n integer,                            -- its number at the relay, once it has one
    state integer not null default 0,     -- 0 in use, 1 not verified yet, 2 set aside
    unique (document, hash)
) strict;

-- Everything this device still owes the relay, in causal order.
create table outbox (
    row integer primary key autoincrement,
    act blob references act (id),
    change integer references change (row),
    rounds integer not null default 0,
    not_before integer not null default 0,
    reason text,
    check ((act is null) <> (change is null))
) strict;
create unique index outbox_by_act on outbox (act) where act is not null;
create unique index outbox_by_change on outbox (change) where change is not null;

-- Documents that came into sight and are not here yet.
create table fill (
    document blob primary key,
    after integer not null default 0
) strict, without rowid;

-- What the relay refused for good, with its words.
create table set_aside (
    row integer primary key,
    piece blob,
    document blob,
    item blob not null,
    reason text not null,
    words text not null
) strict;

create table upload (
    hash blob not null,
    piece blob not null,
    size integer not null,
    is_preview integer not null,
    change integer not null references change (row),
    url text,
    sent integer not null default 0,
    is_done integer not null default 0,
    rounds integer not null default 0,
    not_before integer not null default 0,
    reason text,
    primary key (hash, piece)
) strict;

create table download (
    hash blob primary key,
    rounds integer not null default 0,
    not_before integer not null default 0,
    reason text
) strict, without rowid;

-- Index: rebuilt from the documents at any time.
create table content_index (
    document integer primary key references document (row) on delete cascade,
    piece blob not null unique,
    title text not null,
    work_date text,
    body text not null
) strict;

create table entry_index (
    document integer not null references document (row) on delete cascade,
    entry blob not null,
    kind text not null,
    body text not null,
    primary key (document, entry)
) strict, without rowid;

create table piece_index (
    piece blob primary key,
    maker blob not null,
    kind integer not null,
    audience integer
) strict, without rowid;

create table placement_index (
    piece blob not null references piece_index (piece) on delete cascade,
    folio blob not null,
    primary key (piece, folio)
) strict, without rowid;
create index placement_by_folio on placement_index (folio);
