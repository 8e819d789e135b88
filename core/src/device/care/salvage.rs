//! Saving what can be saved of a damaged store into a new one.
//!
//! What people said proves itself: a change or an act is taken if its signature holds, a file if its bytes have its
//! name. Everything made here is offered to the school again, which knows what it has. The new store writes under new
//! actors, so it never gives a number twice, however much of the old one is lost. The damaged store is left as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use rusqlite::{Row, Transaction};
use serde::Serialize;

use crate::blob::BlobHash;
use crate::document::{SignedChange, chunk_hash};
use crate::ids::{DeviceId, DocumentId, PersonId, PieceId, Writer};
use crate::model::act::Act;
use crate::model::directory::DeviceRecord;
use crate::model::role::Class;
use crate::signing::PublicKey;
use crate::store::log::ChangeState;
use crate::store::outbox::Owed;
use crate::store::salvage::{Found, Remains, Table};
use crate::store::transfers::{Held, Wanted};
use crate::store::{
    Identity, Place, Store, StoreError, distrusted, erased, index, log, make_folder, outbox, records,
    transfers,
};
use crate::sync::verify::KeyRing;

use crate::device::reindex::{least, reindex_document};
use crate::device::{Device, DeviceError};

use rows::{
    ActRow, ChangeRow, DocumentRow, act_row, array, change_row, document_row, found, identity_in, keys_in,
    record_row, set_aside_row,
};

mod rows;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Salvaged {
    /// Changes of sheets that were saved.
    pub changes: u64,
    /// Changes that were found damaged.
    pub damaged_changes: u64,
    /// Acts that were saved: pieces, and where and with whom they are.
    pub acts: u64,
    /// Acts that were found damaged.
    pub damaged_acts: u64,
    /// Photos and other files that were copied.
    pub files: u64,
    /// Files that were found damaged.
    pub damaged_files: u64,
    /// Files of work made here that are not here whole: they come back, if the school has them.
    pub missing_files: u64,
    /// Things that the school had refused, kept with their words.
    pub set_aside: u64,
    /// Sheets that lack a change they build on, unless the school has it.
    pub incomplete: u64,
    /// Parts of the database that were broken. What lay on a broken page can't be counted.
    pub broken: Vec<&'static str>,
}

impl fmt::Display for Salvaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let things = |count: u64, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        let (changes, acts) = (things(self.changes, "change"), things(self.acts, "act"));
        writeln!(f, "Saved: {changes}, {acts}, {}.", things(self.files, "file"))?;
        let damaged =
            [(self.damaged_changes, "change"), (self.damaged_acts, "act"), (self.damaged_files, "file")];
        let damaged: Vec<String> =
            damaged.iter().filter(|(count, _)| *count > 0).map(|(count, one)| things(*count, one)).collect();
        if !damaged.is_empty() {
            writeln!(f, "Damaged and not saved: {}.", damaged.join(", "))?;
        }
        if !self.broken.is_empty() {
            writeln!(f, "Broken in the old database: {}; there may have been more.", self.broken.join(", "))?;
        }
        if self.missing_files > 0 {
            let files = things(self.missing_files, "file");
            writeln!(f, "Not here any more: {files}. What the school has of them comes back.")?;
        }
        if self.incomplete > 0 {
            let sheets = things(self.incomplete, "sheet");
            writeln!(
                f,
                "Shown as far as they could be read: {sheets}. What the school has of them comes back."
            )?;
        }
        write!(f, "Sync now, and use the old folder no more; keep it until everything you miss is found.")
    }
}

impl Device {
    /// Saves what can be saved of the store at `from` into `to`: a new store of the same device, or one that is there
    /// already and belongs to the same person. It may be repeated.
    pub fn salvage(from: impl Into<Place>, to: impl Into<Place>) -> Result<(Self, Salvaged), DeviceError> {
        let (from, to) = (from.into(), to.into());
        if from == to {
            return Err(StoreError::Present(to.path().to_owned()).into());
        }
        if let Place::Folder(folder) = &to {
            make_folder(folder)?;
        }
        let _nobody_writes = from.hold()?;
        let remains = Remains::of(&from, to.path())?;
        let keys = keys_in(&remains)?;
        let identity = identity_in(&remains, &keys)?;
        let mut device = match identity {
            identity if to.is_taken() => {
                let device = Self::open(&to)?;
                let same =
                    |other: &Identity| (other.person, other.school) == (device.me.person, device.me.school);
                if identity.as_ref().is_some_and(|other| !same(other)) {
                    return Err(StoreError::Foreign(to.path().to_owned()).into());
                }
                device
            }
            Some(identity) => Self::with(Store::create(&to, &identity)?)?,
            None => return Err(StoreError::Nobody(from.path().to_owned()).into()),
        };
        let mut saved = Salvaged::default();
        device.take_files(&from, &mut saved)?;
        device.take_words(&remains, &keys, &mut saved)?;
        device.bring_index_up_to_date()?;
        device.owe_files(&remains, &mut saved)?;
        Ok((device, saved))
    }

