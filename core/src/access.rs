//! Who may do what: one table, pure, the same on the relay and on every device.
//!
//! It looks only at immutable ids, acts and circles, never at what a document says. Rights are the table's, narrowed
//! by the piece's audience; several roles add up; a denial beats every grant.
//!
//! | role | content | student's voice | teachers' | mentors' | peers' | guardians' | writes |
//! |---|---|---|---|---|---|---|---|
//! | owner | read | own | about her | about her | about her | about her | content she made, own voice |
//! | teacher | read | read | read | read | read | read | content she made, own voice |
//! | reader | read | read | read | read | no | no | own voice, if granted |
//! | mentor | read | read | no | read | no | no | content she made, own voice |
//! | group | read | no | no | no | read | no | own voice |
//! | peer | evidence | no | no | no | own | no | own voice |
//! | guardian | read | read | about her child | about her child | no | own | own voice |
//!
//! A reader's voice is read like a teacher's, a group member's like a peer's. A voice about a student is judged by
//! the circle of her folio alone; content, and voices about nobody, by all circles of the piece.

use crate::ids::{FolioId, PersonId, PieceId};
use crate::model::piece::PieceKind;
use crate::model::role::{Class, Role, Roles};

/// What is known of a piece when access is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The piece.
    pub id: PieceId,
    /// Who made it.
    pub maker: PersonId,
    /// What it is.
    pub kind: PieceKind,
    /// Where it lies.
    pub placements: Vec<Placement>,
    /// Where it is offered: nothing is said of it there yet.
    pub offers: Vec<Placement>,
    /// With whom it is shared; `None` while it is its maker's alone.
    pub audience: Option<Roles>,
}

/// A piece in a folio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub folio: FolioId,
    /// Whose folio it is.
    pub student: PersonId,
}

/// What one person is in the circle of one folio, now: unexpired, undenied rows only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Membership {
    /// Her roles in it.
    pub roles: Roles,
    /// A reader who was granted a voice.
    pub reader_may_write: bool,
    /// Someone the circle is closed to, whatever else grants: a court order.
    pub denied: bool,
}

impl Membership {
    /// With a row of the circle more.
    pub fn add(&mut self, role: Role, may_write: bool) {
        self.roles = self.roles.with(role);
        self.reader_may_write |= may_write && role == Role::Reader;
    }
}

/// Answers what `person` is in the circle of a folio.
pub trait Circles {
    /// Her membership in `folio`, the default one for a stranger.
    fn membership(&self, folio: FolioId, person: PersonId) -> Membership;
}

impl<F: Fn(FolioId, PersonId) -> Membership> Circles for F {
    fn membership(&self, folio: FolioId, person: PersonId) -> Membership {
        self(folio, person)
    }
}

/// What the table grants for reading, by role, class and kind of piece.
fn grants_reading(role: Role, class: Class, kind: PieceKind) -> bool {
    let read_as = match class {
        Class::Content => return role != Role::Peer || kind.rules().peers_read,
        Class::Shared => {
            return matches!(
                role,
                Role::Owner | Role::Teacher | Role::Reader | Role::Mentor | Role::Group | Role::Guardian
            );
        }
        Class::Newer(_) => return false,
        Class::Voice(Role::Reader) => Role::Teacher,
        Class::Voice(Role::Group) => Role::Peer,
        Class::Voice(author) => author,
    };
    match role {
        Role::Owner | Role::Teacher => true,
        Role::Reader => matches!(read_as, Role::Owner | Role::Teacher | Role::Mentor),
        Role::Mentor => matches!(read_as, Role::Owner | Role::Mentor),
        Role::Group => read_as == Role::Peer,
        Role::Peer => false,
        Role::Guardian => matches!(read_as, Role::Owner | Role::Teacher | Role::Mentor),
    }
}

impl Piece {
    /// May `person` read the content?
    pub fn may_read_content(&self, circles: &impl Circles, person: PersonId) -> bool {
        person == self.maker
            || self.any_role(circles, person, |role| grants_reading(role, Class::Content, self.kind))
            || self.may_answer_some_offer(circles, person)
    }

    /// Is the piece offered to a folio whose owner `person` is, or that she teaches?
    fn may_answer_some_offer(&self, circles: &impl Circles, person: PersonId) -> bool {
        let is_closed = |placements: &[Placement]| {
            placements.iter().any(|placement| circles.membership(placement.folio, person).denied)
        };
        self.audience.is_some()
            && !is_closed(&self.placements)
            && !is_closed(&self.offers)
            && self.offers.iter().any(|offer| {
                let membership = circles.membership(offer.folio, person);
                may_answer_offer(person, offer.student, membership)
            })
    }

