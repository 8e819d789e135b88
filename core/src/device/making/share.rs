//! Projects a student starts, and where a piece lies and who may see it.

use serde::Serialize;

use crate::ids::{FolioId, OutcomeId, PersonId, PieceId, ProjectId, Rng};
use crate::model::act::Act;
use crate::model::directory::{CircleRow, Folio, Project};
use crate::model::role::{Role, Roles};
use crate::store::records::{self, RecordKind};
use crate::store::{Identity, log};
use crate::time::Timestamp;

use crate::device::making::write;
use crate::device::reindex::acts_of;
use crate::device::{Device, DeviceError};

/// A project that was started here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StartedProject {
    pub project: ProjectId,
    /// The student's folio in it.
    pub folio: FolioId,
}

impl Device {
    /// Starts a project of one's own, offline. Teachers and family join its circle when the school hears of it.
    pub fn start_project(
        &mut self,
        title: &str,
        brief: &str,
        outcomes: &[OutcomeId],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<StartedProject, DeviceError> {
        let id = ProjectId::new(now, rng);
        let declare = Act::DeclareProject {
            project: id,
            title: title.trim().to_owned(),
            brief: brief.to_owned(),
            outcomes: outcomes.to_vec(),
        };
        declare.check()?;
        let project = Project {
            id,
            title: title.trim().to_owned(),
            brief: brief.to_owned(),
            outcomes: outcomes.to_vec(),
            framework: None,
            class: None,
            started_by: Some(self.me.person),
        };
        let me = &self.me;
        let folio = self.store.write(|tx| {
            write::act(tx, me, now, rng, &declare)?;
            records::put_local(tx, RecordKind::Project, id.as_bytes(), &project)?;
            declare_folio(tx, me, Some(id), now, rng)
        })?;
        Ok(StartedProject { project: id, folio })
    }

    /// Takes up a folio of one's own in a project that a classmate started; the home folio for none.
    pub fn join_project(
        &mut self,
        project: Option<ProjectId>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<FolioId, DeviceError> {
        let me = &self.me;
        self.store.write(|tx| declare_folio(tx, me, project, now, rng))
    }

    /// Sets who may see a piece of one's own. It replaces what was set before.
    pub fn share(
        &mut self,
        piece: PieceId,
        audience: Roles,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        self.mine(piece, now, "only the person who made a piece can share it")?;
        let replaces = self.shares(piece)?;
        let me = &self.me;
        self.store.write(|tx| write::act(tx, me, now, rng, &Act::Share { piece, audience, replaces }))
    }

    /// Takes a piece back: its maker's alone again. Only while nobody else wrote on it.
    pub fn unshare(&mut self, piece: PieceId, now: Timestamp, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        self.mine(piece, now, "only the person who made a piece can take it back")?;
        if self.others_wrote(piece)? {
            return Err(DeviceError::NotAllowed(
                "others have written on this piece, so it can't be taken back",
            ));
        }
        let replaces = self.shares(piece)?;
        let me = &self.me;
        self.store.write(|tx| write::act(tx, me, now, rng, &Act::Unshare { piece, replaces }))
    }

    /// Erases a piece of one's own for ever: what it says, its files, here and everywhere. Only while nobody else wrote on
    /// it; then the school decides. It is out of sight at once, and gone when the school has heard of it.
    pub fn erase(&mut self, piece: PieceId, now: Timestamp, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        self.mine(piece, now, "only the person who made a piece can erase it")?;
        if self.others_wrote(piece)? {
            return Err(DeviceError::NotAllowed(
                "others have written on this piece, so only the school can erase it: ask there",
            ));
        }
        let me = &self.me;
        self.store.write(|tx| write::act(tx, me, now, rng, &Act::Erase { piece }))
    }

    fn others_wrote(&self, piece: PieceId) -> Result<bool, DeviceError> {
        let documents = log::documents_of(self.store.read(), piece)?;
        Ok(documents.iter().any(|row| row.id.author().is_some_and(|by| by != self.me.person)))
    }

    pub(in crate::device) fn mine(
        &self,
        piece: PieceId,
        now: Timestamp,
        why_not: &'static str,
    ) -> Result<(), DeviceError> {
        let (known, _) = self.piece_and_circles(piece, now)?;
        if known.maker == self.me.person { Ok(()) } else { Err(DeviceError::NotAllowed(why_not)) }
    }

    /// The shares and un-shares of a piece that stand now.
    fn shares(&self, piece: PieceId) -> Result<Vec<crate::ids::ActId>, DeviceError> {
        let acts = acts_of(self.store.read(), piece)?;
        let replaced: std::collections::BTreeSet<_> =
            acts.iter().flat_map(|(_, act)| act.replaces()).collect();
        Ok(acts
            .iter()
            .filter(|(id, act)| {
                matches!(act, Act::Share { .. } | Act::Unshare { .. }) && !replaced.contains(id)
            })
            .map(|(id, _)| *id)
            .collect())
    }
}

fn declare_folio(
    tx: &rusqlite::Transaction<'_>,
    me: &Identity,
    project: Option<ProjectId>,
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<FolioId, DeviceError> {
    let id = FolioId::derive(me.school, me.person, project);
    if records::get::<Folio>(tx, RecordKind::Folio, id.as_bytes())?.is_some() {
        return Ok(id);
    }
    write::act(tx, me, now, rng, &Act::DeclareFolio { student: me.person, project })?;
    let circle = vec![owner(me.person)];
    let folio = Folio { id, student: me.person, project, circle, proposed: Vec::new(), group: false };
    records::put_local(tx, RecordKind::Folio, id.as_bytes(), &folio)?;
    Ok(id)
}

fn owner(person: PersonId) -> CircleRow {
    CircleRow { person, role: Role::Owner, expires: None, may_write: false }
}
