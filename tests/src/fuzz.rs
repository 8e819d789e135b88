//! What must hold of every reader of bytes from outside, whatever the bytes are: it comes to its end without a panic, and
//! what it could read is the same when it is written and read again.
//!
//! One function for each kind of bytes. `tests/fuzz.rs` throws broken copies of real ones at them; so does cargo-fuzz,
//! from `fuzz/`. Each panics where something does not hold. The one for media names nothing but the crate that it is about,
//! so that cargo-fuzz builds it without a school.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldfolio_core::document::{Sheet, SignedChange, chunk_hash};
use fieldfolio_core::ids::{DeviceId, DocumentId, PieceId, SeededRng};
use fieldfolio_core::model::act::{Act, SignedAct};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::signing::Signature;
use fieldfolio_core::sync::relay::Sandbox;
use fieldfolio_core::sync::wire::{self, Cursor, Envelope, Item, Live, Request, Response, Verdict};
use fieldfolio_server::config::Config;
use fieldfolio_server::directory::{Edit, frameworks as imported};
use fieldfolio_server::exchange::revocations::{self, Revocation};
use fieldfolio_server::gate::ContainedTrial;
use fieldfolio_server::{database, uploads};
use minicbor::{Decode, Encode};

use crate::hostile;
use crate::sim::{School, scratch};

mod media;
pub mod mutate;
pub mod seeds;

pub use media::media_files;

/// A reader, by the name of its folder among the fixtures.
pub type Target = (&'static str, fn(&[u8]));

/// Every reader.
pub const TARGETS: [Target; 9] = [
    ("wire_frames", wire_frames),
    ("acts", acts),
    ("changes", changes),
    ("media", media_files),
    ("upload_headers", upload_headers),
    ("invitations", invitations),
    ("settings", settings),
    ("frameworks", frameworks),
    ("ends", ended),
];

/// The frames of the protocol, packed or not: what a relay reads of devices, and what devices read of a relay.
pub fn wire_frames(bytes: &[u8]) {
    if let Ok(request) = Request::from_bytes(bytes) {
        assert!(request.items.len() <= wire::MAX_ITEMS && request.fill.len() <= wire::MAX_FILLS);
        assert_eq!(Request::from_bytes(&wire::to_bytes(&request)), Ok(request));
    }
    for items in 0..3 {
        if let Ok(response) = Response::from_bytes(bytes, items) {
            for packed in [false, true] {
                assert_eq!(Response::from_bytes(&response.to_frame(packed), items).as_ref(), Ok(&response));
            }
        }
    }
    if let Ok(live) = Live::from_bytes(bytes) {
        for packed in [false, true] {
            assert_eq!(Live::from_bytes(&live.to_frame(packed)).as_ref(), Ok(&live));
        }
    }
    for reads in [
        comes_back::<Response>,
        comes_back::<Envelope>,
        comes_back::<Verdict>,
        comes_back::<Cursor>,
        comes_back::<Item>,
        comes_back::<wire::Enrol>,
        comes_back::<wire::Enrolled>,
        comes_back::<wire::ReEnrol>,
        comes_back::<wire::DirectoryCall>,
        comes_back::<wire::RevokedDevice>,
    ] {
        reads(bytes);
    }
    if let Ok(envelope) = wire::from_bytes::<Envelope>(bytes, wire::MAX_RESPONSE_BYTES)
        && let Some(record) = envelope.record()
    {
        assert_eq!(record.to_envelope().record(), Some(record));
    }
}

fn comes_back<T>(bytes: &[u8])
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug,
{
    if let Ok(frame) = wire::from_bytes::<T>(bytes, wire::MAX_RESPONSE_BYTES) {
        assert_eq!(wire::from_bytes(&wire::to_bytes(&frame), usize::MAX), Ok(frame));
    }
}

/// Bodies of acts: what can be read is read from exactly the bytes that were signed.
pub fn acts(bytes: &[u8]) {
    if let Ok(act) = Act::from_bytes(bytes) {
        assert_eq!(act.to_bytes(), bytes);
    }
    comes_back::<SignedAct>(bytes);
}

/// Raw changes: what passes the trial opens everywhere, with the heads that the trial told; and no trial ends the relay.
/// Anyone can put a checksum right, so each is read with its own and with the right one.
pub fn changes(bytes: &[u8]) {
    tried(bytes);
    comes_back::<SignedChange>(bytes);
    if let Some(rest) = bytes.get(9..) {
        let length = rest.iter().take(4).take_while(|byte| *byte & 0x80 != 0).count() + 1;
        tried(&hostile::chunk::seal(rest.get(length..).unwrap_or_default()).0);
    }
}

fn tried(bytes: &[u8]) {
    let hash = chunk_hash(bytes);
    let change = SignedChange {
        document: DocumentId::content(PieceId::from_bytes([1; 16])),
        device: DeviceId::from_bytes([2; 16]),
        actor: [3; 16],
        seq: 1,
        hash: hash.clone().unwrap_or(Head([0; 32])),
        blobs: Vec::new(),
        raw: bytes.to_vec(),
        signature: Signature::from_bytes([0; 64]),
    };
    if let Ok(tried) = ContainedTrial::new().trial(&[], &[&change]) {
        assert_eq!(hash, Ok(change.hash), "nothing is tried under another hash than its own");
        let sheet = Sheet::load([bytes]).expect("what passed the trial can be opened");
        assert_eq!(sheet.heads(), tried.after);
    }
}

/// The headers of uploads, as lines: what can be read has one spelling, and that one is read.
pub fn upload_headers(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii()))
        {
            headers.append(name, value);
        }
    }
    let read = uploads::readable(&headers);
    let again = read
        .iter()
        .map(|(name, text)| (name.clone(), HeaderValue::from_str(text).expect("a header is plain text")));
    assert_eq!(uploads::readable(&again.collect()), read);
}