    /// May `person` read a voice of this class, by this author, about this student? An author keeps reading her own.
    pub fn may_read_voice(
        &self,
        circles: &impl Circles,
        person: PersonId,
        class: Class,
        author: PersonId,
        about: Option<PersonId>,
    ) -> bool {
        let grants = |role| grants_reading(role, class, self.kind);
        if person == author {
            return true;
        }
        match about {
            Some(student) => self
                .placement_of(student)
                .is_some_and(|placement| self.roles(circles, person, placement).iter().any(grants)),
            None => self.may_read_content(circles, person) && self.any_role(circles, person, grants),
        }
    }

    /// May `person` write the content? Its maker may, as long as no circle of the piece is closed to her.
    pub fn may_write_content(&self, circles: &impl Circles, person: PersonId) -> bool {
        person == self.maker
            && self.placements.iter().all(|placement| {
                let membership = circles.membership(placement.folio, person);
                !membership.denied
            })
            && (self.placements.is_empty()
                || self.placements.iter().any(|placement| {
                    let roles = circles.membership(placement.folio, person).roles;
                    roles.contains(Role::Owner)
                        || roles.contains(Role::Teacher)
                        || roles.contains(Role::Mentor)
                }))
    }

    /// May `person` write what is written together on the piece? Only where its kind has such a sheet.
    pub fn may_write_shared(&self, circles: &impl Circles, person: PersonId) -> bool {
        let writes = |role: Role| match role {
            Role::Owner | Role::Teacher | Role::Group => true,
            Role::Reader | Role::Mentor | Role::Peer | Role::Guardian => false,
        };
        self.kind.rules().has_shared
            && (person == self.maker || self.any_role(circles, person, writes))
            && !self.placements.iter().any(|placement| circles.membership(placement.folio, person).denied)
    }

    /// May `person` read what is written together on the piece?
    pub fn may_read_shared(&self, circles: &impl Circles, person: PersonId) -> bool {
        person == self.maker
            || self.any_role(circles, person, |role| grants_reading(role, Class::Shared, self.kind))
    }

    /// The class of a voice that `person` begins now about `about`: her first role; `None` if she may not speak.
    pub fn voice_class(
        &self,
        circles: &impl Circles,
        person: PersonId,
        about: Option<PersonId>,
    ) -> Option<Class> {
        self.speaks_as(circles, person, about).iter().next().map(Class::Voice)
    }

    /// As what `person` may speak about `about` on this piece.
    pub fn speaks_as(&self, circles: &impl Circles, person: PersonId, about: Option<PersonId>) -> Roles {
        let speaks = |role: Role, membership: Membership| match role {
            Role::Reader => membership.reader_may_write,
            Role::Owner | Role::Teacher | Role::Mentor | Role::Group | Role::Peer | Role::Guardian => true,
        };
        let speaking = |placement: &Placement| {
            let membership = circles.membership(placement.folio, person);
            Roles::of(self.roles(circles, person, placement).iter().filter(|role| speaks(*role, membership)))
        };
        let hers = self.placement_of(person).is_some();
        match about {
            // Speaking for herself: on what lies in her folio, or on her own work before it is placed.
            Some(student) if student == person => {
                let may = hers || (person == self.maker && self.placements.is_empty());
                if may { Roles::NONE.with(Role::Owner) } else { Roles::NONE }
            }
            Some(student) => self.placement_of(student).map(speaking).unwrap_or_default(),
            None if hers => Roles::NONE,
            None => Roles::of(self.placements.iter().flat_map(|placement| speaking(placement).iter())),
        }
    }

    /// The placement in this student's folio.
    pub fn placement_of(&self, student: PersonId) -> Option<&Placement> {
        self.placements.iter().find(|placement| placement.student == student)
    }

    /// What `person` is towards this placement, as far as the audience reaches.
    fn roles(&self, circles: &impl Circles, person: PersonId, placement: &Placement) -> Roles {
        let membership = circles.membership(placement.folio, person);
        if membership.denied {
            return Roles::NONE;
        }
        let mut roles = membership.roles;
        if placement.student != person && self.placement_of(person).is_some() {
            roles = roles.with(Role::Group);
        }
        let Some(audience) = self.audience else { return Roles::NONE };
        // Owners are always in the audience of what students made.
        let made_by_owner = self.placement_of(self.maker).is_some();
        let audience = if made_by_owner { audience.with(Role::Owner) } else { audience };
        roles.intersection(audience)
    }

