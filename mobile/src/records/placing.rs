//! Where a piece lies, and what can be done about that.

use serde::Serialize;

/// What this person can do about where a piece lies.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct Placings {
    /// Folios it can be taken out of; of an offer, that it can be taken back from.
    pub take_out: Vec<String>,
    /// Folios of the same student that it can be moved to.
    pub moves: Vec<MoveTo>,
    /// Classmates to whom it can be offered. Whether one has a folio in the project, the school knows.
    pub offer_to: Vec<OfferTo>,
    /// The maker's own offers that were not accepted.
    pub offers: Vec<OwnOffer>,
}

/// A move of a piece from one folio of a student to another one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct MoveTo {
    pub from: String,
    pub to: String,
    /// The title of the project it is moved to; empty for the home folio.
    pub title: String,
    /// Whose folios.
    pub student_name: String,
}

/// A classmate to whom a piece can be offered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct OfferTo {
    pub student: String,
    pub name: String,
    pub project: String,
    pub title: String,
}

/// An offer of one's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "phones", derive(uniffi::Record))]
pub struct OwnOffer {
    pub folio: String,
    /// Whose folio; empty if that is not known here.
    pub student_name: String,
    /// It was declined, or taken out again after it had been accepted. Otherwise nobody has answered it.
    pub is_declined: bool,
}
