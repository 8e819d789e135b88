//! Looking at a portfolio: records that are ready to be drawn. All of it works without a network.

use fieldfolio_core::ids::{ClassId, EntryId, FolioId, PersonId, PieceId, ProjectId};

use super::FieldfolioError;
use super::now;
use super::store::Store;
use crate::records::{
    DeviceLine, Folio, FolioLine, Grid, Growth, InboxRow, Levels, Me, Offer, Outcome, Person, Piece,
    PieceLine, Project, Proposal, QueueRow, SchoolClass, Seer, Status,
};

/// Which form of a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum MediaVariant {
    /// The cleaned original.
    Original,
    /// The small picture, a JPEG of about 1,280 pixels. What can't be seen has none.
    Preview,
}

#[uniffi::export]
impl Store {
    /// Whose store it is, her school with its levels and its rule, and her parts in others' folios.
    pub async fn me(&self) -> Result<Me, FieldfolioError> {
        self.views(|views| views.me()).await
    }

    /// Everyone known here, by name.
    pub async fn people(&self) -> Result<Vec<Person>, FieldfolioError> {
        self.views(|views| Ok(views.people())).await
    }

    /// The classes one teaches or advises, with their students.
    pub async fn classes(&self) -> Result<Vec<SchoolClass>, FieldfolioError> {
        self.views(|views| views.classes()).await
    }

    /// Every outcome known here, in the order of its framework.
    pub async fn outcomes(&self) -> Result<Vec<Outcome>, FieldfolioError> {
        self.views(|views| views.outcomes()).await
    }

    /// Every project known here, by title.
    pub async fn projects(&self) -> Result<Vec<Project>, FieldfolioError> {
        self.views(|views| Ok(views.projects())).await
    }

    /// A student's folios, or all one may see: by student, home first, then by title.
    #[uniffi::method(default(student = None))]
    pub async fn folios(&self, student: Option<PersonId>) -> Result<Vec<FolioLine>, FieldfolioError> {
        self.views(move |views| views.folios(student)).await
    }

    /// Folios in which one may place a piece of one's own, those of one's group among them.
    pub async fn places(&self) -> Result<Vec<FolioLine>, FieldfolioError> {
        self.views(|views| views.places()).await
    }

    /// Mentors who wait for a teacher's word: for this person's, or proposed by her.
    pub async fn proposals(&self) -> Result<Vec<Proposal>, FieldfolioError> {
        self.views(|views| views.proposals()).await
    }

    /// What others said to this person, of her work, and of her children: all that is new, and the latest of what is not,
    /// newest first.
    pub async fn inbox(&self) -> Result<Vec<InboxRow>, FieldfolioError> {
        self.views(|views| views.inbox()).await
    }

    /// She looked at what was said to her, on one piece or anywhere. Her other devices learn of it.
    #[uniffi::method(default(piece = None))]
    pub async fn mark_read(&self, piece: Option<PieceId>) -> Result<(), FieldfolioError> {
        self.act(move |device| Ok(device.mark_read(piece, now())?)).await
    }

    /// What classmates offer to one's own folios, or to those of students whom one teaches, oldest piece first.
    pub async fn offers(&self) -> Result<Vec<Offer>, FieldfolioError> {
        self.views(|views| views.offers()).await
    }

    /// One folio with its pieces, newest work first, and its circle.
    pub async fn folio(&self, folio: FolioId) -> Result<Folio, FieldfolioError> {
        self.views(move |views| views.folio(folio)).await
    }

    /// Pieces one made, newest first.
    pub async fn mine(&self) -> Result<Vec<PieceLine>, FieldfolioError> {
        self.views(|views| views.mine()).await
    }

    /// One piece with everything one may read on it, and what one may do.
    pub async fn piece(&self, piece: PieceId) -> Result<Piece, FieldfolioError> {
        self.views(move |views| views.piece(piece)).await
    }

    /// Who can see a piece, and in which roles.
    pub async fn who_sees(&self, piece: PieceId) -> Result<Vec<Seer>, FieldfolioError> {
        self.views(move |views| views.who_sees(piece)).await
    }

    /// Shared work that waits for this teacher, oldest work first.
    pub async fn review_queue(&self) -> Result<Vec<QueueRow>, FieldfolioError> {
        self.views(|views| views.queue()).await
    }

    /// A student's levels with their reasons; nothing for those who are shown none: mentors, peers. Where `whole` is
    /// false, show it as "from what you can see", and never as the level.
    pub async fn levels(&self, student: PersonId) -> Result<Option<Levels>, FieldfolioError> {
        self.views(move |views| views.levels(student)).await
    }

    /// How a student's levels grew; nothing for those who are shown none.
    pub async fn growth(&self, student: PersonId) -> Result<Option<Growth>, FieldfolioError> {
        self.views(move |views| views.growth(student)).await
    }

    /// Students one teaches (in a class, in a project, or all) by the outcomes their projects aim at.
    #[uniffi::method(default(in_class = None, in_project = None))]
    pub async fn grid(
        &self,
        in_class: Option<ClassId>,
        in_project: Option<ProjectId>,
    ) -> Result<Grid, FieldfolioError> {
        self.views(move |views| views.grid(in_class, in_project)).await
    }

    /// One's own devices, newest first.
    pub async fn devices(&self) -> Result<Vec<DeviceLine>, FieldfolioError> {
        self.views(|views| views.devices()).await
    }

    /// What has not reached the school, and why; what it refused or keeps back; what can't be opened.
    pub async fn status(&self) -> Result<Status, FieldfolioError> {
        self.views(|views| views.status()).await
    }

    /// Where a medium of a piece lies on this device: the one with this key, or the first that can be seen. Nothing while
    /// it is not here: it is then fetched when the device syncs, and the change stream tells. Read the file, and leave it as
    /// it is.
    #[uniffi::method(default(medium = None))]
    pub async fn media_path(
        &self,
        piece: PieceId,
        variant: MediaVariant,
        medium: Option<EntryId>,
    ) -> Result<Option<String>, FieldfolioError> {
        let path = self.handle.with(move |device| {
            let content = device.piece(piece)?.content;
            let mut all = content.media.iter().chain(&content.earlier);
            let found = match medium {
                Some(key) => all.find(|one| one.key == key),
                None => all.find(|one| one.preview.is_some()),
            };
            let hash = found.and_then(|found| match variant {
                MediaVariant::Original => Some(found.original),
                MediaVariant::Preview => found.preview,
            });
            let Some(hash) = hash else {
                return Err(FieldfolioError::Missing { reason: "the piece has no such medium".into() });
            };
            let is_here = device.media(piece, hash, now())?.is_some();
            let path = device.store().blobs().path(hash).filter(|_| is_here);
            Ok(path.map(|path| path.to_string_lossy().into_owned()))
        });
        let path = path.await?;
        if path.is_none() {
            self.handle.nudge();
        }
        Ok(path)
    }
}
