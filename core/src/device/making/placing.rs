//! Where a piece lies: placing it, offering it to a classmate, answering an offer, taking it out, moving it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::access::{Placing, Stays, TakingOut, may_answer_offer, may_place};
use crate::ids::{ActId, FolioId, PersonId, PieceId, ProjectId, Rng};
use crate::model::act::{Act, MAX_REPLACED};
use crate::model::directory::{Folio, PersonKind, Project};
use crate::model::placing::standing_in;
use crate::model::role::{Class, Role};
use crate::store::records::{self, RecordKind};
use crate::store::{index, log};
use crate::time::Timestamp;

use crate::device::circles::{membership_in, piece_of, tie_to};
use crate::device::making::write;
use crate::device::reindex::acts_of;
use crate::device::{Device, DeviceError};

/// A piece that is offered to a folio, to be accepted or declined there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferView {
    pub piece: PieceId,
    pub title: String,
    /// Who made it and offers it.
    pub maker: PersonId,
    /// The folio it is offered to.
    pub folio: FolioId,
    /// Whose folio that is.
    pub student: PersonId,
    /// The folio's project.
    pub project: Option<ProjectId>,
}

/// What became of an offer of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// Nobody has answered it.
    Open,
    /// It was declined, or taken out again later.
    Declined,
}

/// An offer of a piece, as its maker sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnOffer {
    pub folio: FolioId,
    /// Whose folio that is, as far as it is known here.
    pub student: Option<PersonId>,
    /// What became of it.
    pub state: OfferState,
}

/// A classmate to whose folio a piece can be offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferTarget {
    /// Whose folio.
    pub student: PersonId,
    /// In which project.
    pub project: ProjectId,
}

/// What can be done about where a piece lies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Placings {
    /// Folios it can be taken out of, or that its offer can be taken back from.
    pub take_out: Vec<FolioId>,
    /// Folios it can be moved between: from, to.
    pub moves: Vec<(FolioId, FolioId)>,
    /// Classmates it can be offered to.
    pub offer_to: Vec<OfferTarget>,
    /// What became of the offers of it.
    pub offers: Vec<OwnOffer>,
}

impl Device {
    /// Places a piece of one's own in a folio: one's own, a group member's, or (for adults) one of a circle. A classmate's
    /// folio takes an offer: [`Device::offer`].
    pub fn place(
        &mut self,
        piece: PieceId,
        folio: FolioId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        self.mine(piece, now, "only the person who made a piece can place it")?;
        if self.placing(folio, now)?.is_some_and(|placing| placing == Placing::Offer) {
            return Err(DeviceError::NotAllowed(
                "this is a classmate's folio: offer the piece, and it lies there once she or her teacher accepts it",
            ));
        }
        let me = &self.me;
        self.store.write(|tx| write::act(tx, me, now, rng, &Act::Place { piece, folio }))
    }