    /// Copies every file whose bytes have its name, before anything mentions it.
    fn take_files(&self, from: &Place, saved: &mut Salvaged) -> Result<(), DeviceError> {
        let Place::Folder(folder) = from else { return Ok(()) };
        let blobs = self.store.blobs();
        for path in files_below(&folder.join("blobs"), 2) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(hash) = format!("sha256:{name}").parse::<BlobHash>() else { continue };
            if hash_of(&path) != Some(hash) {
                saved.damaged_files += 1;
                continue;
            }
            let failed = |source| StoreError::File { path: path.clone(), doing: "copied", source };
            let mut file = fs::File::open(&path).map_err(failed)?;
            let size = file.metadata().map_err(failed)?.len();
            blobs.put_from(size, |to| std::io::copy(&mut file, to).map(drop).map_err(failed))?;
            saved.files += 1;
        }
        Ok(())
    }

    /// Takes what was said, in one transaction.
    fn take_words(
        &mut self,
        remains: &Remains,
        keys: &[(DeviceRecord, bool)],
        saved: &mut Salvaged,
    ) -> Result<(), DeviceError> {
        let (me, ring) = (&self.me, &mut self.ring);
        self.store.write(|tx| {
            for (record, is_new) in keys {
                if ring.learn(record).is_ok() {
                    records::put_key(tx, record, *is_new)?;
                }
            }
            for (kind, id, body) in found(remains, Table::Record, record_row, saved)?.all() {
                records::restore(tx, kind, &id, &body)?;
            }
            let piece = |row: &Row<'_>| row.get::<_, Vec<u8>>(0);
            for piece in found(remains, Table::Erased, piece, saved)?.all() {
                if let Some(piece) = array(&piece) {
                    erased::erase(tx, PieceId::from_bytes(piece))?;
                }
            }
            let mut taking = Taking { tx, me, ring, makers: BTreeMap::new() };
            taking.acts(found(remains, Table::Act, act_row, saved)?, saved)?;
            let documents = found(remains, Table::Document, document_row, saved)?;
            taking.changes(found(remains, Table::Change, change_row, saved)?, documents, saved)?;
            for aside in found(remains, Table::SetAside, set_aside_row, saved)?.all() {
                let is_here = outbox::all_set_aside(tx)?.iter().any(|known| known.item == aside.item);
                if !is_here {
                    outbox::set_aside(tx, &aside)?;
                    saved.set_aside += 1;
                }
            }
            let distrust = |row: &Row<'_>| row.get::<_, Vec<u8>>(0);
            for document in found(remains, Table::Distrusted, distrust, saved)?.all() {
                if let Some(document) = DocumentId::from_bytes(&document) {
                    distrusted::add(tx, document)?;
                }
            }
            Ok::<_, DeviceError>(crate::store::put_meta(tx, crate::device::settings::REINDEX, b"")?)
        })
    }

    /// Owes the school the files of what was made here, and wants back those that are lost.
    fn owe_files(&mut self, remains: &Remains, saved: &mut Salvaged) -> Result<(), DeviceError> {
        let (me, blobs) = (&self.me, self.store.blobs().clone());
        self.store.write(|tx| {
            for document in log::all_documents(tx)? {
                let changes = log::changes_of(tx, document.row)?;
                let waiting = reindex_document(tx, document.row, document.id)?;
                saved.incomplete += u64::from(!waiting.is_empty() || document.set_aside.is_some());
                if document.id != DocumentId::content(document.id.piece) {
                    continue;
                }
                let content = index::content(tx, document.id.piece)?.unwrap_or_default();
                let is_preview = |hash: BlobHash| {
                    content.media.iter().chain(&content.earlier).any(|medium| medium.preview == Some(hash))
                };
                for change in changes.iter().filter(|change| change.change.device == me.device) {
                    for hash in &change.change.blobs {
                        match blobs.size(*hash) {
                            Some(size) => {
                                let piece = document.id.piece;
                                transfers::add_upload(tx, *hash, piece, size, is_preview(*hash), change.row)?;
                            }
                            None => {
                                transfers::want(tx, *hash, Wanted::All)?;
                                saved.missing_files += 1;
                            }
                        }
                    }
                }
            }
            let held = |row: &Row<'_>| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
            };
            for (hash, piece, held) in found(remains, Table::Upload, held, saved)?.all() {
                let held = Held::of(held);
                let (Ok(hash), Ok(piece)) = (<[u8; 32]>::try_from(hash), <[u8; 16]>::try_from(piece)) else {
                    continue;
                };
                if held != Held::Not {
                    let hash = Some(BlobHash::from_digest(hash));
                    transfers::hold(tx, PieceId::from_bytes(piece), hash, held)?;
                }
            }
            Ok(())
        })
    }
}

