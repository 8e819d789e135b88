-- What the nightly look after media has found out.
create table watch (
    blob blob primary key,
    unlinked integer,                     -- since when no document is linked to it, in milliseconds
    orphan integer,                       -- since when its bytes are here without a row of their own
    checked integer,                      -- when its bytes were last compared with their name
    damaged integer                       -- since when they differ, or are missing
) strict, without rowid;
create index watch_by_checked on watch (checked);
