//! Where a piece lies, and what is offered.

use fieldfolio_core::device::{DeviceError, OfferState};
use fieldfolio_core::ids::{FolioId, PieceId, ProjectId};

use super::Views;
use crate::records::{MoveTo, Offer, OfferTo, OwnOffer, Placings};

impl Views<'_> {
    pub(super) fn placings(&self, piece: PieceId) -> Result<Placings, DeviceError> {
        let placings = self.device.placings(piece, self.now)?;
        let moves = placings.moves.into_iter().filter_map(|(from, to)| self.move_to(from, to));
        let offer_to = placings.offer_to.into_iter().map(|target| OfferTo {
            student: target.student.to_string(),
            name: self.name(target.student),
            project: target.project.to_string(),
            title: self.project_title(Some(target.project)),
        });
        let offers = placings.offers.into_iter().map(|offer| OwnOffer {
            folio: offer.folio.to_string(),
            student_name: offer.student.map(|student| self.name(student)).unwrap_or_default(),
            is_declined: offer.state == OfferState::Declined,
        });
        let mut offer_to: Vec<OfferTo> = offer_to.collect();
        offer_to.sort_by(|a, b| (&a.title, &a.name).cmp(&(&b.title, &b.name)));
        Ok(Placings {
            take_out: placings.take_out.iter().map(FolioId::to_string).collect(),
            moves: moves.collect(),
            offer_to,
            offers: offers.collect(),
        })
    }

    fn move_to(&self, from: FolioId, to: FolioId) -> Option<MoveTo> {
        let known = self.folios.get(&to)?;
        Some(MoveTo {
            from: from.to_string(),
            to: to.to_string(),
            title: self.title(known),
            student_name: self.name(known.student),
        })
    }

    /// What is offered to one's own folios, or to those of students whom one teaches, and waits for an answer.
    pub fn offers(&self) -> Result<Vec<Offer>, DeviceError> {
        let (overviews, standings) = (self.device.overviews()?, self.standings()?);
        let mut offers = Vec::new();
        for offer in self.device.offers(self.now)? {
            let Some(overview) = overviews.iter().find(|piece| piece.piece == offer.piece) else { continue };
            offers.push(Offer {
                piece: self.piece_line(overview, standings),
                folio: offer.folio.to_string(),
                student: offer.student.to_string(),
                student_name: self.name(offer.student),
                title: self.project_title(offer.project),
            });
        }
        Ok(offers)
    }

    fn project_title(&self, project: Option<ProjectId>) -> String {
        let known = project.and_then(|project| self.projects.get(&project));
        known.map(|project| project.title.clone()).unwrap_or_default()
    }
}