    /// Offers a shared piece of one's own to a classmate's folio in a project. She and her teachers see it, and one of them
    /// accepts it or declines.
    pub fn offer(
        &mut self,
        piece: PieceId,
        student: PersonId,
        project: ProjectId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<FolioId, DeviceError> {
        self.mine(piece, now, "only the person who made a piece can offer it")?;
        let folio = self.folio_of(student, Some(project));
        let (known, _) = self.piece_and_circles(piece, now)?;
        if known.audience.is_none() {
            return Err(DeviceError::NotAllowed(
                "nobody else can see this piece: share it first, then offer it",
            ));
        }
        if student == self.me.person {
            return Err(DeviceError::NotAllowed("this is your own folio: place the piece there"));
        }
        if known.placement_of(student).is_some() {
            return Err(DeviceError::NotAllowed("the piece lies in a folio of hers already"));
        }
        if index::offers(self.store.read(), piece)?.contains(&folio) {
            return Err(DeviceError::NotAllowed("the piece is offered to her already"));
        }
        let me = &self.me;
        self.store.write(|tx| write::act(tx, me, now, rng, &Act::Offer { piece, folio }))?;
        Ok(folio)
    }

    /// Accepts what is offered to a folio, as its owner or a teacher of hers.
    pub fn accept_offer(
        &mut self,
        piece: PieceId,
        folio: FolioId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        let there = self.known_folio(folio)?;
        if !may_answer_offer(self.me.person, there.student, membership_in(&there, self.me.person, now)) {
            return Err(DeviceError::NotAllowed(
                "only the owner of the folio or a teacher of hers answers an offer",
            ));
        }
        let acts = self.acts(piece)?;
        let standing = standing_in(acts.iter().map(|(id, act)| (*id, act)), folio);
        let open = index::offers(self.store.read(), piece)?.contains(&folio);
        let offer = acts
            .iter()
            .find(|(id, act)| open && matches!(act, Act::Offer { .. }) && standing.contains(id))
            .map(|(id, _)| *id)
            .ok_or(DeviceError::NotAllowed("this piece is not offered to the folio any more"))?;
        let me = &self.me;
        self.store.write(|tx| write::act(tx, me, now, rng, &Act::Accept { piece, offer }))
    }

    /// Takes a piece out of a folio, declines an offer or takes one's own back. What was said of the piece stays with those
    /// who wrote it, and counts no more in that folio.
    pub fn take_out(
        &mut self,
        piece: PieceId,
        folio: FolioId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        self.unplace(piece, folio, None, now, rng)
    }

    /// Moves a piece to another folio of the same student, with all that was said of it.
    pub fn move_piece(
        &mut self,
        piece: PieceId,
        from: FolioId,
        to: FolioId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        self.unplace(piece, from, Some(to), now, rng)
    }

    fn unplace(
        &mut self,
        piece: PieceId,
        folio: FolioId,
        to: Option<FolioId>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        let there = self.known_folio(folio).ok();
        let target = to.map(|to| self.known_folio(to)).transpose()?;
        self.may_unplace(piece, folio, there.as_ref(), target.as_ref(), now)?;
        let acts = self.acts(piece)?;
        let mut replaces = standing_in(acts.iter().map(|(id, act)| (*id, act)), folio);
        if replaces.is_empty() {
            return Err(DeviceError::NotAllowed("the piece does not lie in this folio"));
        }
        replaces.truncate(MAX_REPLACED);
        let act = Act::Unplace { piece, folio, replaces, to };
        let me = &self.me;
        self.store.write(|tx| write::act(tx, me, now, rng, &act))
    }

    /// May she take the piece out of this folio, or move it to that one? By what is known here; the relay decides.
    fn may_unplace(
        &self,
        piece: PieceId,
        folio: FolioId,
        there: Option<&Folio>,
        to: Option<&Folio>,
        now: Timestamp,
    ) -> Result<(), DeviceError> {
        let conn = self.store.read();
        let me = self.me.person;
        let maker =
            piece_of(conn, piece)?.ok_or_else(|| DeviceError::Unknown(format!("piece {piece}")))?.maker;
        let Some(there) = there else {
            // A folio that her piece was offered to is not known here.
            return if maker == me { Ok(()) } else { Err(DeviceError::Unknown(format!("folio {folio}"))) };
        };
        let is_judged = log::documents_of(conn, piece)?.iter().any(|document| {
            document.id.about() == Some(there.student)
                && matches!(document.class, Class::Voice(Role::Teacher | Role::Mentor))
        });
        let kinds = self.person(maker)?.map(|person| person.kinds).unwrap_or_default();
        let taking = TakingOut {
            maker,
            student: there.student,
            maker_is_student: kinds.contains(&PersonKind::Student),
            is_judged,
            to_project: to.is_some_and(|to| to.project.is_some()),
        };
        match taking.check(me, membership_in(there, me, now)) {
            Ok(()) => {}
            Err(Stays::NotHers) => {
                return Err(DeviceError::NotAllowed(
                    "only who made the piece, the owner of the folio and her teachers take it out",
                ));
            }
            Err(Stays::Judged) => {
                return Err(DeviceError::NotAllowed(
                    "this piece was judged: move it to another project, or ask a teacher to take it out",
                ));
            }
        }
        let Some(to) = to else { return Ok(()) };
        let may = to.student == there.student && to.id != there.id;
        if may && self.placing(to.id, now)? == Some(Placing::Now) {
            return Ok(());
        }
        Err(DeviceError::NotAllowed("a piece is moved between folios of one student, where you may place it"))
    }

    /// What is offered to folios of this person's or of her students, oldest piece first.
    pub fn offers(&self, now: Timestamp) -> Result<Vec<OfferView>, DeviceError> {
        let conn = self.store.read();
        let me = self.me.person;
        let mut offers = Vec::new();
        for (piece, folio) in index::all_offers(conn)? {
            let Ok(there) = self.known_folio(folio) else { continue };
            let Some(known) = piece_of(conn, piece)? else { continue };
            if known.maker == me || !may_answer_offer(me, there.student, membership_in(&there, me, now)) {
                continue;
            }
            let title = index::content(conn, piece)?.unwrap_or_default().title;
            let (student, project) = (there.student, there.project);
            offers.push(OfferView { piece, title, maker: known.maker, folio, student, project });
        }
        Ok(offers)
    }

    /// What this person can do about where a piece lies.
    pub fn placings(&self, piece: PieceId, now: Timestamp) -> Result<Placings, DeviceError> {
        let (shown, _) = self.piece_and_circles(piece, now)?;
        let folios = self.folios()?;
        let known = |id: FolioId| folios.iter().find(|folio| folio.id == id);
        let mut placings = Placings { offers: self.own_offers(piece, shown.maker)?, ..Placings::default() };
        let places = index::placed(self.store.read(), piece)?;
        for folio in places {
            let there = known(folio);
            if self.may_unplace(piece, folio, there, None, now).is_ok() {
                placings.take_out.push(folio);
            }
            let Some(there) = there else { continue };
            for to in folios.iter().filter(|to| to.student == there.student && to.id != folio) {
                if self.may_unplace(piece, folio, Some(there), Some(to), now).is_ok() {
                    placings.moves.push((folio, to.id));
                }
            }
        }
        let open = placings.offers.iter().filter(|offer| offer.state == OfferState::Open);
        placings.take_out.extend(open.map(|offer| offer.folio));
        if shown.maker == self.me.person && shown.audience.is_some() {
            placings.offer_to = self.offer_targets(piece, &folios)?;
        }
        Ok(placings)
    }

    /// Classmates in the projects of a piece of this student's: who of those she knows has a folio there, the school knows.
    fn offer_targets(&self, piece: PieceId, folios: &[Folio]) -> Result<Vec<OfferTarget>, DeviceError> {
        let conn = self.store.read();
        let placed = index::placed(conn, piece)?;
        let offered = index::offers(conn, piece)?;
        let mine = folios.iter().filter(|folio| folio.student == self.me.person);
        let projects: BTreeSet<ProjectId> =
            mine.filter(|folio| placed.contains(&folio.id)).filter_map(|folio| folio.project).collect();
        let mut targets = Vec::new();
        for project in projects {
            let grouped = folios.iter().any(|folio| folio.project == Some(project) && folio.group);
            let is_known = records::get::<Project>(conn, RecordKind::Project, project.as_bytes())?.is_some();
            if grouped || !is_known {
                continue;
            }
            for person in self.people()? {
                let folio = self.folio_of(person.id, Some(project));
                let has_it =
                    folios.iter().any(|known| known.student == person.id && placed.contains(&known.id));
                if person.id != self.me.person
                    && person.kinds.contains(&PersonKind::Student)
                    && !has_it
                    && !placed.contains(&folio)
                    && !offered.contains(&folio)
                {
                    targets.push(OfferTarget { student: person.id, project });
                }
            }
        }
        Ok(targets)
    }

    fn own_offers(&self, piece: PieceId, maker: PersonId) -> Result<Vec<OwnOffer>, DeviceError> {
        if maker != self.me.person {
            return Ok(Vec::new());
        }
        let conn = self.store.read();
        let open = index::offers(conn, piece)?;
        let placed = index::placed(conn, piece)?;
        let acts = self.acts(piece)?;
        let mine: BTreeSet<_> = records::devices_of(conn, maker)?.into_iter().collect();
        let mut sent_away = BTreeSet::new();
        for signed in log::acts_of(conn, piece)? {
            if let Ok(Act::Unplace { folio, .. }) = Act::from_bytes(&signed.body)
                && signed.device != self.me.device
                && !mine.contains(&signed.device)
            {
                sent_away.insert(folio);
            }
        }
        let offered: BTreeSet<FolioId> = acts
            .iter()
            .filter_map(|(_, act)| if let Act::Offer { folio, .. } = act { Some(*folio) } else { None })
            .collect();
        let mut offers = Vec::new();
        for folio in offered {
            let state = match open.contains(&folio) {
                true => OfferState::Open,
                false if sent_away.contains(&folio) && !placed.contains(&folio) => OfferState::Declined,
                false => continue,
            };
            offers.push(OwnOffer { folio, student: self.student_of(folio, piece)?, state });
        }
        Ok(offers)
    }

    /// Whose folio this is: by its record, or because it is what a known person's folio in a project of the piece is called.
    fn student_of(&self, folio: FolioId, piece: PieceId) -> Result<Option<PersonId>, DeviceError> {
        if let Ok(known) = self.known_folio(folio) {
            return Ok(Some(known.student));
        }
        let placed = index::placed(self.store.read(), piece)?;
        let folios = self.folios()?;
        let projects: BTreeSet<ProjectId> = folios
            .iter()
            .filter(|known| known.student == self.me.person || placed.contains(&known.id))
            .filter_map(|known| known.project)
            .collect();
        let people = self.people()?;
        Ok(people
            .iter()
            .map(|person| person.id)
            .find(|person| projects.iter().any(|project| self.folio_of(*person, Some(*project)) == folio)))
    }

    /// How a piece of this person's comes into a folio. Of a folio that is not known here, only a classmate's in a project of
    /// her own is recognised, by its name; `None` for any other.
    pub(in crate::device) fn placing(
        &self,
        folio: FolioId,
        now: Timestamp,
    ) -> Result<Option<Placing>, DeviceError> {
        let projects = self.own_projects()?;
        let Ok(there) = self.known_folio(folio) else {
            let people = self.people()?;
            let others = people.iter().map(|person| person.id).filter(|person| *person != self.me.person);
            let mut classmates =
                others.flat_map(|person| projects.iter().map(move |project| (person, *project)));
            let is_classmates =
                classmates.any(|(person, project)| self.folio_of(person, Some(project)) == folio);
            return Ok(is_classmates.then_some(Placing::Offer));
        };
        let tie = tie_to(&there, &projects);
        let me = self.me.person;
        Ok(Some(may_place(me, there.student, membership_in(&there, me, now), tie)))
    }

    pub(in crate::device) fn own_projects(&self) -> Result<BTreeSet<ProjectId>, DeviceError> {
        let folios = self.folios()?;
        let mine = folios.iter().filter(|folio| folio.student == self.me.person);
        Ok(mine.filter_map(|folio| folio.project).collect())
    }

    fn known_folio(&self, folio: FolioId) -> Result<Folio, DeviceError> {
        records::get(self.store.read(), RecordKind::Folio, folio.as_bytes())?
            .ok_or_else(|| DeviceError::Unknown(format!("folio {folio}")))
    }

    fn acts(&self, piece: PieceId) -> Result<Vec<(ActId, Act)>, DeviceError> {
        Ok(acts_of(self.store.read(), piece)?)
    }
}
