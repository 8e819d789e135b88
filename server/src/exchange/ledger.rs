//! The log in SQLite: what the relay's half asks of it, and what it appends.

use std::collections::BTreeMap;

use fieldfolio_core::access::{Membership, Tie};
use fieldfolio_core::document::SignedChange;
use fieldfolio_core::ids::{ActId, DeviceId, DocumentId, FolioId, PersonId, PieceId, ProjectId, SchoolId};
use fieldfolio_core::model::act::{Act, SignedAct};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::model::role::{Class, Role};
use fieldfolio_core::signing::PublicKey;
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::relay::{
    DeviceFacts, DocumentFacts, FolioFacts, HeldFacts, LATE, Ledger, PieceFacts, Quota, Student, Taken,
};
use fieldfolio_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::directory::erasure;
use crate::log::changes::{self, Opened};
use crate::log::{self, Event, epochs};
use crate::visibility::placements;
use crate::{database, directory, visibility};

mod append;
mod facts;
mod taken;

/// The log as one moment's transaction, or one reader, sees it.
pub struct SqliteLedger<'a> {
    conn: &'a Connection,
    tx: Option<&'a Transaction<'a>>,
    school: SchoolId,
    now: Timestamp,
}

impl<'a> SqliteLedger<'a> {
    /// For reading.
    pub fn reading(conn: &'a Connection, school: SchoolId, now: Timestamp) -> Self {
        Self { conn, tx: None, school, now }
    }

    /// For appending.
    pub fn writing(tx: &'a Transaction<'a>, school: SchoolId, now: Timestamp) -> Self {
        Self { conn: tx, tx: Some(tx), school, now }
    }

    fn tx(&self) -> rusqlite::Result<&'a Transaction<'a>> {
        let only_reads = || {
            let readonly = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
            rusqlite::Error::SqliteFailure(readonly, Some("this ledger was opened for reading".to_owned()))
        };
        self.tx.ok_or_else(only_reads)
    }

