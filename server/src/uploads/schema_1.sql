-- Uploads that have begun. A row that has landed stays for a day, so that a device which missed the answer can ask.
create table upload (
    id      blob    not null primary key check (length(id) = 16),
    device  blob    not null check (length(device) = 16),
    person  blob    not null check (length(person) = 16),
    piece   blob    not null check (length(piece) = 16),
    hash    blob    not null check (length(hash) = 32),
    -- Bytes announced, and bytes that are on the disk. Equal only once the bytes match the hash.
    length  integer not null check (length >= 0),
    offset  integer not null check (offset between 0 and length),
    -- Milliseconds since 1970.
    created integer not null,
    expires integer not null,
    -- 1 once the rest of the relay has recorded the arrival.
    landed  integer not null check (landed in (0, 1))
) strict, without rowid;

-- A device that begins again has lost the first one's address: that one goes, and with it its share of the quota.
create unique index upload_open on upload (device, piece, hash) where landed = 0;
create index upload_person on upload (person, landed, length);
create index upload_expires on upload (expires);
