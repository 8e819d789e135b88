//! What apps draw: flat records with names already joined. Ids are text, moments are milliseconds since 1970, days are
//! `2026-11-22`. What is in them is what this device may show this person, and nothing more.

mod entries;
mod levels;
mod people;
mod pieces;
mod placing;
mod standing;

pub use entries::{EntryBody, Reference, Spot, SpotOn};
pub use levels::{
    AtBat, Beside, Cell, Grid, GridRow, Grown, Growth, Judgement, LevelState, Levels, OutcomeGrowth,
    OutcomeLevel, Tally,
};
pub use people::{
    CircleLine, DeviceLine, Folio, FolioLine, LevelWord, Me, Outcome, Part, Person, Project, Proposal,
    Proposed, Rule, School, SchoolClass, Seer,
};
pub use pieces::{
    Alternative, Entry, InboxRow, Inspected, Judge, Link, Mark, May, Medium, Offer, Piece, PieceKind,
    PieceLine, Placed, QueueRow, Shows, ToConfirm, Voice,
};
pub use placing::{MoveTo, OfferTo, OwnOffer, Placings};
pub use standing::{At, HeldBack, Kept, LateWork, MediaUsage, Refused, Status, Upload, Waiting, Whereabouts};
