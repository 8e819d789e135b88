//! The lies. Each takes a true answer and makes it a false one.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::SignedChange;
use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId, PieceId, SeededRng};
use fieldfolio_core::model::directory::{Person, RecordKind};
use fieldfolio_core::model::role::{Class, Role};
use fieldfolio_core::signing::{SecretKey, Signature};
use fieldfolio_core::sync::wire::{
    Cursor, Envelope, Pack, PersonRecord, PieceRecord, Record, Request, Response, ToFill, Verdict,
};
use fieldfolio_tests::hostile::chunk::{body, seal};

use super::some;

/// A true answer that is about to become a lie.
pub(super) struct Lie<'a> {
    pub(super) request: &'a Request,
    pub(super) response: Response,
    /// True answers so far, to whomever.
    pub(super) said: &'a [Response],
    pub(super) dice: &'a mut SeededRng,
    /// What is sent instead, if it is no answer at all.
    pub(super) bytes: Option<Vec<u8>>,
}

/// A lie, and its name.
type Named = (&'static str, fn(&mut Lie<'_>));

pub(super) const LIES: [Named; 29] = [
    ("bytes are altered, and their checksum is right", |lie| {
        lie.changes(|change, dice| {
            let mut altered = body(&change.raw).to_vec();
            let at = dice.below(altered.len() as u64) as usize;
            altered[at] ^= 1 << dice.below(8);
            (change.raw, change.hash) = seal(&altered);
        });
    }),
    ("bytes are altered under the hash that was signed", |lie| {
        lie.changes(|change, _| change.raw.reverse());
    }),
    ("signatures are missing", |lie| {
        lie.changes(|change, _| change.signature = Signature::from_bytes([0; 64]));
    }),
    ("changes are signed by the relay", |lie| {
        lie.changes(|change, dice| {
            *change =
                change.clone().signed(fieldfolio_core::ids::SchoolId::from_bytes(some(dice)), &own_key());
        });
    }),
    ("actors are others", |lie| lie.changes(|change, dice| change.actor = some(dice))),
    ("numbers of actors are others", |lie| lie.changes(|change, dice| change.seq = dice.below(u64::MAX))),
    ("blobs are others", |lie| {
        lie.changes(|change, dice| change.blobs = vec![BlobHash::of(&some::<8>(dice))]);
    }),
    ("everything is in another order", |lie| {
        let Lie { response, dice, .. } = lie;
        shuffle(&mut response.news, dice);
        shuffle(&mut response.records, dice);
        shuffle(&mut response.packs, dice);
        response.packs.iter_mut().for_each(|pack| shuffle(&mut pack.changes, dice));
    }),
    ("everything is said again", |lie| {
        let again = lie.said.to_vec();
        for said in again.into_iter().rev().take(20) {
            lie.response.records.extend(said.records);
            lie.response.news.extend(said.news);
            lie.response.packs.extend(said.packs);
            lie.response.to_fill.extend(said.to_fill);
        }
    }),
    ("documents are swapped", |lie| {
        let all: Vec<DocumentId> = lie.response.packs.iter().map(|pack| pack.document).collect();
        lie.changes(|change, dice| {
            if let Some(other) = pick(&all, dice) {
                change.document = other;
            }
        });
    }),
    ("packs are swapped", |lie| {
        let all: Vec<DocumentId> = lie.response.packs.iter().map(|pack| pack.document).collect();
        let Lie { response, dice, .. } = lie;
        for pack in &mut response.packs {
            pack.document = pick(&all, dice).unwrap_or(pack.document);
        }
    }),
    ("keys are others", |lie| {
        rewrite(&mut lie.response.records, |record| {
            if let Record::Person(PersonRecord { devices, .. }) = record {
                devices.iter_mut().for_each(|device| device.key = own_key().public());
            }
        });
    }),
    ("there are keys that nobody vouched for", |lie| {
        let Lie { response, dice, .. } = lie;
        rewrite(&mut response.records, |record| {
            if let Record::Person(PersonRecord { devices, .. }) = record {
                let more = devices.clone();
                devices.extend(more.into_iter().map(|mut device| {
                    device.device = DeviceId::from_bytes(some(dice));
                    device.key = own_key().public();
                    device
                }));
            }
        });
    }),
    ("keys are somebody else's", |lie| {
        let Lie { response, dice, .. } = lie;
        rewrite(&mut response.records, |record| {
            if let Record::Person(PersonRecord { devices, .. }) = record {
                devices.iter_mut().for_each(|device| device.person = PersonId::from_bytes(some(dice)));
            }
        });
    }),
    ("acts are altered", |lie| {
        let Lie { response, dice, .. } = lie;
        rewrite(&mut response.records, |record| {
            if let Record::Piece(PieceRecord { acts, .. }) = record {
                for act in acts {
                    match dice.below(3) {
                        0 => act.device = DeviceId::from_bytes(some(dice)),
                        1 => act.signature = Signature::from_bytes([1; 64]),
                        _ => act.body.reverse(),
                    }
                }
            }
        });
    }),
    ("acts are those of other pieces", |lie| {
        let Lie { response, dice, .. } = lie;
        rewrite(&mut response.records, |record| {
            if let Record::Piece(PieceRecord { piece, .. }) = record {
                *piece = PieceId::from_bytes(some(dice));
            }
        });
    }),
    ("records are said to be others", |lie| {
        let Lie { response, dice, .. } = lie;
        for envelope in &mut response.records {
            match dice.below(3) {
                // That a piece was erased is the relay's word.
                0 => envelope.kind = 10 + dice.below(300) as u16,
                1 => envelope.id = some::<16>(dice).to_vec(),
                _ => envelope.body.iter_mut().for_each(|body| body.truncate(body.len() / 2)),
            }
        }
    }),
    ("classes are others", |lie| {
        let Lie { response, dice, .. } = lie;
        for fill in &mut response.to_fill {
            fill.class =
                pick(&[Role::Guardian, Role::Peer, Role::Mentor], dice).map_or(fill.class, Class::Voice);
        }
    }),
    ("verdicts are any", |lie| {
        let Lie { response, dice, .. } = lie;
        for verdict in &mut response.verdicts {
            *verdict = any_verdict(dice);
        }
    }),
    ("everything was refused", |lie| {
        lie.response.verdicts.iter_mut().for_each(|verdict| *verdict = Verdict::Malformed);
    }),
    ("there are more verdicts than items", |lie| lie.response.verdicts.push(Verdict::Stored(1))),
    ("numbers are any", |lie| {
        let Lie { response, dice, .. } = lie;
        let numbers = [0, 1, u64::MAX, i64::MAX as u64, dice.below(1 << 40)];
        for news in
            response.news.iter_mut().chain(response.packs.iter_mut().flat_map(|pack| &mut pack.changes))
        {
            news.n = pick(&numbers, dice).unwrap_or(0);
        }
        for verdict in &mut response.verdicts {
            if let Verdict::Stored(n) = verdict {
                *n = pick(&numbers, dice).unwrap_or(0);
            }
        }
    }),
    ("cursors are any", |lie| {
        let Lie { response, dice, .. } = lie;
        let n = pick(&[0, 1, u64::MAX, i64::MAX as u64, dice.below(1 << 20)], dice).unwrap_or(0);
        response.cursor = Cursor {
            epoch: dice.below(1 << 32) as u32,
            n,
            tag: some(dice),
            proof: [7; 16],
            part: dice.below(9),
        };
    }),
    ("the log is always another one", |lie| lie.response.start_over = true),
    ("there is always more", |lie| lie.response.more = true),
    ("what was announced never comes", |lie| {
        let Lie { response, dice, .. } = lie;
        response.packs.clear();
        response.more = true;
        // It may announce as much as it likes; a test has less time.
        let announced = if lie.said.len() % 64 == 1 { 200 } else { 0 };
        response.to_fill.extend((0..announced).map(|_| {
            let (piece, person) = (PieceId::from_bytes(some(dice)), PersonId::from_bytes(some(dice)));
            ToFill { document: DocumentId::voice(piece, person, None), class: Class::Voice(Role::Teacher) }
        }));
        let documents: Vec<DocumentId> = response.to_fill.iter().map(|fill| fill.document).take(9).collect();
        response.packs = documents
            .into_iter()
            .map(|document| Pack { document, changes: Vec::new(), whole: false })
            .collect();
    }),
    ("everything is out of sight", |lie| {
        let said: Vec<Response> = lie.said.to_vec();
        for said in said {
            lie.response.purge.extend(said.to_fill.iter().map(|fill| fill.document));
            let gone = [RecordKind::Piece, RecordKind::Folio, RecordKind::Person, RecordKind::Project];
            let is_one = |record: &&Envelope| gone.iter().any(|kind| kind.number() == record.kind);
            let gone = said.records.iter().filter(is_one);
            lie.response.records.extend(gone.map(|record| Envelope { body: None, ..record.clone() }));
        }
        let items = lie.request.items.iter();
        lie.response.purge.extend(items.filter_map(|item| match item {
            fieldfolio_core::sync::wire::Item::Change(change) => Some(change.document),
            _ => None,
        }));
    }),
    ("there are thousands of people with endless names", |lie| {
        let Lie { response, dice, .. } = lie;
        let person = response.records.iter().find_map(|record| match record.record() {
            Some(Record::Person(PersonRecord { person, .. })) => Some(person),
            _ => None,
        });
        let Some(person) = person else { return };
        let more = |name: String, dice: &mut SeededRng| {
            let person = Person { id: PersonId::from_bytes(some(dice)), name, ..person.clone() };
            Record::Person(PersonRecord { person, devices: Vec::new() }).to_envelope()
        };
        response.records.extend((0..1_000).map(|number| more(format!("Nobody {number}"), dice)));
        response.records.push(more("N".repeat(1 << 20), dice));
    }),
    ("it is no answer", |lie| {
        let mut bytes = fieldfolio_core::sync::wire::to_bytes(&lie.response);
        match lie.dice.below(4) {
            0 => bytes.truncate(bytes.len() / 2),
            1 => bytes = vec![0x81; 1 << 20],
            2 => bytes = vec![0x9f; 1 << 20],
            _ => {
                let at = lie.dice.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << lie.dice.below(8);
            }
        }
        lie.bytes = Some(bytes);
    }),
];

