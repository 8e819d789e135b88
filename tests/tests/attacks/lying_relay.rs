//! A relay that answers exchanges with lies of every kind. Whatever it says, a device believes nothing that wasn't signed,
//! loses nothing of its own, and asks no more often than it should; and when the truth comes back, it has all of it.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

use std::collections::BTreeSet;

use fieldfolio_core::device::{Ask, Body, Device, HttpAnswer, Judging, Step};
use fieldfolio_core::document::chunk_hash;
use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId, PieceId, SeededRng, random};
use fieldfolio_core::model::directory::{DeviceRecord, Inviter, Person, PersonKind};
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::framework::Level;
use fieldfolio_core::signing::{SecretKey, device_message, invitation_message};
use fieldfolio_core::store::{log, records};
use fieldfolio_core::sync::wire::{self, PersonRecord, Record, Request, Response};
use fieldfolio_server::exchange;
use fieldfolio_tests::sim::School;

#[path = "lying_relay/lies.rs"]
mod lies;

use lies::{LIES, Lie};

const HOUR: u64 = 60 * 60 * 1000;

#[test]
fn no_lie_is_believed_and_every_device_heals() {
    for (number, (name, lie)) in (1..).zip(LIES) {
        println!("{name}");
        let mut scene = Scene::new(100 + number);
        scene.lies_for_an_hour(&mut |answer| lie(answer));
        scene.heals(name);
    }
}

#[test]
fn all_lies_at_once_are_not_believed_either() {
    for seed in 200..212 {
        let mut scene = Scene::new(seed);
        let mut dice = SeededRng::new(seed);
        scene.lies_for_an_hour(&mut |answer| {
            for _ in 0..=dice.below(3) {
                let (_, lie) = LIES[dice.below(LIES.len() as u64) as usize];
                lie(answer);
            }
        });
        scene.heals(&format!("seed {seed}"));
    }
}

/// Whoever has the relay's folder has the root key, and can vouch for a device that nobody has. It is believed, and shown.
#[test]
fn a_device_that_the_relay_makes_up_is_shown_as_new_to_those_who_knew_others() {
    let mut scene = Scene::new(300);
    let (root, mina) = (scene.school.root_key(), scene.school.person("mina"));
    let identity = scene.school.device("ito").device().identity().clone();
    let (invitation, key) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
    let (device, expires) = (DeviceId::from_bytes([3; 16]), scene.school.now);
    let made_up = DeviceRecord {
        device,
        person: mina,
        key: key.public(),
        invitation: invitation.public(),
        invitation_expires: expires,
        inviter: Inviter::Root,
        inviter_signature: root.sign(&invitation_message(
            identity.school,
            &invitation.public(),
            mina,
            expires,
        )),
        device_signature: invitation.sign(&device_message(identity.school, mina, device, &key.public())),
        revoked_at: None,
    };
    let is_shown = |scene: &mut Scene| {
        scene.school.device("ito").device().status().unwrap().new_devices.contains(&device)
    };
    assert!(!is_shown(&mut scene));
    scene.converse("ito", &mut |answer| {
        let person = Person {
            id: mina,
            name: "Mina".to_owned(),
            kinds: vec![PersonKind::Student],
            past_kinds: Vec::new(),
        };
        let record = Record::Person(PersonRecord { person, devices: vec![made_up.clone()] });
        answer.response.records.push(record.to_envelope());
    });
    assert!(is_shown(&mut scene));
}

/// Mina and her teacher, each with a device that hears lies, and one more that hears the truth.
struct Scene {
    school: School,
    dice: SeededRng,
    /// Everything that the relay has said so far.
    said: Vec<Response>,
    titles: Vec<(PieceId, String)>,
}

const DEVICES: [(&str, &str); 4] =
    [("phone", "mina"), ("tablet", "mina"), ("ito", "ms-ito"), ("desk", "ms-ito")];
const DECEIVED: [&str; 2] = ["phone", "ito"];

impl Scene {
    fn new(seed: u64) -> Self {
        let mut school = School::new(seed);
        for (device, person) in DEVICES {
            school.enrol(device, person);
        }
        school.settle();
        let mut scene = Self { school, dice: SeededRng::new(seed), said: Vec::new(), titles: Vec::new() };
        for number in 0..3 {
            scene.capture(&format!("Before {number}"));
        }
        scene.school.settle();
        scene.judge(0);
        // While the relay lies there is something to be told, and something to be sent.
        for device in DECEIVED {
            scene.school.device(device).go_offline();
        }
        scene.school.settle();
        for number in 0..3 {
            scene.capture(&format!("Meanwhile {number}"));
        }
        scene.judge(1);
        scene
    }

    fn capture(&mut self, title: &str) {
        let piece = self.school.capture("phone", title, "mina/community-garden", "2026-05-02", &["THINK"]);
        self.school.on("phone", |phone, now, rng| phone.reflect(piece, title, now, rng)).unwrap();
        self.titles.push((piece, title.to_owned()));
    }

    fn judge(&mut self, which: usize) {
        let (mina, outcome) = (self.school.person("mina"), self.school.outcome("THINK"));
        let judging = Judging {
            outcome,
            level: Level(2),
            kind: AssessmentKind::Summative,
            work_date: None,
            next_step: String::new(),
            replaces: None,
        };
        let piece = self.titles[which].0;
        self.school.on("ito", |ito, now, rng| ito.assess(piece, mina, judging, now, rng)).unwrap();
    }

