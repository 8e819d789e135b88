//! Where one's own work is, worked out once for all pieces.

use std::collections::{BTreeMap, BTreeSet};

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Device, DeviceError, Waiting, Why};
use fieldfolio_core::ids::{DocumentId, PieceId};
use fieldfolio_core::model::piece::Medium;
use fieldfolio_core::store::transfers::Held;

use super::{Views, count, text};
use crate::records::{self, At, HeldBack, MediaUsage, Whereabouts};

/// What is owed and what was refused, by piece.
pub(super) struct Standings {
    owed: BTreeMap<PieceId, Vec<Waiting>>,
    refused: BTreeSet<PieceId>,
    uploads: BTreeMap<PieceId, Vec<Sent>>,
}

struct Sent {
    hash: BlobHash,
    held: Held,
    is_preview: bool,
    sent: u64,
    size: u64,
    is_done: bool,
    why: Option<Why>,
}

impl Standings {
    pub(super) fn of(device: &Device) -> Result<Self, DeviceError> {
        let mut owed: BTreeMap<PieceId, Vec<Waiting>> = BTreeMap::new();
        for waiting in device.waiting()? {
            if let Some(piece) = waiting.piece {
                owed.entry(piece).or_default().push(waiting);
            }
        }
        let mut uploads: BTreeMap<PieceId, Vec<Sent>> = BTreeMap::new();
        for upload in device.uploads()? {
            uploads.entry(upload.piece).or_default().push(Sent {
                hash: upload.hash,
                held: upload.held,
                is_preview: upload.is_preview,
                sent: if upload.is_done { upload.size } else { upload.sent },
                size: upload.size,
                is_done: upload.is_done,
                why: upload.reason.as_deref().map(Why::read),
            });
        }
        let refused = device.refused_pieces()?.into_iter().collect();
        Ok(Self { owed, refused, uploads })
    }

    /// Where a whole piece of one's own is.
    pub(super) fn piece(&self, piece: PieceId) -> Whereabouts {
        if self.refused.contains(&piece) {
            return Whereabouts { at: At::Refused, ..at_school() };
        }
        let uploads = self.uploads.get(&piece).map(Vec::as_slice).unwrap_or_default();
        joined(self.owed(piece), uploads.iter())
    }

    /// Where one document of one's own is.
    pub(super) fn document(&self, document: DocumentId) -> Whereabouts {
        let owed = self.owed(document.piece).filter(|waiting| waiting.document == Some(document));
        joined(owed, [].iter())
    }

    /// Where a medium of one's own is.
    pub(super) fn medium(&self, piece: PieceId, medium: &Medium) -> Whereabouts {
        let uploads = self.uploads.get(&piece).map(Vec::as_slice).unwrap_or_default();
        joined(std::iter::empty(), uploads.iter().filter(|upload| medium.names(upload.hash)))
    }

    fn owed(&self, piece: PieceId) -> impl Iterator<Item = &Waiting> {
        self.owed.get(&piece).into_iter().flatten()
    }
}

/// Where what is not one's own is.
pub(super) fn at_school() -> Whereabouts {
    Whereabouts { at: At::School, why: None, sent: 0, of: 0 }
}

fn joined<'a>(
    owed: impl Iterator<Item = &'a Waiting>,
    uploads: impl Iterator<Item = &'a Sent>,
) -> Whereabouts {
    let (mut here, mut held, mut why) = (false, None, None);
    for waiting in owed {
        here = true;
        held = held.or(waiting.reason);
    }
    let (mut sent, mut of, mut sending) = (0, 0, false);
    for upload in uploads {
        (sent, of) = (sent + upload.sent, of + upload.size);
        if !upload.is_done {
            sending = true;
            why = why.or(upload.why);
        }
    }
    held = held.or(why.filter(|why| why.waits_for_people()));
    let at = match (held, here, sending) {
        (Some(_), _, _) => At::Waiting,
        (None, true, _) => At::Here,
        (None, false, true) => At::Sending,
        (None, false, false) => At::School,
    };
    Whereabouts { at, why: text(held.or(why).map(Why::code)), sent, of }
}

impl Views<'_> {
    /// Other devices of one's own that are in use and that none of one's devices vouched for.
    fn unvouched(&self) -> Result<Vec<String>, DeviceError> {
        let devices = self.devices()?.into_iter();
        let new = devices.filter(|device| device.is_new && !device.is_this && !device.revoked);
        Ok(new.map(|device| device.device).collect())
    }

    /// What came late and waits for this teacher's word.
    pub fn late_work(&self) -> Result<Vec<records::LateWork>, DeviceError> {
        let titles = self.titles()?;
        let held = self.device.held_back()?.into_iter();
        Ok(held
            .map(|held| records::LateWork {
                sheet: held.document.to_string(),
                piece: held.document.piece.to_string(),
                piece_title: titles.get(&held.document.piece).cloned(),
                author_name: self.name(held.author),
                since: held.since.millis(),
            })
            .collect())
    }

    /// The sheet of this name, if something of it came late and waits.
    pub fn late_sheet(&self, name: &str) -> Result<Option<DocumentId>, DeviceError> {
        let mut waiting = self.device.held_back()?.into_iter().map(|held| held.document);
        Ok(waiting.find(|document| document.to_string() == name))
    }

    /// How the device stands with the school.
    pub fn status(&self) -> Result<records::Status, DeviceError> {
        let (status, titles, standings) = (self.device.status()?, self.titles()?, self.standings()?);
        let mut waiting = Vec::new();
        for (piece, owed) in &standings.owed {
            let why = owed.iter().find_map(|waiting| waiting.reason).map(Why::code);
            let why = text(why);
            let piece_title = titles.get(piece).cloned();
            waiting.push(records::Waiting { piece: Some(piece.to_string()), piece_title, why });
        }
        let mut uploads = Vec::new();
        for (piece, files) in &standings.uploads {
            for file in files.iter().filter(|file| !file.is_done) {
                uploads.push(records::Upload {
                    piece: piece.to_string(),
                    piece_title: titles.get(piece).cloned().unwrap_or_default(),
                    hash: file.hash.to_string(),
                    is_preview: file.is_preview,
                    held: match file.held {
                        Held::Not => HeldBack::Not,
                        Held::Paused => HeldBack::Paused,
                        Held::Cancelled => HeldBack::Cancelled,
                    },
                    sent: file.sent,
                    size: file.size,
                    why: text(file.why.map(Why::code)),
                });
            }
        }
        let refused = status.set_aside.iter();
        let room = self.device.storage_space()?;
        Ok(records::Status {
            locked: status.locked,
            waiting,
            uploads,
            to_fill: count(status.to_fill),
            held: status
                .held
                .iter()
                .map(|(document, _)| records::Kept {
                    piece: document.piece.to_string(),
                    piece_title: titles.get(&document.piece).cloned(),
                })
                .collect(),
            refused: refused
                .map(|(why, words)| records::Refused { why: why.code().to_owned(), words: words.clone() })
                .collect(),
            unopened: count(status.unopened.len()),
            newer: u32::try_from(status.newer).unwrap_or(u32::MAX),
            new_devices: self.unvouched()?,
            media: MediaUsage { bytes: room.bytes, unsent: room.unsent, may_go: room.own_sent + room.others },
            paused: self.device.are_uploads_paused()?,
            thrifty: self.device.is_thrifty()?,
        })
    }
}
