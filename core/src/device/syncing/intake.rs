//! One answer of the relay on its way into the store: records, acts and changes, verified before they are believed.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Transaction;

use crate::document::SignedChange;
use crate::ids::{DeviceId, DocumentId, FolioId, Part, PersonId, PieceId, Writer};
use crate::model::act::{Act, SignedAct};
use crate::model::directory::{DeviceRecord, Folio, Inviter, Person, PersonKind};
use crate::model::piece::{Content, Medium};
use crate::model::role::{Class, Role};
use crate::store::log::ChangeState;
use crate::store::newer::{self, NewerRecord};
use crate::store::outbox::{Owed, SetAside};
use crate::store::records::{self, RecordKind};
use crate::store::transfers::Wanted;
use crate::store::{Identity, erased, index, log, outbox, read_marks, transfers};
use crate::sync::Reason;
use crate::sync::verify::KeyRing;
use crate::sync::wire::{Envelope, Opened, Pack, PersonRecord, PieceRecord, Record, ToFill};
use crate::time::Timestamp;

use crate::device::DeviceError;
use crate::device::circles::review;
use crate::device::circles::{piece_and_circles, piece_of};
use crate::device::reindex::least;
use crate::device::reindex::words_of;
use crate::device::reindex::{reindex_document, reindex_piece};

/// Work that was made within so many milliseconds is recent: 30 days.
const RECENT: u64 = 30 * 24 * 60 * 60 * 1000;

/// One answer on its way into the store.
pub(in crate::device) struct Intake<'a> {
    pub(in crate::device) tx: &'a Transaction<'a>,
    pub(in crate::device) me: &'a Identity,
    ring: &'a mut KeyRing,
    now: Timestamp,
    /// Documents whose changes are new, with their rows.
    pub(in crate::device) dirty: BTreeMap<DocumentId, i64>,
    /// Pieces whose acts are new.
    pub(in crate::device) pieces: BTreeSet<PieceId>,
    /// Pieces that were erased.
    pub(in crate::device) erased: BTreeSet<PieceId>,
    /// A key or an act was learned that may make others verifiable.
    learned: bool,
    /// Records that came: what was kept of them for a newer version is over.
    told: BTreeSet<(u16, Vec<u8>)>,
}

impl<'a> Intake<'a> {
    pub(in crate::device) fn new(
        tx: &'a Transaction<'a>,
        me: &'a Identity,
        ring: &'a mut KeyRing,
        now: Timestamp,
    ) -> Self {
        let (dirty, pieces, erased, told) = Default::default();
        Self { tx, me, ring, now, dirty, pieces, erased, learned: false, told }
    }
}