/// Believes what its signature proves, and keeps it.
struct Taking<'a> {
    tx: &'a Transaction<'a>,
    me: &'a Identity,
    ring: &'a KeyRing,
    /// Who made each piece, by its declaration.
    makers: BTreeMap<PieceId, PersonId>,
}

impl Taking<'_> {
    /// Whose device it is, and its key.
    fn writer(&self, device: DeviceId) -> Option<(PersonId, PublicKey)> {
        if device == self.me.device {
            return Some((self.me.person, self.me.key.public()));
        }
        self.ring.get(device).map(|key| (key.person, key.key))
    }

    fn acts(&mut self, found: Found<ActRow>, saved: &mut Salvaged) -> Result<(), DeviceError> {
        let whole = found.whole;
        for (row, is_live) in found
            .rows
            .into_iter()
            .map(|row| (row, true))
            .chain(found.strewn.into_iter().map(|row| (row, !whole)))
        {
            let genuine = row.signed.as_ref().and_then(|signed| {
                let (person, key) = self.writer(signed.device)?;
                signed.verify(self.me.school, &key).ok()?;
                Some((person, Act::from_bytes(&signed.body).ok()?))
            });
            let Some(signed) = row.signed else {
                saved.damaged_acts += u64::from(is_live);
                continue;
            };
            let of = genuine.as_ref().and_then(|(_, act)| act.piece());
            if of.map_or(Ok(false), |piece| erased::contains(self.tx, piece))? {
                continue;
            }
            let Some((person, act)) = genuine else {
                match Act::from_bytes(&signed.body) {
                    // Its key comes with the school's records.
                    Ok(act) if is_live && self.writer(signed.device).is_none() => {
                        log::put_act(self.tx, &signed, &act, true, false)?;
                        saved.acts += 1;
                    }
                    _ => saved.damaged_acts += u64::from(is_live),
                }
                continue;
            };
            let is_own = person == self.me.person;
            if let Act::DeclarePiece { piece, maker, .. } = act
                && maker == person
            {
                self.makers.insert(piece, maker);
            }
            if (!is_live && !is_own) || log::act(self.tx, signed.id)?.is_some() {
                continue;
            }
            log::put_act(self.tx, &signed, &act, !is_own, true)?;
            saved.acts += 1;
            match row.refused {
                Some(refused) => log::settle_act(self.tx, signed.id, Some(&refused))?,
                None if is_own => outbox::add(self.tx, Owed::Act(signed.id))?,
                None => {}
            }
        }
        Ok(())
    }

    fn changes(
        &self,
        found: Found<ChangeRow>,
        documents: Found<DocumentRow>,
        saved: &mut Salvaged,
    ) -> Result<(), DeviceError> {
        let known: BTreeMap<i64, (DocumentId, Class, bool)> =
            documents.all().filter_map(|(row, document)| Some((row, document?))).collect();
        let candidates = self.candidates(known.values().map(|(id, ..)| *id))?;
        let whole = found.whole;
        let rows = found.rows.into_iter().map(|row| (row, true));
        let mut rows: Vec<(ChangeRow, bool)> =
            rows.chain(found.strewn.into_iter().map(|row| (row, !whole))).collect();
        // In the order in which they were made: each is offered after what it builds on.
        rows.sort_by_key(|(row, is_live)| (row.row, !is_live));
        for (row, is_live) in rows {
            let Some(change) = row.change else {
                saved.damaged_changes += u64::from(is_live);
                continue;
            };
            let expected = known.get(&row.document).map(|(id, ..)| *id);
            let placed = match self.writer(change.device) {
                Some(writer) => self.placed(&change, writer, expected, &candidates),
                // Its key comes with the school's records.
                None if chunk_hash(&change.raw) == Ok(change.hash) => expected.map(|id| (id, None)),
                None => None,
            };
            let Some((id, person)) = placed else {
                saved.damaged_changes += u64::from(is_live);
                continue;
            };
            let is_own = person == Some(self.me.person);
            if (!is_live && !is_own) || erased::contains(self.tx, id.piece)? {
                continue;
            }
            let change = SignedChange { document: id, ..change };
            let (class, from_relay) = known
                .values()
                .find(|(known, ..)| *known == id)
                .map_or((least(id), false), |(_, class, from_relay)| (*class, *from_relay));
            let document = log::put_document(self.tx, id, class, from_relay)?;
            let state = match person {
                None => ChangeState::Unverified,
                Some(_) if row.is_aside => ChangeState::SetAside,
                Some(_) => ChangeState::InUse,
            };
            let (at, is_new) = log::put_change(self.tx, document, &change, None, state)?;
            saved.changes += u64::from(is_new);
            if is_own && is_new && !row.is_aside {
                outbox::add(self.tx, Owed::Change(at))?;
            }
        }
        Ok(())
    }

    /// The sheet that a change's signature names, with who made it.
    fn placed(
        &self,
        change: &SignedChange,
        (person, key): (PersonId, PublicKey),
        expected: Option<DocumentId>,
        candidates: &BTreeSet<DocumentId>,
    ) -> Option<(DocumentId, Option<PersonId>)> {
        // Whose declaration is lost may have made it: then only one's own work is taken for one's own.
        let maker = |piece: PieceId| self.makers.get(&piece).copied().unwrap_or(self.me.person);
        let names = |document: &DocumentId| {
            let change = SignedChange { document: *document, ..change.clone() };
            let is_writer = match document.writer() {
                Writer::Maker => maker(document.piece) == person,
                Writer::One(author) => author == person,
                Writer::Circle => true,
                Writer::Unknown => false,
            };
            is_writer && change.verify(self.me.school, &key).is_ok()
        };
        let found = expected.filter(names).or_else(|| candidates.iter().copied().find(names));
        found.map(|document| (document, Some(person)))
    }

    /// Every sheet that a change may belong to whose sheet can't be read: of each piece its content, and what each known
    /// person may have said on it.
    fn candidates(
        &self,
        known: impl Iterator<Item = DocumentId>,
    ) -> Result<BTreeSet<DocumentId>, DeviceError> {
        const MOST: usize = 20_000;
        let mut sheets: BTreeSet<DocumentId> = known.collect();
        let mut pieces: BTreeSet<PieceId> = sheets.iter().map(|id| id.piece).collect();
        pieces.extend(log::pieces(self.tx)?);
        let mut people: BTreeSet<PersonId> =
            sheets.iter().flat_map(|id| [id.author(), id.about()]).flatten().collect();
        people.insert(self.me.person);
        people.extend(records::keys(self.tx)?.into_iter().map(|(record, _)| record.person));
        for piece in &pieces {
            sheets.insert(DocumentId::content(*piece));
            for author in &people {
                let about = people.iter().copied().map(Some).chain([None]);
                sheets.extend(about.map(|about| DocumentId::voice(*piece, *author, about)));
            }
            if sheets.len() > MOST {
                break;
            }
        }
        Ok(sheets)
    }
}

/// The files in a folder's folders.
fn files_below(folder: &Path, depth: u32) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    // What can't be listed has nothing to give.
    for found in fs::read_dir(folder).into_iter().flatten().flatten() {
        match (found.file_type(), depth) {
            (Ok(kind), 1..) if kind.is_dir() => files.extend(files_below(&found.path(), depth - 1)),
            (Ok(kind), 0) if kind.is_file() => files.push(found.path()),
            _ => {}
        }
    }
    files
}

fn hash_of(path: &Path) -> Option<BlobHash> {
    use sha2::Digest;
    let mut digest = sha2::Sha256::new();
    std::io::copy(&mut fs::File::open(path).ok()?, &mut digest).ok()?;
    Some(BlobHash::from_digest(digest.finalize().into()))
}