    /// Does any role in any circle of the piece grant it? To whom one of those circles is closed, only what lies in a
    /// folio of her own is open.
    fn any_role(&self, circles: &impl Circles, person: PersonId, grants: impl Fn(Role) -> bool) -> bool {
        let is_closed =
            self.placements.iter().any(|placement| circles.membership(placement.folio, person).denied);
        self.placements
            .iter()
            .filter(|placement| !is_closed || placement.student == person)
            .any(|placement| self.roles(circles, person, placement).iter().any(&grants))
    }
}

/// What two students have in common in the project of a folio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// Nothing.
    None,
    /// Both have a folio in the project, and nobody is in a group there.
    Project,
    /// A teacher put them in one group.
    Group,
}

/// How somebody may bring a piece of hers into a folio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// Not at all.
    No,
    /// She offers it: its owner, or a teacher of hers, accepts it or not.
    Offer,
    /// It lies there when she says so.
    Now,
}

/// How may `maker` bring a piece of hers into the folio of `student`? Into her own at once; into one of her circle at once, as
/// teacher or mentor; into a group member's at once; into that of somebody in the same project by an offer.
pub fn may_place(maker: PersonId, student: PersonId, membership: Membership, tie: Tie) -> Placing {
    let is_adult = membership.roles.contains(Role::Teacher) || membership.roles.contains(Role::Mentor);
    match tie {
        _ if membership.denied => Placing::No,
        _ if maker == student || is_adult => Placing::Now,
        Tie::Group => Placing::Now,
        Tie::Project => Placing::Offer,
        Tie::None => Placing::No,
    }
}

/// May `person` accept what is offered to the folio of `student`, or decline it?
pub fn may_answer_offer(person: PersonId, student: PersonId, membership: Membership) -> bool {
    !membership.denied && (person == student || membership.roles.contains(Role::Teacher))
}

/// What decides on taking a piece out of a folio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakingOut {
    /// Who made the piece.
    pub maker: PersonId,
    /// Whose folio it is.
    pub student: PersonId,
    /// The maker is a student.
    pub maker_is_student: bool,
    /// A teacher or a mentor said something about the student on it.
    pub is_judged: bool,
    /// It is moved to a folio of a project.
    pub to_project: bool,
}

/// Why a piece can't be taken out of a folio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// It is not hers to take out.
    NotHers,
    /// It was judged: its owner moves it to another project, or asks a teacher.
    Judged,
}

