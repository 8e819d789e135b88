//! The log in SQLite: what the relay's half asks of it, and what it appends.

use std::collections::BTreeMap;

use fieldfolio_core::access::{Membership, Tie};
use fieldfolio_core::document::SignedChange;
use fieldfolio_core::ids::{ActId, DeviceId, DocumentId, FolioId, PersonId, PieceId, ProjectId, SchoolId};
use fieldfolio_core::model::act::{Act, SignedAct, audience};
use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::directory::RecordKind;
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::model::role::{Class, Role, Roles};
use fieldfolio_core::signing::PublicKey;
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::relay::{
    DeviceFacts, DocumentFacts, FolioFacts, HeldFacts, LATE, Ledger, PieceFacts, Room, Student, Taken,
};
use fieldfolio_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::directory::erasure;
use crate::log::changes::{self, Opened};
use crate::log::{self, Event, epochs};
use crate::visibility::placements;
use crate::{database, directory, visibility};

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

    fn role_ended(&self, folio: FolioId, person: PersonId) -> rusqlite::Result<bool> {
        self.conn
            .prepare_cached(
                "select 1 from circle c join person p on p.row = c.person
                 where c.folio = ?1 and p.id = ?2 and (c.ended_n is not null or c.expires_at <= ?3)",
            )?
            .exists((
                folio.as_bytes().as_slice(),
                person.as_bytes().as_slice(),
                self.now.millis().cast_signed(),
            ))
    }

    fn count(&self, sql: &str, id: &[u8]) -> rusqlite::Result<u64> {
        self.conn.prepare_cached(sql)?.query_row([id], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
    }

    fn exists(&self, sql: &str, id: &[u8]) -> rusqlite::Result<bool> {
        self.conn.prepare_cached(sql)?.exists([id])
    }

    fn act_number(&self, sql_condition: &str, id: &[u8], body: &[u8]) -> rusqlite::Result<Option<Taken>> {
        let found: Option<(u64, Vec<u8>)> = self
            .conn
            .prepare_cached(&format!("select n, body from act where {sql_condition}"))?
            .query_row([id], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))
            .optional()?;
        Ok(found.map(|(n, known)| if known == body { Taken::Same(n) } else { Taken::Other }))
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
            .query_row([device.as_bytes().as_slice()], |row| {
                Ok(DeviceFacts {
                    person: PersonId::from_bytes(row.get(0)?),
                    key: PublicKey::from_bytes(row.get(1)?),
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
            .exists([id.as_bytes().as_slice()])?;
        let acts = placements::acts_of(self.conn, id)?;
        Ok(Some(PieceFacts { piece, memberships, role_ended, others_wrote, acts }))
    }

    fn folio(&self, id: FolioId, person: PersonId) -> rusqlite::Result<Option<FolioFacts>> {
        let found: Option<([u8; 16], Option<[u8; 16]>)> = self
            .conn
            .prepare_cached(
                "select s.id, f.project from folio f join person s on s.row = f.student where f.id = ?1",
            )?
            .query_row([id.as_bytes().as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))
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
            .query_row([project.as_bytes().as_slice()], |row| row.get(0))
            .optional()
    }

    fn is_student(&self, person: PersonId) -> rusqlite::Result<Student> {
        let kinds: i64 = self
            .conn
            .prepare_cached("select kinds from person where id = ?1")?
            .query_row([person.as_bytes().as_slice()], |row| row.get(0))?;
        let student = 1 << PersonKind::Student as i64;
        Ok(match kinds {
            only if only == student => Student::Only,
            among if among & student != 0 => Student::Also,
            _ => Student::No,
        })
    }

    fn room(&self, person: PersonId) -> rusqlite::Result<Room> {
        self.conn.prepare_cached("select used_bytes, record_limit from person where id = ?1")?.query_row(
            [person.as_bytes().as_slice()],
            |row| {
                let limit: Option<i64> = row.get(1)?;
                Ok(Room {
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
            .exists((person.as_bytes().as_slice(), directory::people::bits(&PersonKind::STAFF)))
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
            .exists((piece.as_bytes().as_slice(), student.as_bytes().as_slice(), counting[0], counting[1]))
    }

    fn open_offers(&self, folio: FolioId, maker: PersonId) -> rusqlite::Result<u64> {
        self.conn
            .prepare_cached(
                "select count(*) from offer o join piece i on i.id = o.piece join person m on m.row = i.maker
                 where o.folio = ?1 and m.id = ?2",
            )?
            .query_row((folio.as_bytes().as_slice(), maker.as_bytes().as_slice()), |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
    }

    fn named_files(&self, document: DocumentId) -> rusqlite::Result<u64> {
        self.count(
            "select count(*) from document d join claim c on c.document = d.row where d.id = ?1",
            &document.to_bytes(),
        )
    }

    fn taken(&self, id: ActId, act: &Act) -> rusqlite::Result<Taken> {
        let body = act.to_bytes();
        if let Some(taken) = self.act_number("id = ?1", id.as_bytes(), &body)? {
            return Ok(taken);
        }
        let known_if = |is_known| if is_known { Taken::Same(0) } else { Taken::Free };
        Ok(match act {
            Act::DeclareProject { project, title, brief, outcomes } => {
                let known: Option<(String, String, Vec<u8>)> = self
                    .conn
                    .prepare_cached("select title, brief, outcomes from project where id = ?1")?
                    .query_row([project.as_bytes().as_slice()], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })
                    .optional()?;
                let listed: Vec<u8> = outcomes.iter().flat_map(|outcome| *outcome.as_bytes()).collect();
                match known {
                    None => Taken::Free,
                    Some(known) if known == (title.clone(), brief.clone(), listed) => Taken::Same(0),
                    Some(_) => Taken::Other,
                }
            }
            Act::DeclareFolio { student, project } => {
                let folio = FolioId::derive(self.school, *student, *project);
                known_if(self.exists("select 1 from folio where id = ?1", folio.as_bytes())?)
            }
            Act::DeclarePiece { piece, maker, kind } => match visibility::piece(self.conn, *piece)? {
                None => Taken::Free,
                Some(known) if known.maker == *maker && known.kind == *kind => Taken::Same(0),
                Some(_) => Taken::Other,
            },
            Act::Place { .. }
            | Act::Share { .. }
            | Act::Unshare { .. }
            | Act::Erase { .. }
            | Act::Unplace { .. }
            | Act::Offer { .. }
            | Act::Accept { .. } => Taken::Free,
        })
    }

    fn document(&self, document: DocumentId) -> rusqlite::Result<Option<DocumentFacts>> {
        let found: Option<(u8, Vec<u8>)> = self
            .conn
            .prepare_cached("select class, heads from document where id = ?1")?
            .query_row([document.to_bytes().as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))
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
            .query_row((document.to_bytes().as_slice(), hash.0.as_slice()), |row| row.get::<_, i64>(0))
            .optional()
            .map(|n| n.map(i64::cast_unsigned))
    }

    fn stored(&self, document: DocumentId) -> rusqlite::Result<Vec<Vec<u8>>> {
        let mut query = self.conn.prepare_cached(
            "select c.document, c.hash, c.raw from change c join document d on d.row = c.document
             where d.id = ?1 order by c.n",
        )?;
        let mut opened = Opened::default();
        let rows = query.query_map([document.to_bytes().as_slice()], |row| {
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
        let mut rows = query.query([document.to_bytes().as_slice()])?;
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
                author: PersonId::from_bytes(row.get(1)?),
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
            .query_row([person.as_bytes().as_slice()], |row| {
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
        let tx = self.tx()?;
        let event = Event::ChangeHeld { document: change.document };
        let n = log::append(tx, self.now, Some(by), &event)?;
        let item = minicbor::to_vec(change).expect("writing to memory can't fail");
        tx.prepare_cached(
            "insert into held (document, piece, author, class, hash, heads, at, bytes, item)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            change.document.to_bytes().as_slice(),
            change.document.piece.as_bytes().as_slice(),
            self.row_of(by)?,
            class.number(),
            change.hash.0.as_slice(),
            Head::join(heads),
            self.now.millis().cast_signed(),
            i64::try_from(item.len()).unwrap_or(i64::MAX),
            &item,
        ))?;
        // All of them have the heads that all of them lead to.
        tx.prepare_cached("update held set heads = ?2 where document = ?1")?
            .execute((change.document.to_bytes().as_slice(), Head::join(heads)))?;
        visibility::held_changed(tx, change.document, by, n)
    }

    fn let_go(&mut self, document: DocumentId, by: PersonId) -> rusqlite::Result<()> {
        let tx = self.tx()?;
        let n = log::append(tx, self.now, Some(by), &Event::HeldReleased { document })?;
        let author = self.held(document)?.map_or(by, |held| held.author);
        tx.execute("delete from held where document = ?1", [document.to_bytes().as_slice()])?;
        visibility::held_changed(tx, document, author, n)
    }

    fn append_act(&mut self, signed: &SignedAct, act: &Act, by: PersonId) -> rusqlite::Result<u64> {
        let tx = self.tx()?;
        let n = match act {
            Act::Erase { piece } => erasure::append(tx, self.now, *piece, Some(by))?,
            Act::DeclareProject { .. }
            | Act::DeclareFolio { .. }
            | Act::DeclarePiece { .. }
            | Act::Place { .. }
            | Act::Share { .. }
            | Act::Unshare { .. }
            | Act::Unplace { .. }
            | Act::Offer { .. }
            | Act::Accept { .. } => log::append(tx, self.now, Some(by), &Event::ActTaken)?,
        };
        let piece = act.piece().map(|piece| piece.as_bytes().to_vec());
        tx.prepare_cached(
            "insert into act (n, id, piece, device, body, signature) values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            n.cast_signed(),
            signed.id.as_bytes().as_slice(),
            piece,
            signed.device.as_bytes().as_slice(),
            &signed.body,
            signed.signature.as_bytes().as_slice(),
        ))?;
        let told = self.apply(tx, (act, signed.device), by, n)?;
        let kept = budget::ITEM_BYTES + signed.body.len() as u64 + told * budget::READER_BYTES;
        self.use_bytes(tx, by, kept)?;
        Ok(n)
    }

    fn append_change(
        &mut self,
        change: &SignedChange,
        class: Class,
        heads: &[Head],
        by: PersonId,
    ) -> rusqlite::Result<u64> {
        let tx = self.tx()?;
        let n = log::append(tx, self.now, Some(by), &Event::ChangeTaken)?;
        let (document, is_new) = self.put_document(tx, change.document, class, heads)?;
        let blobs: Vec<u8> = change.blobs.iter().flat_map(|blob| *blob.as_bytes()).collect();
        tx.prepare_cached(
            "insert into change (n, document, hash, actor, seq, device, blobs, raw, signature)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            n.cast_signed(),
            document,
            change.hash.0.as_slice(),
            change.actor.as_slice(),
            change.seq.cast_signed(),
            change.device.as_bytes().as_slice(),
            blobs,
            &change.raw,
            change.signature.as_bytes().as_slice(),
        ))?;
        let told =
            visibility::document_changed(tx, (document, change.document.piece), change.device, is_new, n)?;
        crate::visibility::media::claim(tx, document, self.row_of(by)?, &change.blobs)?;
        let kept = budget::ITEM_BYTES
            + change.raw.len() as u64
            + change.blobs.len() as u64 * budget::FILE_NAME_BYTES
            + told * budget::READER_BYTES;
        self.use_bytes(tx, by, kept)?;
        Ok(n)
    }
}

/// A piece that fewer may see from now on stays so when the log goes back.
fn note_narrowing(
    tx: &Transaction<'_>,
    piece: PieceId,
    audience: Option<Roles>,
    n: u64,
) -> rusqlite::Result<()> {
    let before: Option<u16> = tx
        .prepare_cached("select audience from piece where id = ?1")?
        .query_row([piece.as_bytes().as_slice()], |row| row.get(0))?;
    let (before, audience) = (before.unwrap_or(0), audience.unwrap_or(Roles::NONE));
    if before & !audience.bits() != 0 {
        log::note_ending(tx, n, &Event::PieceBounded { piece, audience })?;
    }
    Ok(())
}

fn split_heads(heads: &[u8]) -> Vec<Head> {
    heads.chunks_exact(32).filter_map(|head| head.try_into().ok().map(Head)).collect()
}

impl SqliteLedger<'_> {
    /// What two have in common in a project in which one of them has a folio. Where there are groups, those of other groups
    /// have nothing in common.
    fn tie(&self, project: [u8; 16], student: PersonId, person: PersonId) -> rusqlite::Result<Tie> {
        let has_folio = self
            .conn
            .prepare_cached(
                "select 1 from folio f join person p on p.row = f.student where f.project = ?1 and p.id = ?2",
            )?
            .exists((project.as_slice(), person.as_bytes().as_slice()))?;
        let group = |of: PersonId| {
            self.conn
                .prepare_cached(
                    "select g.name from project_group g join person p on p.row = g.student
                     where g.project = ?1 and p.id = ?2",
                )?
                .query_row((project.as_slice(), of.as_bytes().as_slice()), |row| row.get::<_, String>(0))
                .optional()
        };
        let grouped = self.exists("select 1 from project_group where project = ?1", &project)?;
        let (hers, his) = (group(student)?, group(person)?);
        Ok(match (has_folio, grouped) {
            (true, true) if hers.is_some() && hers == his => Tie::Group,
            (true, false) => Tie::Project,
            (true | false, true | false) => Tie::None,
        })
    }

    fn put_document(
        &self,
        tx: &Transaction<'_>,
        id: DocumentId,
        class: Class,
        heads: &[Head],
    ) -> rusqlite::Result<(i64, bool)> {
        let heads = Head::join(heads);
        let key = id.to_bytes();
        let known: Option<i64> = tx
            .prepare_cached("update document set heads = ?2 where id = ?1 returning row")?
            .query_row((key.as_slice(), &heads), |row| row.get(0))
            .optional()?;
        if let Some(row) = known {
            return Ok((row, false));
        }
        let author = id.author().map(|person| self.row_of(person)).transpose()?;
        let about = id.about().map(|person| self.row_of(person)).transpose()?;
        tx.prepare_cached(
            "insert into document (id, piece, author, about, class, heads) values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            key.as_slice(),
            id.piece.as_bytes().as_slice(),
            author,
            about,
            class.number(),
            heads,
        ))?;
        Ok((tx.last_insert_rowid(), true))
    }

    /// What an act changes besides being in the log. Returns how many rows of readers that took.
    fn apply(
        &self,
        tx: &Transaction<'_>,
        (act, device): (&Act, DeviceId),
        by: PersonId,
        n: u64,
    ) -> rusqlite::Result<u64> {
        match act {
            Act::DeclareProject { project, title, brief, outcomes } => {
                let outcomes: Vec<u8> = outcomes.iter().flat_map(|outcome| *outcome.as_bytes()).collect();
                tx.execute(
                    "insert into project (id, title, brief, outcomes, started_by) values (?1, ?2, ?3, ?4, ?5)",
                    (project.as_bytes().as_slice(), title, brief, outcomes, self.row_of(by)?),
                )?;
                visibility::notify(tx, self.row_of(by)?, RecordKind::Project, project.as_bytes(), n)?;
                Ok(budget::FOLIO_BYTES / budget::READER_BYTES)
            }
            Act::DeclareFolio { student, project } => {
                let folio = FolioId::derive(self.school, *student, *project);
                let row = self.row_of(*student)?;
                tx.execute(
                    "insert into folio (id, student, project) values (?1, ?2, ?3)",
                    (
                        folio.as_bytes().as_slice(),
                        row,
                        project.as_ref().map(|project| project.as_bytes().as_slice()),
                    ),
                )?;
                let told = directory::folio_declared(tx, self.now, row, folio, n)?;
                Ok(told as u64 + budget::FOLIO_BYTES / budget::READER_BYTES)
            }
            Act::DeclarePiece { piece, maker, kind } => {
                tx.execute(
                    "insert into piece (id, maker, kind) values (?1, ?2, ?3)",
                    (piece.as_bytes().as_slice(), self.row_of(*maker)?, kind.number()),
                )?;
                visibility::piece_changed(tx, *piece, device, n)
            }
            Act::Place { piece, .. } | Act::Offer { piece, .. } | Act::Accept { piece, .. } => {
                self.place_anew(tx, *piece, (device, by), n)
            }
            Act::Unplace { piece, replaces, to, .. } => {
                // What was moved has not been taken from its student.
                if to.is_none() && !replaces.is_empty() {
                    let undone = Event::PlacingsUndone { piece: *piece, acts: replaces.clone() };
                    log::note_ending(tx, n, &undone)?;
                }
                self.place_anew(tx, *piece, (device, by), n)
            }
            Act::Share { piece, .. } | Act::Unshare { piece, .. } => {
                let audience = self.audience_of(*piece)?;
                note_narrowing(tx, *piece, audience, n)?;
                tx.execute(
                    "update piece set audience = ?2 where id = ?1",
                    (piece.as_bytes().as_slice(), audience.map(Roles::bits)),
                )?;
                visibility::piece_changed(tx, *piece, device, n)
            }
            Act::Erase { piece } => erasure::remove(tx, *piece, erasure::BY_ITS_MAKER, n).map(|()| 0),
        }
    }

    fn use_bytes(&self, tx: &Transaction<'_>, person: PersonId, bytes: u64) -> rusqlite::Result<()> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        tx.prepare_cached("update person set used_bytes = used_bytes + ?2 where id = ?1")?
            .execute((person.as_bytes().as_slice(), bytes))?;
        Ok(())
    }

    fn place_anew(
        &self,
        tx: &Transaction<'_>,
        piece: PieceId,
        (device, by): (DeviceId, PersonId),
        n: u64,
    ) -> rusqlite::Result<u64> {
        tx.prepare_cached(
            "insert or ignore into placed_by (person, piece)
             select p.row, i.id from person p join piece i on i.id = ?2 and i.maker <> p.row where p.id = ?1",
        )?
        .execute((by.as_bytes().as_slice(), piece.as_bytes().as_slice()))?;
        let left = placements::work_out(tx, piece)?;
        let told = visibility::piece_changed(tx, piece, device, n)?;
        visibility::piece_left(tx, &left, n)?;
        Ok(told)
    }

    fn audience_of(&self, piece: PieceId) -> rusqlite::Result<Option<Roles>> {
        let acts = placements::acts_of(self.conn, piece)?;
        Ok(audience(acts.iter().map(|known| (known.id, &known.act))))
    }
}
