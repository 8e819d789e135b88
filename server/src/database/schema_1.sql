-- The relay's database: the log, what it adds up to, and the directory.

create table meta (
    key text primary key,
    value blob not null
) strict, without rowid;

-- One sequence for everything that happens, each number with a random tag. `kind` is an audit word; `subject` names ids
-- only, never people's names or words.
create table log (
    n integer primary key autoincrement,
    tag blob not null,
    at integer not null,                  -- milliseconds, by the relay's clock
    kind text not null,
    by blob,                              -- the person whose device did it; none for the command line
    subject text not null default ''
) strict;

-- Directory ------------------------------------------------------------------------------------------------------

create table person (
    row integer primary key,
    id blob not null unique,
    name text not null,
    kinds integer not null,               -- one bit per kind, in the order of PersonKind
    used_bytes integer not null default 0 -- of acts and changes
) strict;

create table class (
    id blob primary key,
    title text not null
) strict, without rowid;

create table class_member (
    class blob not null references class (id),
    person integer not null references person (row),
    role text not null check (role in ('student', 'teacher', 'advisor')),
    removed_at integer,                   -- milliseconds; a removed teacher reads and replies for 30 days more
    primary key (class, person, role)
) strict, without rowid;
create index class_member_by_person on class_member (person);

create table guardian (
    student integer not null references person (row),
    guardian integer not null references person (row),
    primary key (student, guardian)
) strict, without rowid;

create table framework (
    id blob primary key,
    body blob not null                    -- CBOR
) strict, without rowid;

create table project (
    id blob primary key,
    title text not null,
    brief text not null,
    outcomes blob not null,               -- 16 bytes each
    framework blob references framework (id),
    class blob references class (id),
    started_by integer references person (row)
) strict, without rowid;

-- Who works together in a project; without rows, everyone who has a folio in it.
create table project_group (
    project blob not null references project (id),
    student integer not null references person (row),
    name text not null,
    primary key (project, student)
) strict, without rowid;

create table folio (
    id blob primary key,
    student integer not null references person (row),
    project blob references project (id)  -- none: her home
) strict, without rowid;
create index folio_by_student on folio (student);
create index folio_by_project on folio (project);

-- Who may see what lies in a folio. Rows are never deleted: they end.
create table circle (
    row integer primary key,
    folio blob not null references folio (id),
    person integer not null references person (row),
    role text not null,
    reason text not null,                 -- 'owner', 'class <id>', 'advisor', 'guardian', 'granted', 'former class <id>'
    may_write integer not null default 0, -- a reader who was granted a voice
    expires_at integer,                   -- milliseconds
    since_n integer not null references log (n),
    ended_n integer references log (n)
) strict;
create unique index circle_row on circle (folio, person, role, reason) where ended_n is null;
create index circle_by_person on circle (person);
create index circle_by_folio on circle (folio);
create index circle_by_expiry on circle (expires_at) where ended_n is null and expires_at is not null;

-- A circle that is closed to someone, whatever else grants.
create table denial (
    student integer not null references person (row),
    person integer not null references person (row),
    primary key (student, person)
) strict, without rowid;

create table invitation (
    key blob primary key,                 -- the invitation's public key
    person integer not null references person (row),
    expires_at integer not null,
    inviter blob,                         -- a device; none for the school's root key
    signature blob not null,
    used_by blob                          -- the device that was enrolled by it
) strict, without rowid;

create table device (
    id blob primary key,
    person integer not null references person (row),
    key blob not null,
    invitation blob not null references invitation (key),
    signature blob not null,              -- the invitation key's over the device
    token_hash blob not null unique,      -- SHA-256 of the access token
    revoked_n integer references log (n)
) strict, without rowid;
create index device_by_person on device (person);

-- The log's bodies ------------------------------------------------------------------------------------------------

create table act (
    n integer primary key references log (n),
    id blob not null unique,
    piece blob,
    device blob not null,
    body blob not null,
    signature blob not null
) strict;
create index act_by_piece on act (piece);

create table piece (
    id blob primary key,
    maker integer not null references person (row),
    kind integer not null,
    audience integer                      -- bits of roles; none while it is its maker's alone
) strict, without rowid;
create index piece_by_maker on piece (maker);

create table placement (
    piece blob not null references piece (id),
    student integer not null references person (row),
    folio blob not null references folio (id),
    primary key (piece, student)
) strict, without rowid;
create index placement_by_folio on placement (folio);

create table document (
    row integer primary key,
    id blob not null unique,              -- 49 bytes: piece, part, author, about
    piece blob not null references piece (id),
    author integer references person (row),
    about integer references person (row),
    class integer not null,
    heads blob not null
) strict;
create index document_by_piece on document (piece);
create index document_by_about on document (about);

create table change (
    n integer primary key references log (n),
    document integer not null references document (row),
    hash blob not null,
    actor blob not null,
    seq integer not null,
    device blob not null,
    blobs blob not null,
    raw blob not null,
    signature blob not null,
    unique (document, hash)
) strict;
create index change_by_document on change (document, n);

-- What each person may see now, and since when -------------------------------------------------------------------

create table sight (
    person integer not null references person (row),
    document integer not null references document (row),
    visible integer not null,
    since_n integer not null,             -- the event that last turned it on, or off
    last_n integer not null,              -- the newest change of the document
    primary key (person, document)
) strict, without rowid;
create index sight_by_last on sight (person, last_n) where visible;
create index sight_by_since on sight (person, since_n);
create index sight_by_document on sight (document);

-- Records of the directory that changed for a person; what they say is read when it is asked for.
create table notice (
    person integer not null references person (row),
    kind integer not null,
    id blob not null,
    n integer not null,
    primary key (person, kind, id)
) strict, without rowid;
create index notice_by_n on notice (person, n);
create index notice_by_record on notice (kind, id);

create table census (
    student integer primary key references person (row),
    voices integer not null
) strict;

-- Media ----------------------------------------------------------------------------------------------------------

create table blob (
    hash blob primary key,
    size integer not null
) strict, without rowid;

-- A claim opens nothing; a link does.
create table claim (
    document integer not null references document (row),
    blob blob not null,
    author integer not null references person (row),
    primary key (document, blob)
) strict, without rowid;
create index claim_by_blob on claim (blob);

create table link (
    document integer not null references document (row),
    blob blob not null references blob (hash),
    primary key (document, blob)
) strict, without rowid;
create index link_by_blob on link (blob);
