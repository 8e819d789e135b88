-- Mentors whom someone brought in by a device. Until a teacher's word, the part is only proposed.
create table mentor (
    folio blob not null references folio (id),
    person integer not null references person (row),
    brought_by integer not null references person (row),
    until integer not null,               -- milliseconds: when the part ends
    confirmed integer not null default 0,
    primary key (folio, person)
) strict, without rowid;
create index mentor_by_person on mentor (person);

-- Teachers and advisors are told of the classes that are there already.
insert into log (tag, at, kind, subject)
    select randomblob(8), unixepoch() * 1000, 'upgrade', 'classes' where exists (select 1 from class_member);
insert into notice (person, kind, id, n)
    select distinct person, 7, class, (select max(n) from log) from class_member
    where role in ('teacher', 'advisor');
