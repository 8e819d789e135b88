//! Every piece at a glance, for lists; and what this person may do on one, for buttons.

use std::collections::BTreeMap;

use crate::access::{Placing, may_place};
use crate::ids::{FolioId, PersonId, PieceId};
use crate::model::directory::{Folio, Person, PersonKind, Project};
use crate::model::entry::{Assessment, EntryKind, Feedback, Reply};
use crate::model::piece::{Content, PieceKind};
use crate::model::role::{Class, Role, Roles};
use crate::store::records::{self, RecordKind};
use crate::store::{index, log};
use crate::time::Timestamp;

use crate::device::circles::{membership_in, tie_to};
use crate::device::{Device, DeviceError};

/// A piece at a glance.
#[derive(Debug, Clone)]
pub struct Overview {
    pub piece: PieceId,
    /// What it is.
    pub kind: PieceKind,
    /// Who made it.
    pub maker: PersonId,
    /// The folios it lies in.
    pub folios: Vec<FolioId>,
    /// With whom it is shared; its maker's alone for none.
    pub audience: Option<Roles>,
    /// What it says; empty until it is here.
    pub content: Content,
    /// What was said on it.
    pub said: EntryCounts,
}

/// How much was said on a piece, as far as it is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntryCounts {
    /// Pieces of feedback.
    pub feedback: u32,
    /// Judgements.
    pub judgements: u32,
    /// Replies.
    pub replies: u32,
}

/// What a person may do on a piece, by what her device knows of the circles. The relay decides when it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct May {
    /// Change what it says, place and share it.
    pub edit: bool,
    /// Make it her own again: nobody else has written on it.
    pub take_back: bool,
    /// Erase it for ever: nobody else has written on it.
    pub erase: bool,
    /// About whom she may speak; about the work itself for `None`.
    pub write_about: Vec<Option<PersonId>>,
    /// Whom she may judge, as a teacher or a mentor.
    pub judge: Vec<(PersonId, Role)>,
    /// Reflect on it as her own work.
    pub reflect: bool,
}

impl Device {
    /// Every piece that is here, newest work first.
    pub fn overviews(&self) -> Result<Vec<Overview>, DeviceError> {
        let conn = self.store.read();
        let (mut contents, counts) = (index::contents(conn)?, index::counts(conn)?);
        let none = BTreeMap::new();
        let overviews = index::listed(conn)?.into_iter().map(|listed| {
            let counted = counts.get(&listed.piece).unwrap_or(&none);
            let count = |kind: &str| counted.get(kind).copied().unwrap_or_default();
            Overview {
                piece: listed.piece,
                kind: listed.kind,
                maker: listed.maker,
                folios: listed.folios,
                audience: listed.audience,
                content: contents.remove(&listed.piece).unwrap_or_default(),
                said: EntryCounts {
                    feedback: count(Feedback::NAME),
                    judgements: count(Assessment::NAME),
                    replies: count(Reply::NAME),
                },
            }
        });
        Ok(overviews.collect())
    }

    /// What this person may do on a piece.
    pub fn may(&self, id: PieceId, now: Timestamp) -> Result<May, DeviceError> {
        let me = self.me.person;
        let (piece, circles) = self.piece_and_circles(id, now)?;
        let class = |about| piece.voice_class(&circles, me, about);
        let documents = log::documents_of(self.store.read(), id)?;
        let is_mine = piece.maker == me;
        let others_wrote = documents.iter().any(|row| row.id.author().is_some_and(|author| author != me));
        let is_student = self.person(me)?.is_some_and(|person| person.kinds.contains(&PersonKind::Student));
        let students: Vec<PersonId> = piece.placements.iter().map(|placement| placement.student).collect();
        let judge = students.iter().filter_map(|student| match class(Some(*student)) {
            Some(Class::Voice(role @ (Role::Teacher | Role::Mentor))) => Some((*student, role)),
            _ => None,
        });
        let about = students.iter().map(|student| Some(*student)).chain([None]);
        Ok(May {
            edit: piece.may_write_content(&circles, me),
            take_back: is_mine && piece.audience.is_some() && !others_wrote,
            erase: is_mine && !others_wrote,
            judge: judge.collect(),
            // A student speaks of her own work as herself: that is her reflection.
            write_about: about.filter(|about| *about != Some(me) && class(*about).is_some()).collect(),
            reflect: is_student && class(Some(me)) == Some(Class::Voice(Role::Owner)),
        })
    }

    /// The folios in which this person may place a piece of hers: her own, those of her group, those of her circles.
    pub fn places(&self, now: Timestamp) -> Result<Vec<FolioId>, DeviceError> {
        let me = self.me.person;
        let folios = self.folios()?;
        let mine = self.own_projects()?;
        let may = |folio: &&Folio| {
            let membership = membership_in(folio, me, now);
            may_place(me, folio.student, membership, tie_to(folio, &mine)) == Placing::Now
        };
        Ok(folios.iter().filter(may).map(|folio| folio.id).collect())
    }

    /// Every project that is known here.
    pub fn projects(&self) -> Result<Vec<Project>, DeviceError> {
        Ok(records::all(self.store.read(), RecordKind::Project)?)
    }

    /// Every folio that is known here, with its circle.
    pub fn folios(&self) -> Result<Vec<Folio>, DeviceError> {
        Ok(records::all(self.store.read(), RecordKind::Folio)?)
    }

    /// What this person is called, and what she is; nothing until the school has told it.
    pub fn myself(&self) -> Result<Option<Person>, DeviceError> {
        self.person(self.me.person)
    }
}