    fn lies_for_an_hour(&mut self, lie: &mut dyn FnMut(&mut Lie<'_>)) {
        for device in DECEIVED {
            let asked = self.converse(device, lie);
            assert!(asked < 4_000, "{device} asked {asked} times in an hour");
            self.believes_only_what_was_signed(device);
        }
        self.nothing_of_her_own_is_lost();
    }

    /// The device does what it likes for an hour; what the relay answers goes through `lie`. How often it asked.
    fn converse(&mut self, name: &str, lie: &mut dyn FnMut(&mut Lie<'_>)) -> usize {
        let start = self.school.now;
        let mut asked = 0;
        self.school.device(name).device().wake().unwrap();
        while self.school.now < start.plus_millis(HOUR) {
            let now = self.school.now;
            match self.school.device(name).device().next_step(now).unwrap() {
                Step::Ask(turn, ask) => {
                    asked += 1;
                    let answer = self.answers(name, &ask, lie);
                    self.school.now = now.plus_millis(50);
                    let device = self.school.device(name).device();
                    device.answered(turn, Ok(answer), now, &mut self.dice).unwrap();
                }
                Step::Wait(Some(until)) => self.school.now = until.max(now.plus_millis(1)),
                Step::Wait(None) | Step::Locked => break,
            }
        }
        asked
    }

    fn answers(&mut self, name: &str, ask: &Ask, lie: &mut dyn FnMut(&mut Lie<'_>)) -> HttpAnswer {
        let Body::Bytes(body) = &ask.body else { panic!("no files are in this scene") };
        let request = Request::from_bytes(body).unwrap();
        let token = self.school.device(name).device().identity().token;
        let asker = exchange::token_holder(&self.school.conn, &token, self.school.now).unwrap().unwrap();
        let truth = exchange::exchange(&self.school.relay(), asker, request.clone()).unwrap();
        self.said.push(truth.clone());
        let mut answer =
            Lie { request: &request, response: truth, said: &self.said, dice: &mut self.dice, bytes: None };
        lie(&mut answer);
        let body = answer.bytes.unwrap_or_else(|| wire::to_bytes(&answer.response));
        HttpAnswer { status: 200, is_of_relay: true, body, ..HttpAnswer::default() }
    }

    /// Every change that is in use, and every key and act that is believed, is one that somebody really signed.
    fn believes_only_what_was_signed(&mut self, name: &str) {
        let signed: BTreeSet<(Vec<u8>, Vec<u8>)> = {
            let mut query = self
                .school
                .conn
                .prepare("select d.id, c.hash from change c join document d on d.row = c.document")
                .unwrap();
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
        };
        let keys: i64 =
            self.school.conn.query_row("select count(*) from device", [], |row| row.get(0)).unwrap();
        let me = self.school.device(name).device().identity().person;
        let device = self.school.device(name).device();
        let conn = device.store().read();
        for document in log::all_documents(conn).unwrap() {
            for raw in log::raw_changes(conn, document.row).unwrap() {
                let hash = chunk_hash(&raw).unwrap();
                let is_signed = signed.contains(&(document.id.to_bytes().to_vec(), hash.0.to_vec()));
                assert!(is_signed || is_own(document.id, me, &self.titles), "{name}: {}", document.id);
            }
        }
        assert!(records::keys(conn).unwrap().len() <= keys as usize, "{name}");
    }

    /// What she wrote is shown, or shown as refused.
    fn nothing_of_her_own_is_lost(&mut self) {
        let titles = self.titles.clone();
        let phone = self.school.device("phone").device();
        let aside = phone.status().unwrap().set_aside;
        for (piece, title) in titles {
            let view = phone.piece(piece);
            let is_shown = view.is_ok_and(|view| {
                // Said of what the relay has after all, that another copy wrote it: then it is written twice.
                view.content.title.contains(&title)
                    && view.voices.iter().any(|voice| !voice.entries.is_empty())
            });
            let is_kept = aside.iter().any(|(_, words)| words.contains(&title)) || names(phone, piece);
            assert!(is_shown || is_kept, "{title} is gone: {aside:?}");
        }
    }

    /// The truth comes back, as after a relay that was restored: everybody starts over, once, and agrees again.
    fn heals(&mut self, name: &str) {
        for device in DECEIVED {
            self.school.device(device).go_online().unwrap();
            let mut first = true;
            self.converse(device, &mut |answer| {
                answer.response.start_over = std::mem::take(&mut first);
            });
        }
        self.school.settle();
        self.capture("After it all");
        self.school.settle();
        for (deceived, other) in [("phone", "tablet"), ("ito", "desk")] {
            let mut digest = |device: &str| self.school.device(device).device().digest().unwrap();
            let (here, there) = (digest(deceived), digest(other));
            for (document, heads) in &there.documents {
                let found = here.documents.iter().find(|(id, _)| id == document).map(|(_, heads)| heads);
                assert_eq!(found, Some(heads), "{name}: {document} on {deceived} and {other}");
            }
            assert_eq!((here.levels, here.partial), (there.levels, there.partial), "{name}: {deceived}");
        }
    }
}

/// A document that its person writes, which the relay may not have.
fn is_own(document: DocumentId, me: PersonId, titles: &[(PieceId, String)]) -> bool {
    document.author() == Some(me) || titles.iter().any(|(piece, _)| *piece == document.piece)
}

/// Something of the piece was refused and is kept.
fn names(device: &Device, piece: PieceId) -> bool {
    device.refused_pieces().unwrap().contains(&piece)
}

/// So many bytes by chance.
fn some<const N: usize>(dice: &mut SeededRng) -> [u8; N] {
    random(dice)
}