impl Intake<'_> {
    /// Takes what can be read of a record. What a newer version wrote in it is kept as it came.
    pub(in crate::device) fn envelope(&mut self, envelope: &Envelope) -> Result<(), DeviceError> {
        let Envelope { kind, id, body } = envelope;
        // A person with many devices comes in several parts.
        if self.told.insert((*kind, id.clone())) {
            newer::forget(self.tx, *kind, id)?;
        }
        let opened = envelope.open();
        if let (Opened::InPart(_) | Opened::Closed, Some(body)) = (&opened, body) {
            newer::keep(self.tx, &NewerRecord { kind: *kind, id: id.clone(), body: body.clone() })?;
        }
        match opened {
            Opened::Whole(record) | Opened::InPart(record) => self.record(record),
            Opened::Closed => Ok(()),
        }
    }

    pub(in crate::device) fn record(&mut self, record: Record) -> Result<(), DeviceError> {
        let tx = self.tx;
        match record {
            Record::School(school) if school.id == self.me.school => {
                records::put(tx, RecordKind::School, school.id.as_bytes(), &school)?;
            }
            Record::School(_) => {}
            Record::Framework(framework) => {
                records::put(tx, RecordKind::Framework, framework.id.as_bytes(), &framework)?;
            }
            Record::Person(PersonRecord { person, devices }) => {
                records::put(tx, RecordKind::Person, person.id.as_bytes(), &person)?;
                for device in devices {
                    self.key(&device)?;
                }
            }
            Record::Project(project) => {
                records::put(tx, RecordKind::Project, project.id.as_bytes(), &project)?;
            }
            Record::Folio(folio) => records::put(tx, RecordKind::Folio, folio.id.as_bytes(), &folio)?,
            Record::Piece(PieceRecord { piece, .. }) if erased::contains(tx, piece)? => {}
            Record::Piece(PieceRecord { piece, acts, numbers }) => {
                for (position, act) in acts.iter().enumerate() {
                    self.act(piece, act, numbers.get(position).copied())?;
                }
                self.pieces.insert(piece);
            }
            Record::Erased(piece) => drop(self.erased.insert(piece)),
            Record::Held(held) => records::put(tx, RecordKind::Held, &held.document.to_bytes(), &held)?,
            Record::Census { student, voices } => {
                records::put(tx, RecordKind::Census, student.as_bytes(), &voices)?;
            }
            Record::Read(piece, entries) => {
                entries.into_iter().try_for_each(|entry| read_marks::put(tx, piece, entry, false))?;
            }
            Record::Class(class) => records::put(tx, RecordKind::Class, class.id.as_bytes(), &class)?,
            Record::Gone(RecordKind::Piece, id) => {
                let piece = PieceId::from_bytes(crate::store::bytes(&id, "a piece's id")?);
                let own = piece_of(tx, piece)?.is_some_and(|piece| piece.maker == self.me.person);
                if !own {
                    log::forget_acts(tx, piece, self.me.device)?;
                    self.pieces.insert(piece);
                }
            }
            // The school is never out of sight; what was erased, or looked at, stays so.
            Record::Gone(RecordKind::School | RecordKind::Erased | RecordKind::Read, _) => {}
            Record::Gone(
                kind @ (RecordKind::Framework
                | RecordKind::Person
                | RecordKind::Project
                | RecordKind::Folio
                | RecordKind::Census
                | RecordKind::Class
                | RecordKind::Held),
                id,
            ) => records::remove(tx, kind, &id)?,
        }
        Ok(())
    }

    /// Believes a key only by its chain. One that no device of its person vouched for, although she had some, is marked.
    fn key(&mut self, record: &DeviceRecord) -> Result<(), DeviceError> {
        let known: Vec<DeviceId> = records::devices_of(self.tx, record.person)?;
        let vouched = match record.inviter {
            Inviter::Root => false,
            Inviter::Device(device) => known.contains(&device),
        };
        let tx = self.tx;
        let person = |id: PersonId| records::get(tx, RecordKind::Person, id.as_bytes()).ok().flatten();
        if self.ring.learn_knowing(record, &person).is_err() {
            return Ok(());
        }
        let is_unknown = !known.contains(&record.device);
        // An invitation makes one device: a second one under it is marked too.
        let is_second = is_unknown && self.ring.has_another_by(record);
        let is_new = is_second || (is_unknown && !known.is_empty() && !vouched);
        records::put_key(self.tx, record, is_new)?;
        self.learned |= is_unknown;
        Ok(())
    }

    fn act(&mut self, piece: PieceId, signed: &SignedAct, n: Option<u64>) -> Result<(), DeviceError> {
        // One of a newer version is kept with its record.
        let Ok(act) = Act::from_bytes(&signed.body) else { return Ok(()) };
        if act.piece() != Some(piece) {
            return Ok(());
        }
        let verified = self.is_genuine(signed);
        log::put_act(self.tx, signed, &act, true, verified)?;
        match n {
            Some(n) if verified => log::set_act_number(self.tx, signed.id, n)?,
            // Its maker's key may come later. What is believed already has its number from elsewhere.
            Some(n) => log::set_unverified_act_number(self.tx, signed.id, n)?,
            None => {}
        }
        self.learned |= verified;
        Ok(())
    }

    /// Signed by a device of somebody whose act it can be. Its maker declares, places, offers and shares a piece; where it lies
    /// is decided by the owner of the folio and her teachers, too. What one of these needs may come later: then it is looked at
    /// again.
    fn is_genuine(&self, signed: &SignedAct) -> bool {
        let Some((person, act)) = self.ring.verify_act(signed) else { return false };
        if let Some((maker, _)) = act.declared() {
            return maker == person;
        }
        let Some(piece) = act.piece() else { return true };
        let Ok(Some(maker)) = declared_maker(self.tx, piece) else { return false };
        if let Act::Accept { offer, .. } = &act {
            let offer = log::act(self.tx, *offer).ok().flatten();
            let folio = offer.and_then(|offer| Act::from_bytes(&offer.body).ok()?.puts_in());
            return maker != person && folio.is_some_and(|folio| self.may_decide_on(folio, person));
        }
        if let Act::Unplace { folio, .. } = &act {
            return maker == person || self.may_decide_on(*folio, person);
        }
        maker == person
    }

    /// Is this person the owner of the folio, or one who teaches or taught? Of a folio that is not known here, nobody can say.
    fn may_decide_on(&self, folio: FolioId, person: PersonId) -> bool {
        let known = records::get::<Folio>(self.tx, RecordKind::Folio, folio.as_bytes()).ok().flatten();
        let Some(known) = known.filter(|known| known.student != person) else { return true };
        let teaches = known.circle.iter().any(|row| row.person == person && row.role == Role::Teacher);
        let has_taught = || {
            let person =
                records::get::<Person>(self.tx, RecordKind::Person, person.as_bytes()).ok().flatten();
            person.is_some_and(|person| {
                let mut kinds = person.kinds.iter().chain(&person.past_kinds);
                kinds.any(|kind| PersonKind::STAFF.contains(kind))
            })
        };
        teaches || has_taught()
    }

    pub(in crate::device) fn change(&mut self, change: &SignedChange, n: u64) -> Result<(), DeviceError> {
        if erased::contains(self.tx, change.document.piece)? {
            return Ok(());
        }
        let known = log::document(self.tx, change.document)?;
        let was_aside = known.as_ref().is_some_and(|document| document.set_aside.is_some());
        let known_actor = known.as_ref().and_then(|document| document.actor);
        let class = match known {
            Some(document) => document.class,
            // News of a document that was never announced: kept, and read as the least that it can be.
            None => least(change.document),
        };
        let row = log::put_document(self.tx, change.document, class, false)?;
        let verified = self.verified(row, change)?;
        if verified {
            self.make_way(row, known_actor, change)?;
        }
        let state = if verified { ChangeState::InUse } else { ChangeState::Unverified };
        let (_, is_new) = log::put_change(self.tx, row, change, Some(n), state)?;
        if verified && (is_new || was_aside) {
            self.dirty.insert(change.document, row);
        }
        Ok(())
    }

    /// Another self of this store wrote under our actor: before it was put back to an earlier state, or on a second
    /// device. From now on we write under a new one, and what we wrote under the same number is written again.
    fn make_way(
        &mut self,
        row: i64,
        ours: Option<[u8; 16]>,
        change: &SignedChange,
    ) -> Result<(), DeviceError> {
        if ours != Some(change.actor) || log::has_change(self.tx, row, change.hash)? {
            return Ok(());
        }
        log::set_actor(self.tx, row, None)?;
        match log::clash(self.tx, row, change)? {
            Some((clashing, None)) => self.set_change_aside(clashing, Reason::ActorTaken),
            Some((_, Some(_))) | None => Ok(()),
        }
    }

    fn verified(&self, row: i64, change: &SignedChange) -> Result<bool, DeviceError> {
        let writer = match change.document.writer() {
            Writer::One(author) => Some(author),
            Writer::Maker => declared_maker(self.tx, change.document.piece)?,
            // Who of the circle may is the relay's word; whose device it is, is her signature's. Nobody writes on under an
            // actor of somebody else.
            Writer::Circle => {
                let person = |device| self.ring.get(device).map(|key| key.person);
                let first = log::first_under(self.tx, row, change.actor)?;
                person(change.device)
                    .filter(|writer| first.is_none_or(|first| person(first) == Some(*writer)))
            }
            Writer::Unknown => None,
        };
        Ok(writer.is_some_and(|writer| self.ring.verify_change(change, writer).is_ok()))
    }

    pub(in crate::device) fn pack(&mut self, pack: Pack) -> Result<(), DeviceError> {
        let mut last = 0;
        for news in pack.changes.iter().filter(|news| news.change.document == pack.document) {
            self.change(&news.change, news.n)?;
            last = news.n;
        }
        if pack.whole {
            log::set_whole(self.tx, pack.document)?;
            records::remove_fill(self.tx, pack.document)?;
            self.offer_what_it_lacks(pack.document)?;
        } else if last > 0 {
            records::put_fill(self.tx, pack.document, last)?;
        }
        Ok(())
    }

    /// The relay has something else than what is here: all of it comes again. What then has no number still, the relay
    /// lacks, and is offered. Of the documents it does not name, her own are so at once, and others' are out of sight.
    pub(in crate::device) fn begin_again(
        &mut self,
        named: &[ToFill],
    ) -> Result<Vec<crate::blob::BlobHash>, DeviceError> {
        let tx = self.tx;
        log::lose_numbers(tx, 0)?;
        for act in log::own_acts(tx, self.me.device, None)? {
            outbox::add(tx, Owed::Act(act))?;
        }
        let named: BTreeSet<DocumentId> = named.iter().map(|fill| fill.document).collect();
        let mut dropped = Vec::new();
        for document in log::all_documents(tx)?.iter().filter(|document| !named.contains(&document.id)) {
            if self.is_own(document.id)? {
                self.offer_what_it_lacks(document.id)?;
            } else {
                dropped.extend(self.purge(document.id)?);
            }
        }
        Ok(dropped)
    }

    fn is_own(&self, document: DocumentId) -> Result<bool, DeviceError> {
        Ok(match document.writer() {
            Writer::One(author) => author == self.me.person,
            Writer::Maker => declared_maker(self.tx, document.piece)? == Some(self.me.person),
            Writer::Circle | Writer::Unknown => false,
        })
    }

    /// All that the relay has of a document is here: what it once had and has no more is offered to it.
    fn offer_what_it_lacks(&self, document: DocumentId) -> Result<(), DeviceError> {
        let Some(known) = log::document(self.tx, document)? else { return Ok(()) };
        for change in log::unnumbered_changes(self.tx, Some(known.row))? {
            outbox::add(self.tx, Owed::Change(change))?;
        }
        Ok(())
    }

    /// The relay lacks a file that is here: it goes up once more, whoever brought it first.
    pub(in crate::device) fn bring(
        &self,
        piece: PieceId,
        blob: crate::blob::BlobHash,
        size: u64,
    ) -> Result<(), DeviceError> {
        let Some(document) = log::document(self.tx, DocumentId::content(piece))? else { return Ok(()) };
        let Some(content) = index::content(self.tx, piece)? else { return Ok(()) };
        let named = [content.media, content.earlier].concat();
        let Some(medium) = named.iter().find(|medium| medium.blobs().any(|hash| hash == blob)) else {
            return Ok(());
        };
        if let Some(change) = log::change_that_names(self.tx, document.row, blob)? {
            let is_preview = medium.original != blob;
            Ok(transfers::bring_again(self.tx, blob, piece, size, is_preview, change)?)
        } else {
            Ok(())
        }
    }

    /// Nothing of a piece stays, what is unsent included. What someone wrote about another's work and could not send is
    /// kept apart for her. Returns blobs that nothing here names any more.
    pub(in crate::device) fn erase(
        &mut self,
        piece: PieceId,
    ) -> Result<Vec<crate::blob::BlobHash>, DeviceError> {
        if erased::contains(self.tx, piece)? {
            return Ok(Vec::new());
        }
        let mut hashes: BTreeSet<_> = transfers::of_piece(self.tx, piece)?.into_iter().collect();
        if let Some(content) = index::content(self.tx, piece)? {
            hashes.extend([content.media, content.earlier].concat().iter().flat_map(Medium::blobs));
        }
        let unsent = self.unsent_words(piece)?;
        erased::erase(self.tx, piece)?;
        newer::forget(self.tx, RecordKind::Piece.number(), piece.as_bytes())?;
        if let Some(words) = unsent {
            let (reason, item) = (Reason::Erased.code().to_owned(), Vec::new());
            outbox::set_aside(self.tx, &SetAside { piece: None, document: None, item, reason, words })?;
        }
        self.dirty.retain(|document, _| document.piece != piece);
        self.pieces.remove(&piece);
        let mut unnamed = Vec::new();
        for hash in hashes {
            if !index::names_blob(self.tx, hash)? && !transfers::is_owed_or_sent(self.tx, hash)? {
                transfers::unwant(self.tx, hash)?;
                unnamed.push(hash);
            }
        }
        Ok(unnamed)
    }

    /// What this person said on another's piece and could not send.
    fn unsent_words(&self, piece: PieceId) -> Result<Option<String>, DeviceError> {
        let me = self.me.person;
        if declared_maker(self.tx, piece)? == Some(me) {
            return Ok(None);
        }
        let mut words = Vec::new();
        for document in log::documents_of(self.tx, piece)? {
            let is_unsent = !log::unnumbered_changes(self.tx, Some(document.row))?.is_empty();
            if document.id.author() == Some(me) && is_unsent {
                words.extend(words_of(self.tx, document.row, document.id)?);
            }
        }
        Ok((!words.is_empty()).then(|| words.join("\n")))
    }

    /// Forgets a document that went out of sight, unless it is the person's own. Returns blobs that nothing here
    /// names any more.
    pub(in crate::device) fn purge(
        &mut self,
        document: DocumentId,
    ) -> Result<Vec<crate::blob::BlobHash>, DeviceError> {
        if self.is_own(document)? {
            return Ok(Vec::new());
        }
        let media = match document.part {
            Part::Content => index::content(self.tx, document.piece)?
                .map(|content| [content.media, content.earlier].concat())
                .unwrap_or_default(),
            Part::Voice { .. } | Part::Shared | Part::Newer { .. } => Vec::new(),
        };
        log::forget_document(self.tx, document)?;
        self.dirty.remove(&document);
        let hashes: Vec<_> = media.iter().flat_map(Medium::blobs).collect();
        for hash in &hashes {
            transfers::unwant(self.tx, *hash)?;
        }
        let mut unnamed = Vec::new();
        for hash in hashes {
            if !index::names_blob(self.tx, hash)? {
                unnamed.push(hash);
            }
        }
        Ok(unnamed)
    }

    /// Verifies what waited for a key or an act, and brings everything that changed up to date.
    pub(in crate::device) fn finish(&mut self) -> Result<(), DeviceError> {
        if self.learned {
            for signed in log::unverified_acts(self.tx)? {
                if self.is_genuine(&signed) {
                    log::set_act_verified(self.tx, signed.id)?;
                    let act = Act::from_bytes(&signed.body).ok();
                    self.pieces.extend(act.and_then(|act| act.piece()));
                }
            }
        }
        for piece in std::mem::take(&mut self.pieces) {
            reindex_piece(self.tx, piece)?;
        }
        if self.learned {
            for waiting in log::unverified_changes(self.tx)? {
                if self.verified(waiting.document, &waiting.change)? {
                    log::set_state(self.tx, waiting.row, ChangeState::InUse)?;
                    self.dirty.insert(waiting.change.document, waiting.document);
                }
            }
        }
        for (document, row) in std::mem::take(&mut self.dirty) {
            reindex_document(self.tx, row, document)?;
            if document == DocumentId::content(document.piece) {
                self.want_previews(document.piece)?;
            }
        }
        Ok(())
    }

    /// Small pictures come by themselves where somebody is likely to look: on work of the last weeks, and on what waits for
    /// this teacher. Others come when their piece is opened.
    fn want_previews(&self, id: PieceId) -> Result<(), DeviceError> {
        let Some(content) = index::content(self.tx, id)? else { return Ok(()) };
        let age = self.now.millis().saturating_sub(id.made_at().millis());
        if age > RECENT && !self.waits_for_me(id, &content)? {
            return Ok(());
        }
        let own = declared_maker(self.tx, id)? == Some(self.me.person);
        for preview in content.media.iter().filter_map(|medium| medium.preview).take(40) {
            if !(own && transfers::is_owed_or_sent(self.tx, preview)?) {
                transfers::want(self.tx, preview, Wanted::Small)?;
            }
        }
        Ok(())
    }

    fn waits_for_me(&self, id: PieceId, content: &Content) -> Result<bool, DeviceError> {
        let me = self.me.person;
        let Ok((piece, circles)) = piece_and_circles(self.tx, id, self.now) else { return Ok(false) };
        for placement in &piece.placements {
            let class = piece.voice_class(&circles, me, Some(placement.student));
            let teaches = piece.maker != me && class == Some(Class::Voice(Role::Teacher));
            if teaches && review(self.tx, me, id, placement.student)?.waits(&content.outcomes) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Who made a piece, by its own declaration. Declarations are verified before they are believed.
fn declared_maker(
    conn: &rusqlite::Connection,
    piece: PieceId,
) -> Result<Option<crate::ids::PersonId>, DeviceError> {
    Ok(log::acts_of(conn, piece)?.iter().find_map(|signed| {
        let (maker, _) = Act::from_bytes(&signed.body).ok()?.declared()?;
        Some(maker)
    }))
}
