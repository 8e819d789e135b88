//! Ids, signed bytes, act bodies and what travels never change from version 0.2 on: they are pinned in `tests/vectors/`.
//!
//! A changed vector means that devices in the field no longer understand each other. Never edit one; a new version gets
//! new rows.

use std::collections::BTreeMap;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::{GENESIS, Sheet, chunk_hash};
use fieldfolio_core::ids::{
    ActId, DeviceId, DocumentId, EntryId, FolioId, OutcomeId, PersonId, PieceId, ProjectId, SchoolId,
    SeededRng,
};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::directory::RecordKind;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::{Role, Roles};
use fieldfolio_core::signing::{
    ChangeName, SecretKey, act_message, blob_list_hash, change_message, device_message, invitation_message,
    token_message,
};
use fieldfolio_core::sync::wire::{self, Record, Verdict};
use fieldfolio_core::time::Timestamp;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that is pinned, by name.
fn vectors() -> BTreeMap<String, String> {
    let school = SchoolId::from_bytes([1; 16]);
    let (mina, ito) = (PersonId::from_bytes([2; 16]), PersonId::from_bytes([3; 16]));
    let (piece, device) = (PieceId::from_bytes([4; 16]), DeviceId::from_bytes([5; 16]));
    let (project, act) = (ProjectId::from_bytes([6; 16]), ActId::from_bytes([7; 16]));
    let outcome = OutcomeId::from_bytes([8; 16]);
    let folio = FolioId::derive(school, mina, Some(project));
    let home = FolioId::derive(school, mina, None);
    let key = SecretKey::from_seed(&[9; 32]);
    let now = Timestamp::from_millis(1_790_000_000_000);
    let blobs = [BlobHash::of(b"preview"), BlobHash::of(b"original")];
    let document = DocumentId::voice(piece, ito, Some(mina));
    let name = ChangeName { document, device, actor: &[10; 16], seq: 3, hash: &[11; 32], blobs: &blobs };
    let census = Record::Census { student: mina, voices: 3 };
    let gone = Record::gone(RecordKind::Folio, folio.as_bytes());
    let acts = [
        (
            "declare_project",
            Act::DeclareProject {
                project,
                title: "A bee hotel".into(),
                brief: "For the garden".into(),
                outcomes: vec![outcome],
            },
        ),
        ("declare_folio", Act::DeclareFolio { student: mina, project: Some(project) }),
        ("declare_home", Act::DeclareFolio { student: mina, project: None }),
        ("declare_evidence", Act::DeclarePiece { piece, maker: mina, kind: PieceKind::Evidence }),
        ("declare_observation", Act::DeclarePiece { piece, maker: ito, kind: PieceKind::Observation }),
        ("place", Act::Place { piece, folio }),
        ("unplace", Act::Unplace { piece, folio, replaces: vec![act], to: None }),
        ("move", Act::Unplace { piece, folio, replaces: vec![act], to: Some(home) }),
        ("offer", Act::Offer { piece, folio }),
        ("accept", Act::Accept { piece, offer: act }),
        ("share", Act::Share { piece, audience: Roles::WHOLE_CIRCLE, replaces: vec![act] }),
        ("share_teachers", Act::Share { piece, audience: Roles::of([Role::Teacher]), replaces: vec![] }),
        ("unshare", Act::Unshare { piece, replaces: vec![act] }),
        ("erase", Act::Erase { piece }),
    ];
    let mut found = BTreeMap::from([
        ("blob/list_hash".to_owned(), hex(&blob_list_hash(&blobs))),
        ("document/content".to_owned(), hex(&DocumentId::content(piece).to_bytes())),
        ("document/voice_about_nobody".to_owned(), hex(&DocumentId::voice(piece, ito, None).to_bytes())),
        ("document/voice".to_owned(), hex(&document.to_bytes())),
        ("document/shared".to_owned(), hex(&DocumentId::shared(piece).to_bytes())),
        ("wire/document".to_owned(), hex(&wire::to_bytes(&document))),
        ("wire/verdict_stored".to_owned(), hex(&wire::to_bytes(&Verdict::Stored(7)))),
        ("wire/verdict_not_understood".to_owned(), hex(&wire::to_bytes(&Verdict::NotUnderstood))),
        ("wire/record_census".to_owned(), hex(&wire::to_bytes(&census.to_envelope()))),
        ("wire/record_gone".to_owned(), hex(&wire::to_bytes(&gone.to_envelope()))),
        ("genesis/bytes".to_owned(), hex(GENESIS)),
        ("genesis/hash".to_owned(), hex(&chunk_hash(GENESIS).expect("genesis is a change").0)),
        ("genesis/heads".to_owned(), hex(&Sheet::genesis().heads()[0].0)),
        ("id/entry".to_owned(), EntryId::new(now, &mut SeededRng::new(1)).to_string()),
        ("id/folio".to_owned(), folio.to_string()),
        ("id/home".to_owned(), home.to_string()),
        ("key/public".to_owned(), hex(key.public().as_bytes())),
        ("signed/act".to_owned(), hex(&act_message(school, device, act, b"body"))),
        ("signed/change".to_owned(), hex(&change_message(school, &name))),
        ("signed/device".to_owned(), hex(&device_message(school, mina, device, &key.public()))),
        ("signed/invitation".to_owned(), hex(&invitation_message(school, &key.public(), mina, now))),
        ("signed/token".to_owned(), hex(&token_message(school, device, &[12; 32]))),
        ("signature/change".to_owned(), hex(key.sign(&change_message(school, &name)).as_bytes())),
    ]);
    for (name, act) in acts {
        found.insert(format!("act/{name}"), hex(&act.to_bytes()));
    }
    found
}

#[test]
fn what_is_pinned_is_what_it_was() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/pinned.json");
    let pinned = std::fs::read_to_string(path).expect("tests/vectors/pinned.json is there");
    let pinned: BTreeMap<String, String> = serde_json::from_str(&pinned).expect("it is an object of texts");
    let found = vectors();
    for (name, bytes) in &found {
        assert_eq!(pinned.get(name), Some(bytes), "{name}");
    }
    assert_eq!(pinned.len(), found.len(), "a vector was removed");
}

#[test]
fn every_act_reads_back_in_exactly_these_bytes() {
    for (name, text) in vectors().iter().filter(|(name, _)| name.starts_with("act/")) {
        let bytes: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"))
            .collect();
        assert_eq!(Act::from_bytes(&bytes).expect("an act").to_bytes(), bytes, "{name}");
        // One more byte, or one less, is no act.
        assert!(Act::from_bytes(&bytes[..bytes.len() - 1]).is_err(), "{name}");
        assert!(Act::from_bytes(&[bytes, vec![0]].concat()).is_err(), "{name}");
    }
}
