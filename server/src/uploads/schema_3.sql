-- When bytes last came: what has been announced and does not come holds no room for long.
alter table upload add column touched integer not null default 0;
update upload set touched = created;
drop index upload_person;
create index upload_person on upload (person, landed, touched, length, offset);
drop index upload_reserved;
create index upload_reserved on upload (landed, person, touched, length, offset) where landed = 0;
