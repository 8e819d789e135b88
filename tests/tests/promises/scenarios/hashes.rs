//! A hash alone opens nothing: not while the school asks its devices for files it lacks, either.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::document::{Sheet, SignedChange};
use fieldfolio_core::ids::{DocumentId, PersonId, PieceId};
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::Verdict;
use fieldfolio_core::sync::wire::Item;
use fieldfolio_server::log::epochs;
use fieldfolio_server::visibility::media;
use fieldfolio_tests::raw;
use fieldfolio_tests::sim::School;

use super::school;

/// Mina has a photo; Otto knows its hash, and nothing else.
struct Story {
    school: School,
    hers: PieceId,
    his: PieceId,
    photo: BlobHash,
}

fn story(seed: u64) -> Story {
    let mut school = school(seed, &[("phone", "mina"), ("otto", "otto"), ("ito", "ms-ito")]);
    let hers = school.capture("phone", "A leaf", "mina/community-garden", "2026-05-02", &["THINK"]);
    let his = school.capture("otto", "A wall", "otto/community-garden", "2026-05-02", &["THINK"]);
    school.settle();
    Story { school, hers, his, photo: BlobHash::of(b"a photo of Mina's") }
}

impl Story {
    /// Writes on a piece, and names the photo with it.
    fn name(&mut self, device: &str, piece: PieceId, number: u8) {
        let me = self.school.device(device).device().identity().clone();
        let change = naming(&me, piece, self.photo, number);
        let answer = raw::send(&mut self.school, &me, vec![Item::Change(change)]).unwrap();
        assert!(matches!(answer.verdicts[0], Verdict::Stored(_)), "{:?}", answer.verdicts);
    }

    fn landed(&mut self, person: PersonId, piece: PieceId) {
        let photo = self.photo;
        self.school.edit(|edit| media::landed(edit.tx, person, piece, photo, 17));
    }

    fn may_bring(&self, person: &str, piece: PieceId) -> bool {
        let person = self.school.person(person);
        media::is_claimed(&self.school.conn, person, piece, self.photo).unwrap()
            || media::may_heal(&self.school.conn, person, piece, self.photo).unwrap()
    }

    fn may_read(&self, person: &str) -> bool {
        media::may_read(&self.school.conn, self.school.person(person), self.photo).unwrap()
    }

    fn goes_back(&mut self) {
        let now = self.school.now;
        self.school.edit(|edit| epochs::begin(edit.tx, now, 0));
    }
}

fn naming(me: &Identity, piece: PieceId, photo: BlobHash, number: u8) -> SignedChange {
    let mut sheet = Sheet::genesis();
    let write = |edit: &mut fieldfolio_core::document::Edit<'_>| edit.words(format!("note {number}"));
    let change = raw::change(me, DocumentId::content(piece), &mut sheet, [number; 16], write);
    SignedChange { blobs: vec![photo], ..change }.signed(me.school, &me.key)
}

#[test]
fn after_the_log_went_back_nobody_is_asked_to_bring_a_file_for_someone_who_only_knows_its_hash() {
    let mut story = story(120);
    let mina = story.school.person("mina");
    story.name("phone", story.hers, 1);
    story.landed(mina, story.hers);
    assert!(story.may_read("mina") && story.may_read("ms-ito") && !story.may_read("otto"));
    story.goes_back();
    story.name("otto", story.his, 2);
    // The teacher reads both pieces, and holds the bytes.
    assert!(!story.may_bring("ms-ito", story.his));
    let ito = story.school.person("ms-ito");
    story.landed(ito, story.his);
    assert!(!story.may_read("otto"));
}

#[test]
fn whose_photo_it_is_may_be_open_and_then_only_who_named_it_brings_it() {
    let mut story = story(121);
    story.goes_back();
    story.name("otto", story.his, 1);
    assert!(story.may_bring("ms-ito", story.his), "as long as nobody else names it, it may be his");
    story.name("phone", story.hers, 2);
    assert!(!story.may_bring("ms-ito", story.his) && !story.may_bring("ms-ito", story.hers));
    assert!(story.may_bring("mina", story.hers));
    let mina = story.school.person("mina");
    story.landed(mina, story.hers);
    assert!(story.may_read("mina") && !story.may_read("otto"));
}

#[test]
fn a_damaged_file_is_brought_again_for_those_only_who_could_read_it() {
    let mut story = story(122);
    let (mina, ito) = (story.school.person("mina"), story.school.person("ms-ito"));
    story.name("phone", story.hers, 1);
    story.landed(mina, story.hers);
    story.name("otto", story.his, 2);
    let sql = "insert or replace into watch (blob, damaged) values (?1, 1)";
    story.school.conn.execute(sql, [story.photo.as_bytes().as_slice()]).unwrap();
    assert!(!story.may_bring("ms-ito", story.his));
    assert!(story.may_bring("ms-ito", story.hers));
    story.landed(ito, story.hers);
    assert!(story.may_read("mina") && !story.may_read("otto"));
    assert!(!story.may_bring("ms-ito", story.hers), "it is whole again");
}

#[test]
fn a_file_that_lands_after_its_piece_was_erased_goes_with_it() {
    let mut story = story(123);
    let mina = story.school.person("mina");
    story.name("phone", story.hers, 1);
    let hers = story.hers;
    story.school.on("phone", |phone, now, rng| phone.erase(hers, now, rng)).unwrap();
    story.school.settle();
    story.landed(mina, hers);
    assert!(!story.may_read("mina"));
    let at_once = "select exists (select 1 from watch where blob = ?1 and unlinked = 0)";
    let photo = story.photo.as_bytes().as_slice();
    assert!(story.school.conn.query_row(at_once, [photo], |row| row.get::<_, bool>(0)).unwrap());
}