    fn row_of(&self, person: PersonId) -> rusqlite::Result<i64> {
        visibility::person_row(self.conn, person)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    fn count(&self, sql: &str, id: &[u8]) -> rusqlite::Result<u64> {
        self.conn.prepare_cached(sql)?.query_row([id], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
    }

    fn exists(&self, sql: &str, id: &[u8]) -> rusqlite::Result<bool> {
        self.conn.prepare_cached(sql)?.exists([id])
    }
}

impl Ledger for SqliteLedger<'_> {
    type Error = rusqlite::Error;

    fn school(&self) -> SchoolId {
        self.school
    }

    fn device(&self, device: DeviceId) -> rusqlite::Result<Option<DeviceFacts>> {
        self.conn
            .prepare_cached(
                "select p.id, d.key, d.revoked_n is not null, d.lost_n, p.locked_at is not null
                 from device d join person p on p.row = d.person where d.id = ?1",
            )?
            .query_row([device], |row| {
                Ok(DeviceFacts {
                    person: row.get::<_, PersonId>(0)?,
                    key: row.get::<_, PublicKey>(1)?,
                    revoked: row.get(2)?,
                    locked: row.get(4)?,
                    revoked_at: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
                })
            })
            .optional()
    }

    fn piece(&self, id: PieceId, person: PersonId) -> rusqlite::Result<Option<PieceFacts>> {
        let Some(piece) = visibility::piece(self.conn, id)? else { return Ok(None) };
        let mut memberships = BTreeMap::new();
        let mut role_ended = false;
        for placement in piece.placements.iter().chain(&piece.offers) {
            let membership = visibility::membership(self.conn, placement.folio, person, Some(self.now))?;
            memberships.insert(placement.folio, membership);
            role_ended |= self.role_ended(placement.folio, person)?;
        }
        let others_wrote = self
            .conn
            .prepare_cached(
                "select 1 from piece p join document d on d.piece = p.id
                 where p.id = ?1 and d.author is not null and d.author <> p.maker
                 union select 1 from piece p join held h on h.piece = p.id where p.id = ?1 and h.author <> p.maker",
            )?
            .exists([id])?;
        let acts = placements::acts_of(self.conn, id)?;
        Ok(Some(PieceFacts { piece, memberships, role_ended, others_wrote, acts }))
    }

    fn folio(&self, id: FolioId, person: PersonId) -> rusqlite::Result<Option<FolioFacts>> {
        let found: Option<([u8; 16], Option<[u8; 16]>)> = self
            .conn
            .prepare_cached(
                "select s.id, f.project from folio f join person s on s.row = f.student where f.id = ?1",
            )?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((student, project)) = found else { return Ok(None) };
        let student = PersonId::from_bytes(student);
        let tie = match project {
            None => Tie::None,
            Some(project) => self.tie(project, student, person)?,
        };
        Ok(Some(FolioFacts {
            student,
            project: project.map(ProjectId::from_bytes),
            membership: visibility::membership(self.conn, id, person, Some(self.now))?,
            tie,
            role_ended: self.role_ended(id, person)?,
        }))
    }

    fn project_is_open(&self, project: ProjectId) -> rusqlite::Result<Option<bool>> {
        self.conn
            .prepare_cached("select class is null from project where id = ?1")?
            .query_row([project], |row| row.get(0))
            .optional()
    }

    fn is_student(&self, person: PersonId) -> rusqlite::Result<Student> {
        let kinds: i64 = self
            .conn
            .prepare_cached("select kinds from person where id = ?1")?
            .query_row([person], |row| row.get(0))?;
        let student = 1 << PersonKind::Student as i64;
        Ok(match kinds {
            only if only == student => Student::Only,
            among if among & student != 0 => Student::Also,
            _ => Student::No,
        })
    }

    fn quota(&self, person: PersonId) -> rusqlite::Result<Quota> {
        self.conn.prepare_cached("select used_bytes, record_limit from person where id = ?1")?.query_row(
            [person],
            |row| {
                let limit: Option<i64> = row.get(1)?;
                Ok(Quota {
                    used: row.get::<_, i64>(0)?.cast_unsigned(),
                    limit: limit.map_or(budget::PERSON_BYTES, i64::cast_unsigned),
                })
            },
        )
    }

    fn may_begin(&self, person: PersonId) -> rusqlite::Result<bool> {
        directory::mentors::may_begin(self.conn, self.row_of(person)?, self.now)
    }

    fn is_staff(&self, person: PersonId) -> rusqlite::Result<bool> {
        self.conn
            .prepare_cached("select 1 from person where id = ?1 and kinds & ?2 <> 0")?
            .exists((person, directory::people::bits(&PersonKind::STAFF)))
    }

    fn own_folios(&self, student: PersonId) -> rusqlite::Result<u64> {
        self.count(
            "select count(*) from person p join folio f on f.student = p.row left join project o on o.id = f.project
             where p.id = ?1 and o.class is null",
            student.as_bytes(),
        )
    }

    fn own_projects(&self, person: PersonId) -> rusqlite::Result<u64> {
        self.count(
            "select count(*) from person p join project o on o.started_by = p.row where p.id = ?1",
            person.as_bytes(),
        )
    }

    fn is_judged(&self, piece: PieceId, student: PersonId) -> rusqlite::Result<bool> {
        let counting = [Class::Voice(Role::Teacher), Class::Voice(Role::Mentor)].map(Class::number);
        self.conn
            .prepare_cached(
                "select 1 from document d join person p on p.row = d.about
                 where d.piece = ?1 and p.id = ?2 and d.class in (?3, ?4)",
            )?
            .exists((piece, student, counting[0], counting[1]))
    }

    fn open_offers(&self, folio: FolioId, maker: PersonId) -> rusqlite::Result<u64> {
        self.conn
            .prepare_cached(
                "select count(*) from offer o join piece i on i.id = o.piece join person m on m.row = i.maker
                 where o.folio = ?1 and m.id = ?2",
            )?
            .query_row((folio, maker), |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
    }

    fn actor_owner(&self, document: DocumentId, actor: [u8; 16]) -> rusqlite::Result<Option<PersonId>> {
        self.conn
            .prepare_cached(
                "select p.id from document d cross join change c on c.document = d.row
                 join device v on v.id = c.device join person p on p.row = v.person
                 where d.id = ?1 and c.actor = ?2 order by c.n limit 1",
            )?
            .query_row((document, actor.as_slice()), |row| row.get::<_, PersonId>(0))
            .optional()
    }

    fn named_files(&self, document: DocumentId) -> rusqlite::Result<u64> {
        self.count(
            "select count(*) from document d join claim c on c.document = d.row where d.id = ?1",
            &document.to_bytes(),
        )
    }

    fn taken(&self, id: ActId, act: &Act) -> rusqlite::Result<Taken> {
        self.taken_as(id, act)
    }

    fn document(&self, document: DocumentId) -> rusqlite::Result<Option<DocumentFacts>> {
        let found: Option<(u8, Vec<u8>)> = self
            .conn
            .prepare_cached("select class, heads from document where id = ?1")?
            .query_row([document], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((class, heads)) = found else { return Ok(None) };
        let class = Class::from_number(class);
        Ok(Some(DocumentFacts { class, heads: split_heads(&heads) }))
    }

    fn change(&self, document: DocumentId, hash: Head) -> rusqlite::Result<Option<u64>> {
        self.conn
            .prepare_cached(
                "select c.n from change c join document d on d.row = c.document where d.id = ?1 and c.hash = ?2",
            )?
            .query_row((document, hash.0.as_slice()), |row| row.get::<_, i64>(0))
            .optional()
            .map(|n| n.map(i64::cast_unsigned))
    }

    fn stored(&self, document: DocumentId) -> rusqlite::Result<Vec<Vec<u8>>> {
        let mut query = self.conn.prepare_cached(
            "select c.document, c.hash, c.raw from change c join document d on d.row = c.document
             where d.id = ?1 order by c.n",
        )?;
        let mut opened = Opened::default();
        let rows = query.query_map([document], |row| {
            changes::whole(self.conn, row.get(0)?, Head(row.get(1)?), row.get(2)?, &mut opened)
        })?;
        rows.collect()
    }

    fn is_erased(&self, piece: PieceId) -> rusqlite::Result<bool> {
        erasure::is_erased(self.conn, piece)
    }

    fn forked_at(&self) -> rusqlite::Result<Option<u64>> {
        epochs::since(self.conn, 0)
    }

    fn membership_before(&self, folio: FolioId, person: PersonId, lost: u64) -> rusqlite::Result<Membership> {
        visibility::membership_before(self.conn, folio, person, lost)
    }

    fn membership_lately(&self, folio: FolioId, person: PersonId) -> rusqlite::Result<Membership> {
        let since = Timestamp::from_millis(self.now.millis().saturating_sub(LATE));
        visibility::membership_since(self.conn, folio, person, since)
    }

    fn held(&self, document: DocumentId) -> rusqlite::Result<Option<HeldFacts>> {
        let mut query = self.conn.prepare_cached(
            "select h.item, p.id, h.class, h.heads from held h join person p on p.row = h.author
             where h.document = ?1 order by h.row",
        )?;
        let mut rows = query.query([document])?;
        let mut found: Option<HeldFacts> = None;
        while let Some(row) = rows.next()? {
            let (item, class, heads): (Vec<u8>, u8, Vec<u8>) = (row.get(0)?, row.get(2)?, row.get(3)?);
            let mut changes = found.map(|found| found.changes).unwrap_or_default();
            changes.push(
                minicbor::decode(&item)
                    .map_err(|_| database::unreadable(0, Type::Blob, "a change that is held back"))?,
            );
            found = Some(HeldFacts {
                changes,
                author: row.get::<_, PersonId>(1)?,
                class: Class::from_number(class),
                heads: split_heads(&heads),
            });
        }
        Ok(found)
    }

    fn held_of(&self, person: PersonId) -> rusqlite::Result<(u64, u64)> {
        self.conn
            .prepare_cached(
                "select count(*), coalesce(sum(h.bytes), 0) from held h join person p on p.row = h.author
                 where p.id = ?1",
            )?
            .query_row([person], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
            })
    }

    fn hold(
        &mut self,
        change: &SignedChange,
        class: Class,
        heads: &[Head],
        by: PersonId,
    ) -> rusqlite::Result<()> {
        self.put_held(change, class, heads, by)
    }

    fn let_go(&mut self, document: DocumentId, by: PersonId) -> rusqlite::Result<()> {
        let tx = self.tx()?;
        let n = log::append(tx, self.now, Some(by), &Event::HeldReleased { document })?;
        let author = self.held(document)?.map_or(by, |held| held.author);
        tx.execute("delete from held where document = ?1", [document])?;
        visibility::held_changed(tx, document, author, n)
    }

    fn append_act(&mut self, signed: &SignedAct, act: &Act, by: PersonId) -> rusqlite::Result<u64> {
        self.put_act(signed, act, by)
    }

    fn append_change(
        &mut self,
        change: &SignedChange,
        class: Class,
        heads: &[Head],
        by: PersonId,
    ) -> rusqlite::Result<u64> {
        self.put_change(change, class, heads, by)
    }
}

fn split_heads(heads: &[u8]) -> Vec<Head> {
    heads.chunks_exact(32).filter_map(|head| head.try_into().ok().map(Head)).collect()
}
