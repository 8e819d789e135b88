-- A length may be told later than at the beginning, and a file may come as stretches that are joined at the end.
create table upload_2 (
    id      blob    not null primary key check (length(id) = 16),
    device  blob    not null check (length(device) = 16),
    person  blob    not null check (length(person) = 16),
    -- Which bytes these will be, and for which piece. A stretch knows neither.
    piece   blob    check (length(piece) = 16),
    hash    blob    check (length(hash) = 32),
    -- Null for a file that comes in one, empty for a stretch, else the ids of the stretches that make this file up.
    stretches blob  check (length(stretches) % 16 = 0),
    -- Bytes announced, null until they are, and bytes that are on the disk. Equal only once the bytes match the hash;
    -- a stretch has none.
    length  integer check (length >= 0),
    offset  integer not null check (offset between 0 and coalesce(length, offset)),
    -- Milliseconds since 1970.
    created integer not null,
    expires integer not null,
    -- 1 once the rest of the relay has recorded the arrival.
    landed  integer not null check (landed in (0, 1)),
    check ((piece is null) = (hash is null)),
    check ((hash is null) = (stretches is not null and length(stretches) = 0))
) strict, without rowid;

insert into upload_2 (id, device, person, piece, hash, length, offset, created, expires, landed)
    select id, device, person, piece, hash, length, offset, created, expires, landed from upload;
drop table upload;
alter table upload_2 rename to upload;

-- A device that begins again has lost the first one's address: that one goes, and with it its share of the quota.
create unique index upload_open on upload (device, piece, hash) where landed = 0 and hash is not null;
-- Stretches are joined once: who asks again, because the answer was lost, is told of the same upload.
create unique index upload_joined on upload (device, stretches) where length(stretches) > 0;
create index upload_person on upload (person, landed, length);
create index upload_reserved on upload (landed, length, offset) where landed = 0;
create index upload_expires on upload (expires);