impl Lie<'_> {
    /// Does this to every change that it tells.
    fn changes(&mut self, mut alter: impl FnMut(&mut SignedChange, &mut SeededRng)) {
        let Self { response, dice, .. } = self;
        let packed = response.packs.iter_mut().flat_map(|pack| &mut pack.changes);
        for news in response.news.iter_mut().chain(packed) {
            alter(&mut news.change, dice);
        }
    }
}

fn own_key() -> SecretKey {
    SecretKey::from_seed(&[9; 32])
}

/// Each record that can be read, told otherwise.
fn rewrite(records: &mut [Envelope], mut otherwise: impl FnMut(&mut Record)) {
    for envelope in records {
        let Some(mut record) = envelope.record() else { continue };
        otherwise(&mut record);
        *envelope = record.to_envelope();
    }
}

fn pick<T: Copy>(from: &[T], dice: &mut SeededRng) -> Option<T> {
    if from.is_empty() { None } else { from.get(dice.below(from.len() as u64) as usize).copied() }
}

fn shuffle<T>(list: &mut [T], dice: &mut SeededRng) {
    for at in 1..list.len() {
        list.swap(at, dice.below(at as u64 + 1) as usize);
    }
}

fn any_verdict(dice: &mut SeededRng) -> Verdict {
    match dice.below(14) {
        0 => Verdict::Stored(dice.below(u64::MAX)),
        1 => Verdict::Known(dice.below(u64::MAX)),
        2 => Verdict::MissingDependency,
        3 => Verdict::MissingAct,
        4 => Verdict::Busy,
        5 => Verdict::OverQuota,
        6 => Verdict::NotInCircle,
        7 => Verdict::RoleEnded,
        8 => Verdict::Malformed,
        9 => Verdict::TooLarge,
        10 => Verdict::BadSignature,
        11 => Verdict::ActorTaken,
        12 => Verdict::IdTaken,
        _ => Verdict::TooLate,
    }
}
