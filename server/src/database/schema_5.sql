-- Invitations of devices that were revoked in a log that was lost: no other device comes in by them.
create table barred_invitation (
    key blob primary key
) strict, without rowid;

-- Who chose a person's name, where it was not the school: commands never mean such a person by that name.
alter table person add column named_by integer references person (row);
-- Since when nobody signs in as her, in milliseconds.
alter table person add column locked_at integer;
-- Kinds that were taken from her: what she vouched for while she had them stays good.
alter table person add column past_kinds integer not null default 0;
-- Bytes of files that she has brought, each counted once; and limits of her own, where the school set some.
alter table person add column media_bytes integer not null default 0;
alter table person add column media_limit integer;
alter table person add column record_limit integer;

update person set named_by = (select m.brought_by from mentor m where m.person = person.row);
-- Those whom a teacher declined have no such row any more; the log says whose device made them. (2: a mentor, and no more.)
update person set named_by = (
        select b.row from log l join person b on b.id = l.by
        where l.kind = 'person' and l.subject = 'person ' || lower(
            substr(hex(person.id), 1, 8) || '-' || substr(hex(person.id), 9, 4) || '-' || substr(hex(person.id), 13, 4)
            || '-' || substr(hex(person.id), 17, 4) || '-' || substr(hex(person.id), 21)))
    where named_by is null and kinds = 4;

alter table device add column enrolled_at integer not null default 0;
alter table device add column tokens integer not null default 1;
drop index device_by_person;
create index device_by_person on device (person, enrolled_at);
create index device_by_invitation on device (invitation);

alter table invitation add column cancelled_n integer references log (n);
create index invitation_by_person on invitation (person, used_by, expires_at);
create index invitation_by_inviter on invitation (inviter, used_by) where inviter is not null;
create index mentor_by_bringer on mentor (brought_by);
create index person_by_namer on person (named_by) where named_by is not null;
create index project_by_starter on project (started_by) where started_by is not null;
create index project_by_class on project (class);

-- Whose devices signed what of a document: its readers are given their keys, and no others.
create table signer (
    document integer not null references document (row),
    device blob not null,
    primary key (document, device)
) strict, without rowid;
insert or ignore into signer (document, device) select document, device from change;

create table known_device (
    reader integer not null references person (row),
    device blob not null,
    primary key (reader, device)
) strict, without rowid;
create index known_device_by_device on known_device (device);
insert or ignore into known_device (reader, device)
    select s.person, g.device from sight s join signer g on g.document = s.document where s.visible;
insert or ignore into known_device (reader, device)
    select s.person, a.device from sight s join document d on d.row = s.document join act a on a.piece = d.piece
    where s.visible;

-- Whose common pieces lie in a folio of somebody else: each learns whose folio that is.
create table works_with (
    person integer not null references person (row),
    folio blob not null references folio (id),
    primary key (person, folio)
) strict, without rowid;
insert or ignore into works_with (person, folio)
    select b.student, a.folio from placement a join placement b on b.piece = a.piece
    join piece q on q.id = a.piece where a.student <> b.student and q.audience is not null;

-- Rows of one number are told in this order, so that an answer can end between them.
create table counter (
    one integer primary key check (one = 1),
    value integer not null
) strict;
alter table notice add column seq integer not null default 0;
alter table sight add column seq integer not null default 0;
update notice set seq = r.place from (
        select person, kind, id, row_number() over (order by n, kind, id) as place from notice) r
    where r.person = notice.person and r.kind = notice.kind and r.id = notice.id;
update sight set seq = r.place + (select coalesce(max(seq), 0) from notice) from (
        select person, document, row_number() over (order by since_n, document) as place from sight) r
    where r.person = sight.person and r.document = sight.document;
insert into counter (one, value)
    values (1, 1 + max((select coalesce(max(seq), 0) from notice), (select coalesce(max(seq), 0) from sight)));
drop index notice_by_n;
create index notice_by_n on notice (person, n, seq);
drop index sight_by_since;
create index sight_by_since on sight (person, since_n, seq);

-- Pieces whose readers are still to be worked out, after an event that concerned more of them than one transaction
-- takes; and whose rights it narrowed, who is told and shown nothing until that is done.
create table refresh (
    piece blob primary key,
    n integer not null references log (n)
) strict, without rowid;
create index refresh_by_n on refresh (n);
create table narrowed (
    person integer primary key references person (row),
    n integer not null references log (n)
) strict;
-- How many pieces the newest such event has refreshed within its own transaction.
create table event_work (
    n integer primary key,
    pieces integer not null
) strict;

create index circle_by_end on circle (ended_n) where ended_n is not null;

-- Voices are counted by their class.
drop index document_by_about;
create index document_by_about on document (about, class);
create index document_by_author on document (author);

-- Who brought which bytes: her quota, whoever else names them.
create table brought (
    person integer not null references person (row),
    blob blob not null references blob (hash),
    primary key (person, blob)
) strict, without rowid;
create index brought_by_blob on brought (blob);
insert or ignore into brought (person, blob)
    select c.author, c.blob from claim c join link l on l.document = c.document and l.blob = c.blob
    join blob b on b.hash = c.blob;
update person set media_bytes = (
    select coalesce(sum(b.size), 0) from brought r join blob b on b.hash = r.blob where r.person = person.row);
-- Bytes of all files.
create table stored (
    one integer primary key check (one = 1),
    media_bytes integer not null
) strict;
insert into stored (one, media_bytes) select 1, coalesce(sum(size), 0) from blob;
create index watch_by_unlinked on watch (unlinked) where unlinked is not null;

-- What must end again when the log has to go back: written down beside the database, too (ends.log).
create table ending (
    n integer primary key references log (n),
    kind text not null,
    subject text not null
) strict;
insert into ending (n, kind, subject)
    select n, kind, subject from log
    where kind in ('revoke', 'erase') or (kind = 'circle' and subject like 'end %')
        or (kind = 'denial' and subject like 'deny %') or (kind = 'class' and subject like 'leave %')
        or (kind = 'guardian' and subject like 'unlink %');

-- What one person's devices ask of the relay, by the hour: for whoever has to look into it. Ids and counts only.
create table activity (
    person integer not null references person (row),
    hour integer not null,                -- hours since 1970
    requests integer not null default 0,
    refused integer not null default 0,
    bytes integer not null default 0,
    primary key (person, hour)
) strict, without rowid;
create index activity_by_hour on activity (hour);
