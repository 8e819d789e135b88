//! What is appended to the log, and what it changes besides.

use fieldfolio_core::document::SignedChange;
use fieldfolio_core::ids::{DeviceId, DocumentId, FolioId, PersonId, PieceId};
use fieldfolio_core::model::act::{Act, SignedAct, audience};
use fieldfolio_core::model::directory::RecordKind;
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::model::role::{Class, Roles};
use fieldfolio_core::sync::budget;
use rusqlite::{OptionalExtension, Transaction};

use super::SqliteLedger;
use crate::directory::{self, erasure};
use crate::log::{self, Event};
use crate::visibility::{self, media, placements};

impl SqliteLedger<'_> {
    pub(super) fn put_act(&self, signed: &SignedAct, act: &Act, by: PersonId) -> rusqlite::Result<u64> {
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
            signed.id,
            piece,
            signed.device,
            &signed.body,
            signed.signature,
        ))?;
        let told = self.apply(tx, (act, signed.device), by, n)?;
        let kept = budget::ITEM_BYTES + signed.body.len() as u64 + told * budget::READER_BYTES;
        self.use_bytes(tx, by, kept)?;
        Ok(n)
    }

    pub(super) fn put_change(
        &self,
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
            change.device,
            blobs,
            &change.raw,
            change.signature,
        ))?;
        let told =
            visibility::document_changed(tx, (document, change.document.piece), change.device, is_new, n)?;
        media::claim(tx, document, self.row_of(by)?, &change.blobs)?;
        let kept = budget::ITEM_BYTES
            + change.raw.len() as u64
            + change.blobs.len() as u64 * budget::FILE_NAME_BYTES
            + told * budget::READER_BYTES;
        self.use_bytes(tx, by, kept)?;
        Ok(n)
    }

    pub(super) fn put_held(
        &self,
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
            change.document,
            change.document.piece,
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
            .execute((change.document, Head::join(heads)))?;
        visibility::held_changed(tx, change.document, by, n)
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
        .execute((key.as_slice(), id.piece, author, about, class.number(), heads))?;
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
                    (project, title, brief, outcomes, self.row_of(by)?),
                )?;
                visibility::notify(tx, self.row_of(by)?, RecordKind::Project, project.as_bytes(), n)?;
                Ok(budget::FOLIO_BYTES / budget::READER_BYTES)
            }
            Act::DeclareFolio { student, project } => {
                let folio = FolioId::derive(self.school, *student, *project);
                let row = self.row_of(*student)?;
                tx.execute(
                    "insert into folio (id, student, project) values (?1, ?2, ?3)",
                    (folio, row, project),
                )?;
                let told = directory::folio_declared(tx, self.now, row, folio, n)?;
                Ok(told as u64 + budget::FOLIO_BYTES / budget::READER_BYTES)
            }
            Act::DeclarePiece { piece, maker, kind } => {
                tx.execute(
                    "insert into piece (id, maker, kind) values (?1, ?2, ?3)",
                    (piece, self.row_of(*maker)?, kind.number()),
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
                let audience = Self::audience_of(tx, *piece)?;
                note_narrowing(tx, *piece, audience, n)?;
                tx.execute(
                    "update piece set audience = ?2 where id = ?1",
                    (piece, audience.map(Roles::bits)),
                )?;
                visibility::piece_changed(tx, *piece, device, n)
            }
            Act::Erase { piece } => erasure::remove(tx, *piece, erasure::BY_ITS_MAKER, n).map(|()| 0),
        }
    }

    fn use_bytes(&self, tx: &Transaction<'_>, person: PersonId, bytes: u64) -> rusqlite::Result<()> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        tx.prepare_cached("update person set used_bytes = used_bytes + ?2 where id = ?1")?
            .execute((person, bytes))?;
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
        .execute((by, piece))?;
        let left = placements::work_out(tx, piece)?;
        let told = visibility::piece_changed(tx, piece, device, n)?;
        visibility::piece_left(tx, &left, n)?;
        Ok(told)
    }

    fn audience_of(tx: &Transaction<'_>, piece: PieceId) -> rusqlite::Result<Option<Roles>> {
        let acts = placements::acts_of(tx, piece)?;
        Ok(audience(acts.iter().map(|known| (known.id, &known.act))))
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
        .query_row([piece], |row| row.get(0))?;
    let (before, audience) = (before.unwrap_or(0), audience.unwrap_or(Roles::NONE));
    if before & !audience.bits() != 0 {
        log::note_ending(tx, n, &Event::PieceBounded { piece, audience })?;
    }
    Ok(())
}
