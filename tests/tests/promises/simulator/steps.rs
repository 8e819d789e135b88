//! What people do, by the dice.

use fieldfolio_core::device::{Edits, Judging};
use fieldfolio_core::ids::{DocumentId, EntryId, PersonId, PieceId};
use fieldfolio_core::model::entry::{AssessmentKind, EntryBody, Feedback, Reference};
use fieldfolio_core::model::framework::Level;
use fieldfolio_core::model::role::{Class, Role, Roles};
use fieldfolio_core::time::WorkDate;
use fieldfolio_server::directory::circles::{self, Grant};
use fieldfolio_tests::sim::School;

/// Who is there, and whose device it is.
pub(crate) const DEVICES: [(&str, &str); 7] = [
    ("phone", "mina"),
    ("tablet", "mina"),
    ("otto", "otto"),
    ("ito", "ms-ito"),
    ("okafor", "mr-okafor"),
    ("lea", "lea"),
    ("hana", "hana"),
];

const OUTCOMES: [&str; 3] = ["THINK", "COMM", "TEAM"];

const HOUR: i64 = 3_600_000;
const TEN_YEARS: i64 = 10 * 365 * 24 * HOUR;

/// What was done so far.
#[derive(Default)]
pub(crate) struct Play {
    /// Every piece, with the device that made it.
    pub(crate) pieces: Vec<(PieceId, &'static str)>,
    /// Entries that were given: by which device, on which document.
    pub(crate) said: Vec<(&'static str, DocumentId, EntryId)>,
    backup_is_there: bool,
    /// The relay was put back to an earlier state.
    pub(crate) went_back: bool,
}

impl Play {
    /// One thing happens: somebody does something, the network moves, a process dies.
    pub(crate) fn one_step(&mut self, school: &mut School) {
        let roll = school.rng.below(100);
        let device = DEVICES[school.rng.below(DEVICES.len() as u64) as usize];
        match roll {
            0..12 => self.capture(school),
            12..18 => self.edit(school),
            18..24 => self.reflect(school),
            24..34 => self.assess(school),
            34..42 => self.feedback(school),
            42..46 => self.confirm(school),
            46..50 => self.withdraw(school),
            50..54 => self.share(school),
            54 => self.place_with_otto(school),
            55 => self.offer(school),
            56..58 => self.answer_or_take_out(school),
            58..60 => self.mentor_comes_and_goes(school),
            60..66 => {
                if school.rng.happens(50) {
                    school.device(device.0).go_offline();
                } else {
                    school.device(device.0).go_online().expect("a device comes back");
                }
            }
            66..69 => school.device(device.0).restart().expect("a device starts again"),
            69..72 => school.now = school.now.plus_millis(70_000),
            72 => {
                // Ten years either way, an hour, or right again: nothing may depend on it.
                let wrong = [TEN_YEARS, -TEN_YEARS, HOUR, -HOUR, 0][school.rng.below(5) as usize];
                school.device(device.0).set_clock_wrong_by(wrong);
            }
            73 => self.erase(school),
            74 => self.release(school),
            75 => self.keep_or_put_back(school),
            _ => {
                for _ in 0..school.rng.below(6) {
                    school.step(device.0).expect("a step is taken");
                }
            }
        }
        let other = DEVICES[school.rng.below(DEVICES.len() as u64) as usize];
        for _ in 0..school.rng.below(3) {
            school.step(other.0).expect("a step is taken");
        }
    }

    fn any_piece(&self, school: &mut School) -> Option<(PieceId, &'static str)> {
        match self.pieces.len() as u64 {
            0 => None,
            count => self.pieces.get(school.rng.below(count) as usize).copied(),
        }
    }

    fn any_outcome(school: &mut School) -> &'static str {
        OUTCOMES[school.rng.below(3) as usize]
    }

    fn capture(&mut self, school: &mut School) {
        let device = ["phone", "tablet", "otto"][school.rng.below(3) as usize];
        let project = ["community-garden", "bridge-workshop"][school.rng.below(2) as usize];
        let student = if device == "otto" { "otto" } else { "mina" };
        let day = format!("2026-05-{:02}", 1 + school.rng.below(9));
        let outcomes = [Self::any_outcome(school)];
        let title = format!("piece {}", self.pieces.len());
        let piece = school.capture(device, &title, &format!("{student}/{project}"), &day, &outcomes);
        self.pieces.push((piece, device));
    }

    fn edit(&mut self, school: &mut School) {
        let Some((piece, maker)) = self.any_piece(school) else { return };
        let device = if maker == "otto" { "otto" } else { ["phone", "tablet"][school.rng.below(2) as usize] };
        let edits = match school.rng.below(3) {
            0 => {
                Edits { title: Some(format!("title {}", school.rng.below(1_000)).into()), ..Edits::default() }
            }
            1 => Edits {
                words: Some(format!("words {} of it", school.rng.below(1_000)).into()),
                ..Edits::default()
            },
            _ => {
                Edits { work_date: WorkDate::new(2026, 5, 1 + school.rng.below(9) as i8), ..Edits::default() }
            }
        };
        // The other device may not have the piece yet: then it says so and nothing happens.
        let _ = school.on(device, |device, now, rng| device.edit(piece, edits, now, rng));
    }

    fn reflect(&mut self, school: &mut School) {
        let Some((piece, maker)) = self.any_piece(school) else { return };
        let words = format!("I thought {} times", school.rng.below(1_000));
        let said = school.on(maker, |device, now, rng| device.reflect(piece, &words, now, rng));
        if let Ok(entry) = said {
            let me = school.device(maker).device().identity().person;
            self.said.push((maker, DocumentId::voice(piece, me, Some(me)), entry));
        }
    }

    fn assess(&mut self, school: &mut School) {
        let Some((piece, maker)) = self.any_piece(school) else { return };
        let judge = ["ito", "okafor", "lea"][school.rng.below(3) as usize];
        let student = student_of(school, maker);
        let me = school.device(judge).device().identity().person;
        let document = DocumentId::voice(piece, me, Some(student));
        let earlier: Vec<EntryId> = self
            .said
            .iter()
            .filter(|(by, on, _)| *by == judge && *on == document)
            .map(|said| said.2)
            .collect();
        let replaces = if school.rng.happens(30) { earlier.last().copied() } else { None };
        let outcome = Self::any_outcome(school);
        let judging = Judging {
            outcome: school.outcome(outcome),
            level: Level(school.rng.below(4) as u8),
            kind: match school.rng.below(4) {
                0 => AssessmentKind::Formative,
                1 => AssessmentKind::Interim,
                _ => AssessmentKind::Summative,
            },
            work_date: None,
            next_step: String::new(),
            replaces,
        };
        let said = school.on(judge, |device, now, rng| device.assess(piece, student, judging, now, rng));
        self.said.extend(said.ok().map(|entry| (judge, document, entry)));
    }

    fn feedback(&mut self, school: &mut School) {
        let Some((piece, maker)) = self.any_piece(school) else { return };
        let by = ["ito", "okafor", "lea", "hana", "otto"][school.rng.below(5) as usize];
        let student = student_of(school, maker);
        let words =
            Feedback { did_well: format!("well done {}", school.rng.below(1_000)), ..Feedback::default() };
        let said =
            school.on(by, |device, now, rng| device.feedback(piece, Some(student), &words, None, now, rng));
        let me = school.device(by).device().identity().person;
        let document = DocumentId::voice(piece, me, Some(student));
        self.said.extend(said.ok().map(|entry| (by, document, entry)));
    }

    fn confirm(&mut self, school: &mut School) {
        let Some((piece, _)) = self.any_piece(school) else { return };
        let Ok(view) = school.device("ito").device().piece(piece) else { return };
        let found =
            view.voices.iter().filter(|voice| voice.class == Class::Voice(Role::Mentor)).find_map(|voice| {
                let entry =
                    voice.entries.iter().find(|entry| matches!(entry.body, EntryBody::Assessment(_)))?;
                Some(Reference { author: voice.author, about: voice.about, entry: entry.id })
            });
        let Some(of) = found else { return };
        let said = school.on("ito", |ito, now, rng| ito.confirm(piece, of, now, rng));
        let me = school.device("ito").device().identity().person;
        self.said.extend(said.ok().map(|entry| ("ito", DocumentId::voice(piece, me, of.about), entry)));
    }

    fn withdraw(&mut self, school: &mut School) {
        if self.said.is_empty() {
            return;
        }
        let (device, document, entry) = self.said[school.rng.below(self.said.len() as u64) as usize];
        // What went out of sight can't be taken back from here; then it says so.
        let _ = school.on(device, |device, now, rng| {
            device.withdraw(document.piece, document.about(), entry, now, rng)
        });
    }

    fn share(&mut self, school: &mut School) {
        let Some((piece, maker)) = self.any_piece(school) else { return };
        let audience = match school.rng.below(4) {
            0 => Roles::of([Role::Teacher]),
            1 => Roles::of([Role::Teacher, Role::Mentor]),
            _ => Roles::WHOLE_CIRCLE,
        };
        let _ = school.on(maker, |device, now, rng| match rng.happens(20) {
            true => device.unshare(piece, now, rng),
            false => device.share(piece, audience, now, rng),
        });
    }

    fn place_with_otto(&mut self, school: &mut School) {
        let Some((piece, maker)) = self.any_piece(school) else { return };
        let other = if maker == "otto" { "mina" } else { "otto" };
        let folio = school.folio(&format!("{other}/community-garden"));
        let _ = school.on(maker, |device, now, rng| device.place(piece, folio, now, rng));
    }

    /// The maker offers a piece to the other student, in one of the projects of both.
    fn offer(&mut self, school: &mut School) {
        let Some((piece, maker)) = self.any_piece(school) else { return };
        let student = school.person(if maker == "otto" { "mina" } else { "otto" });
        let project = ["community-garden", "bridge-workshop"][school.rng.below(2) as usize];
        let project = school.project(project);
        let _ = school.on(maker, |device, now, rng| device.offer(piece, student, project, now, rng));
    }

    /// Somebody accepts or declines what is offered to her or to a student of his; or takes out or moves what lies there.
    fn answer_or_take_out(&mut self, school: &mut School) {
        let by = ["phone", "tablet", "otto", "ito", "okafor"][school.rng.below(5) as usize];
        for by in ["phone", "tablet", "otto", "ito", "okafor"] {
            let waiting = school.on(by, |device, now, _| device.offers(now)).expect("offers can be listed");
            let Some(offer) = waiting.first() else { continue };
            let (piece, folio) = (offer.piece, offer.folio);
            let _ = school.on(by, |device, now, rng| match rng.happens(60) {
                true => device.accept_offer(piece, folio, now, rng),
                false => device.take_out(piece, folio, now, rng),
            });
            return;
        }
        let Some((piece, _)) = self.any_piece(school) else { return };
        let Ok(placings) = school.on(by, |device, now, _| device.placings(piece, now)) else { return };
        let count = placings.moves.len() as u64;
        if count > 0 && school.rng.happens(50) {
            let (from, to) = placings.moves[school.rng.below(count) as usize];
            let _ = school.on(by, |device, now, rng| device.move_piece(piece, from, to, now, rng));
        } else if let Some(folio) = placings.take_out.first() {
            let _ = school.on(by, |device, now, rng| device.take_out(piece, *folio, now, rng));
        }
    }

    fn erase(&mut self, school: &mut School) {
        let Some((piece, maker)) = self.any_piece(school) else { return };
        // On what others wrote she is refused, at once or by the relay.
        let _ = school.on(maker, |device, now, rng| device.erase(piece, now, rng));
    }

    /// A teacher lets through what came late.
    fn release(&mut self, school: &mut School) {
        let waiting = school.device("ito").device().held_back().expect("what is held back");
        for held in waiting {
            school.release("ms-ito", held.document);
        }
    }

    /// Somebody makes a copy of the relay, or puts it in its place: in half the schools one that says so.
    fn keep_or_put_back(&mut self, school: &mut School) {
        match (self.backup_is_there, school.rng.happens(50)) {
            (false, true) => school.keep_marked_backup(),
            (false, false) => school.keep_backup(),
            (true, _) => {
                school.restore_backup();
                self.went_back = true;
            }
        }
        self.backup_is_there = !self.backup_is_there;
    }

    fn mentor_comes_and_goes(&self, school: &mut School) {
        let (folio, person) = (school.folio("mina/community-garden"), school.person("lea"));
        let is_there = school.conn.query_row(
            "select exists (select 1 from circle c join person p on p.row = c.person
             where c.folio = ?1 and p.id = ?2 and c.role = 'mentor' and c.ended_n is null)",
            (folio.as_bytes(), person.as_bytes()),
            |row| row.get::<_, bool>(0),
        );
        let came_back = !is_there.expect("the relay can be asked");
        school.edit(|edit| match came_back {
            true => {
                let grant = Grant { folio, person, role: Role::Mentor, may_write: false, expires: None };
                circles::grant(edit, &grant).map(|_| ())
            }
            false => circles::end(edit, folio, person, Role::Mentor),
        });
    }
}

fn student_of(school: &School, maker: &str) -> PersonId {
    school.person(if maker == "otto" { "otto" } else { "mina" })
}