impl TakingOut {
    /// May `person` take it out? Its maker may, the folio's owner, and her teachers. An owner can always send away what a
    /// classmate brought; what she or an adult made stays once it was judged, or a level could be bettered by it.
    pub fn check(&self, person: PersonId, membership: Membership) -> Result<(), Stays> {
        if membership.denied {
            return Err(Stays::NotHers);
        }
        if membership.roles.contains(Role::Teacher) {
            return Ok(());
        }
        let is_classmates = self.maker_is_student && self.maker != self.student;
        match person {
            _ if person != self.maker && person != self.student => Err(Stays::NotHers),
            _ if is_classmates || !self.is_judged || (person == self.maker && self.to_project) => Ok(()),
            _ if person == self.student => Err(Stays::Judged),
            // An adult takes back what she brought.
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINA: PersonId = PersonId::from_bytes([1; 16]);
    const OTTO: PersonId = PersonId::from_bytes([2; 16]);
    const ITO: PersonId = PersonId::from_bytes([3; 16]);
    const HERS: FolioId = FolioId::from_bytes([1; 16]);
    const HIS: FolioId = FolioId::from_bytes([2; 16]);

    fn bed(audience: Option<Roles>) -> Piece {
        Piece {
            id: PieceId::from_bytes([9; 16]),
            maker: MINA,
            kind: PieceKind::Evidence,
            placements: vec![
                Placement { folio: HERS, student: MINA },
                Placement { folio: HIS, student: OTTO },
            ],
            offers: Vec::new(),
            audience,
        }
    }

    fn school(folio: FolioId, person: PersonId) -> Membership {
        let role = match (folio, person) {
            (HERS, MINA) | (HIS, OTTO) => Role::Owner,
            (HERS, ITO) => Role::Teacher,
            _ => return Membership::default(),
        };
        Membership { roles: Roles::NONE.with(role), ..Membership::default() }
    }

    #[test]
    fn each_child_of_a_group_hears_what_is_said_of_her_alone() {
        let bed = bed(Some(Roles::WHOLE_CIRCLE));
        let teacher = Class::Voice(Role::Teacher);
        assert!(bed.may_read_voice(&school, MINA, teacher, ITO, Some(MINA)));
        assert!(!bed.may_read_voice(&school, OTTO, teacher, ITO, Some(MINA)));
        assert!(bed.may_read_content(&school, OTTO));
        assert_eq!(bed.voice_class(&school, OTTO, Some(MINA)), Some(Class::Voice(Role::Group)));
        assert_eq!(bed.voice_class(&school, OTTO, Some(OTTO)), Some(Class::Voice(Role::Owner)));
        assert_eq!(bed.voice_class(&school, OTTO, None), None);
    }

    #[test]
    fn an_unshared_piece_is_its_makers_alone() {
        let bed = bed(None);
        assert!(bed.may_read_content(&school, MINA));
        assert!(!bed.may_read_content(&school, ITO));
        assert!(!bed.may_read_content(&school, OTTO));
        assert_eq!(bed.voice_class(&school, ITO, Some(MINA)), None);
    }

    #[test]
    fn a_denial_beats_every_grant() {
        let closed = |folio, person| Membership { denied: person == ITO, ..school(folio, person) };
        let bed = bed(Some(Roles::WHOLE_CIRCLE));
        assert!(!bed.may_read_content(&closed, ITO));
        assert_eq!(bed.voice_class(&closed, ITO, Some(MINA)), None);
    }

    #[test]
    fn an_offer_shows_the_work_to_the_owner_and_her_teacher_and_gives_them_no_word_on_it() {
        let shared = Piece {
            maker: OTTO,
            placements: vec![Placement { folio: HIS, student: OTTO }],
            offers: vec![Placement { folio: HERS, student: MINA }],
            ..bed(Some(Roles::NONE.with(Role::Peer)))
        };
        let teacher = Class::Voice(Role::Teacher);
        for person in [MINA, ITO] {
            assert!(shared.may_read_content(&school, person));
            assert!(!shared.may_read_voice(&school, person, teacher, OTTO, Some(OTTO)));
            assert_eq!(shared.voice_class(&school, person, Some(MINA)), None);
            assert!(!Piece { audience: None, ..shared.clone() }.may_read_content(&school, person));
            let closed =
                |folio, who| Membership { denied: who == person && folio == HERS, ..school(folio, who) };
            assert!(!shared.may_read_content(&closed, person));
        }
        let stranger = PersonId::from_bytes([4; 16]);
        let family = |folio, who| match who == stranger && folio == HERS {
            true => Membership { roles: Roles::NONE.with(Role::Guardian), ..Membership::default() },
            false => school(folio, who),
        };
        assert!(!shared.may_read_content(&family, stranger), "nobody else of the circle");
    }

    #[test]
    fn who_takes_a_piece_out_of_a_folio() {
        let nobody = Membership::default();
        let teaches = Membership { roles: Roles::NONE.with(Role::Teacher), ..nobody };
        let denied = Membership { denied: true, ..teaches };
        let hers = TakingOut {
            maker: MINA,
            student: MINA,
            maker_is_student: true,
            is_judged: false,
            to_project: false,
        };
        let judged = TakingOut { is_judged: true, ..hers };
        let his = TakingOut { maker: OTTO, ..judged };
        let observed = TakingOut { maker: ITO, maker_is_student: false, ..judged };
        for (taking, person, membership, expected) in [
            (hers, MINA, nobody, Ok(())),
            (judged, MINA, nobody, Err(Stays::Judged)),
            (TakingOut { to_project: true, ..judged }, MINA, nobody, Ok(())),
            (judged, ITO, teaches, Ok(())),
            (judged, ITO, denied, Err(Stays::NotHers)),
            (judged, OTTO, nobody, Err(Stays::NotHers)),
            (his, MINA, nobody, Ok(())),
            (his, OTTO, nobody, Ok(())),
            (observed, MINA, nobody, Err(Stays::Judged)),
            (TakingOut { to_project: true, ..observed }, MINA, nobody, Err(Stays::Judged)),
            (observed, ITO, nobody, Ok(())),
        ] {
            assert_eq!(taking.check(person, membership), expected, "{taking:?} {person}");
        }
    }

    #[test]
    fn a_teacher_of_one_child_says_nothing_of_the_other() {
        let bed = bed(Some(Roles::WHOLE_CIRCLE));
        assert_eq!(bed.voice_class(&school, ITO, Some(MINA)), Some(Class::Voice(Role::Teacher)));
        assert_eq!(bed.voice_class(&school, ITO, Some(OTTO)), None);
    }
}
