//! What goes into each call. Ids and days are checked as it is read.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{ClassId, DeviceId, EntryId, FolioId, OutcomeId, PersonId, PieceId, ProjectId};
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::role::Role;
use fieldfolio_core::time::WorkDate;
use serde::Deserialize;

mod into_core;

use crate::records::{EntryBody, HeldBack, PieceKind, Reference, SpotOn};

/// How long an invitation to one's own next device, or to a student's, may be used: two days.
pub const DEVICE_LINK_MILLIS: u64 = 2 * 24 * 60 * 60 * 1000;

/// Describes what goes in to TypeScript, where ids and days are text.
macro_rules! asked {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty as $ts:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* #[cfg_attr(feature = "typescript", ts(type = $ts))] pub $field: $type,)*
        }
    )*};
}

asked! {
    /// Nothing.
    Nothing {}
    /// Whose folios; everyone's for null.
    WhoseFolios { student: Option<PersonId> as "string | null", }
    /// A folio.
    OneFolio { folio: FolioId as "string", }
    /// A piece.
    OnePiece { piece: PieceId as "string", }
    /// A piece; all of them for null.
    AnyPiece { piece: Option<PieceId> as "string | null", }
    /// A sheet, by its name.
    OneSheet { sheet: String as "string", }
    /// A student.
    OneStudent { student: PersonId as "string", }
    /// A class, a project, or (null) all whom one teaches.
    GridOf { class: Option<ClassId> as "string | null", project: Option<ProjectId> as "string | null", }
    /// What is said of a file that travels beside the call: the first of these is about the first file.
    NewFile {
        caption: String as "string",
        /// What it shows, for who can't see it.
        alt: String as "string",
        /// The medium whose place it takes; that one is kept.
        replaces: Option<EntryId> as "string | null",
    }
    /// A page elsewhere.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewLink {
        url: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        caption: String as "string",
    }
    /// A spot to point at, in ten-thousandths from the upper left corner of the picture before it was turned.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewMark { x: u16 as "number", y: u16 as "number", words: String as "string", }
    /// What a person made of a text, and what stood in it when she began: what another of her devices wrote since stays.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    TextEdit { before: String as "string", after: String as "string", }
    /// Which outcomes a person chose, and which were chosen when she began.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    OutcomesEdit { before: Vec<OutcomeId> as "string[]", after: Vec<OutcomeId> as "string[]", }
    /// What changes about one medium or link; what is null stays.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    MediumEdit {
        key: EntryId as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        caption: Option<TextEdit> as "TextEdit | null",
        #[cfg_attr(feature = "phones", uniffi(default))]
        alt: Option<TextEdit> as "TextEdit | null",
        /// Quarter turns clockwise.
        #[cfg_attr(feature = "phones", uniffi(default))]
        turn: Option<u8> as "number | null",
        /// Out of sight, or back.
        #[cfg_attr(feature = "phones", uniffi(default))]
        is_out: Option<bool> as "boolean | null",
        #[cfg_attr(feature = "phones", uniffi(default))]
        mark: Option<NewMark> as "NewMark | null",
        /// A mark to be taken away.
        #[cfg_attr(feature = "phones", uniffi(default))]
        unmark: Option<EntryId> as "string | null",
    }
    /// A piece to be made. Its files travel beside it.
    NewPiece {
        files: Vec<NewFile> as "NewFile[]",
        links: Vec<NewLink> as "NewLink[]",
        title: String as "string",
        words: String as "string",
        /// The day of the work by the calendar of who captures: today, if nothing else is said.
        work_date: WorkDate as "string",
        outcomes: Vec<OutcomeId> as "string[]",
        folios: Vec<FolioId> as "string[]",
        /// Null: one's own alone.
        audience: Option<Vec<Role>> as "Role[] | null",
        kind: PieceKind as "PieceKind",
        revises: Option<PieceId> as "string | null",
    }
    /// What changes about a piece; what is null stays. New files travel beside it.
    Edits {
        piece: PieceId as "string",
        title: Option<TextEdit> as "TextEdit | null",
        words: Option<TextEdit> as "TextEdit | null",
        work_date: Option<WorkDate> as "string | null",
        outcomes: Option<OutcomesEdit> as "OutcomesEdit | null",
        files: Vec<NewFile> as "NewFile[]",
        links: Vec<NewLink> as "NewLink[]",
        media: Vec<MediumEdit> as "MediumEdit[]",
        /// All media by their keys, as they are to stand.
        order: Option<Vec<EntryId>> as "string[] | null",
    }
    /// Uploads of a piece to be held back or let go: of one file, if it is named.
    Holding {
        piece: PieceId as "string",
        hash: Option<BlobHash> as "string | null",
        held: HeldBack as "HeldBack",
    }
    /// How files are sent; what is null stays.
    HowSent { paused: Option<bool> as "boolean | null", thrifty: Option<bool> as "boolean | null", }
    /// What kind of line this is.
    OnLine { is_metered: bool as "boolean", }
    /// A project of one's own.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewProject {
        title: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        brief: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        outcomes: Vec<OutcomeId> as "string[]",
    }
    /// A project; home for null.
    OneProject { project: Option<ProjectId> as "string | null", }
    /// Where a piece is placed.
    Placing { piece: PieceId as "string", folio: FolioId as "string", }
    /// To whom a piece is offered.
    Offering { piece: PieceId as "string", student: PersonId as "string", project: ProjectId as "string", }
    /// From which folio to which other one of the same student a piece is moved.
    Moving { piece: PieceId as "string", from: FolioId as "string", to: FolioId as "string", }
    /// With whom a piece is shared.
    Sharing { piece: PieceId as "string", audience: Vec<Role> as "Role[]", }
    /// An entry of a kind that needs nothing but its words.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewEntry {
        piece: PieceId as "string",
        /// About the work itself for null.
        #[cfg_attr(feature = "phones", uniffi(default))]
        about: Option<PersonId> as "string | null",
        body: EntryBody as "EntryBody",
        /// The entry of one's own that it replaces.
        #[cfg_attr(feature = "phones", uniffi(default))]
        replaces: Option<EntryId> as "string | null",
    }
    /// Feedback in three parts, any of which may be empty.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewFeedback {
        piece: PieceId as "string",
        /// About the work itself for null.
        #[cfg_attr(feature = "phones", uniffi(default))]
        about: Option<PersonId> as "string | null",
        #[cfg_attr(feature = "phones", uniffi(default))]
        did_well: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        improve: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        next_step: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        outcome: Option<OutcomeId> as "string | null",
        /// The spot that it points at.
        #[cfg_attr(feature = "phones", uniffi(default))]
        spot: Option<SpotOn> as "SpotOn | null",
        #[cfg_attr(feature = "phones", uniffi(default))]
        replaces: Option<EntryId> as "string | null",
    }
    /// A judgement.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewAssessment {
        piece: PieceId as "string",
        student: PersonId as "string",
        outcome: OutcomeId as "string",
        level: u8 as "number",
        weight: AssessmentKind as "AssessmentKind",
        /// The day of the work; the piece's own for null.
        #[cfg_attr(feature = "phones", uniffi(default))]
        work_date: Option<WorkDate> as "string | null",
        #[cfg_attr(feature = "phones", uniffi(default))]
        next_step: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        replaces: Option<EntryId> as "string | null",
    }
    /// A mentor's judgement to be taken as one's own.
    Confirming { piece: PieceId as "string", of: Reference as "Reference", }
    /// An answer.
    NewReply { piece: PieceId as "string", to: Reference as "Reference", words: String as "string", }
    /// A reflection; it is edited in place.
    Reflecting { piece: PieceId as "string", words: TextEdit as "TextEdit", }
    /// Whose next device; one's own for null.
    WhoseDevice { person: Option<PersonId> as "string | null", }
    /// A mentor to be invited into one folio, until her part ends.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewMentor { folio: FolioId as "string", name: String as "string", until: u64 as "number", }
    /// A mentor whom a student proposed.
    ProposedMentor { folio: FolioId as "string", person: PersonId as "string", }
    /// A part to be given.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewPart {
        folio: FolioId as "string",
        person: PersonId as "string",
        role: Role as "Role",
        /// A reader may speak, too.
        #[cfg_attr(feature = "phones", uniffi(default))]
        may_write: bool as "boolean",
        #[cfg_attr(feature = "phones", uniffi(default))]
        until: Option<u64> as "number | null",
    }
    /// A part.
    OnePart { folio: FolioId as "string", person: PersonId as "string", role: Role as "Role", }
    /// A project for a class.
    #[cfg_attr(feature = "phones", derive(uniffi::Record))]
    NewClassProject {
        #[cfg_attr(feature = "phones", uniffi(name = "in_class"))]
        class: ClassId as "string",
        title: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        brief: String as "string",
        #[cfg_attr(feature = "phones", uniffi(default))]
        outcomes: Vec<OutcomeId> as "string[]",
    }
    /// A device.
    OneDevice { device: DeviceId as "string", }
    /// An entry of one's own to be taken back.
    Withdrawing {
        piece: PieceId as "string",
        about: Option<PersonId> as "string | null",
        entry: EntryId as "string",
    }
}