/// Invitation links, whole or what a link packs: what can be read leads where its text says.
pub fn invitations(bytes: &[u8]) {
    followed(&String::from_utf8_lossy(bytes));
    followed(&format!("https://folio.school.example/#join={}", URL_SAFE_NO_PAD.encode(bytes)));
}

fn followed(text: &str) {
    let Ok(link) = InvitationLink::from_url(text) else { return };
    let url = link.to_url();
    assert!(url.starts_with("http://") || url.starts_with("https://"));
    let again = InvitationLink::from_url(&url).expect("a link that was read can be written and read");
    assert_eq!(again.to_url(), url);
}

/// The relay's settings, from their file and from the environment.
pub fn settings(bytes: &[u8]) {
    thread_local! {
        static FOLDERS: (tempfile::TempDir, tempfile::TempDir) =
            (scratch().expect("a folder"), scratch().expect("a folder"));
    }
    FOLDERS.with(|(folder, empty)| {
        std::fs::write(folder.path().join("fieldfolio.toml"), bytes).expect("a file can be written");
        let text = String::from_utf8_lossy(bytes);
        let by_name: BTreeMap<String, String> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (format!("FIELDFOLIO_{}", name.trim().to_uppercase()), value.to_owned()))
            .collect();
        for config in [
            Config::load(folder.path(), |_| None),
            Config::load(empty.path(), |name| by_name.get(name).cloned()),
        ] {
            match config {
                Ok(config) => assert!(!config.public_url().ends_with('/'), "{config:?}"),
                Err(wrong) => assert!(!wrong.to_string().is_empty()),
            }
        }
    });
}

thread_local! {
    static SCHOOL: RefCell<School> = RefCell::new(School::new(seeds::SCHOOL));
}

/// Files of frameworks: what is taken in is in order, and read again as it was taken.
pub fn frameworks(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    SCHOOL.with_borrow_mut(|school| {
        let now = school.now;
        let tx = database::begin(&mut school.conn).expect("the relay's database opens");
        let edit = Edit { tx: &tx, now, by: None };
        match imported::import(&edit, text, &mut SeededRng::new(1)) {
            Ok(id) => {
                let framework = imported::framework(&tx, id).expect("what was taken in is there");
                assert_eq!(framework.check(), Ok(()));
            }
            Err(refused) => assert!(!refused.to_string().is_empty()),
        }
        // Dropped, so that the next one finds the school as it was.
    });
}

/// What ended, by its file: whatever a damaged one says, the relay starts.
pub fn ended(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let ends: Vec<Revocation> = text.lines().filter_map(Revocation::read).collect();
    for end in &ends {
        assert_eq!(Revocation::read(end.line().trim_end_matches('\n')).as_ref(), Some(end));
    }
    SCHOOL.with_borrow_mut(|school| {
        let now = school.now;
        let tx = database::begin(&mut school.conn).expect("the relay's database opens");
        revocations::apply(&tx, now, &ends).expect("a line that ends nothing is passed over");
    });
}
