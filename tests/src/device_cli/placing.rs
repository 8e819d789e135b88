//! Where a piece lies: offering it, answering an offer, taking it out, moving it.

use fieldfolio_core::device::Device;
use fieldfolio_core::ids::{FolioId, PieceId};
use serde_json::json;

use super::make::Where;
use super::names::Names;
use super::{Answer, CliError, to_json};
use crate::driver::{OsRng, now};

pub(super) fn offer(
    device: &mut Device,
    piece: PieceId,
    student: &str,
    project: &str,
) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let student = names.find_person(student)?;
    let Some(project) = names.find_project(project)?.0 else {
        return Err(CliError::Argument("a piece is offered in a project, not in a home folio".into()));
    };
    let folio = device.offer(piece, student, project, now(), &mut OsRng)?;
    let text = format!("Offered to {}: she or a teacher of hers answers.", names.person(student));
    Ok(Answer::done(text, json!({ "piece": piece, "folio": folio })))
}

pub(super) fn offers(device: &Device) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let offers = device.offers(now())?;
    let lines: Vec<String> = offers
        .iter()
        .map(|offer| {
            let (maker, folio) = (names.person(offer.maker), names.folio(offer.folio));
            format!("\"{}\" by {maker}, for {folio}  [{}]", offer.title, offer.piece)
        })
        .collect();
    let text = if lines.is_empty() { "Nothing is offered.".to_owned() } else { lines.join("\n") };
    Ok(Answer::done(text, to_json(offers)))
}

/// Answers every offer of this piece that is this person's to answer.
pub(super) fn answer(device: &mut Device, piece: PieceId, accept: bool) -> Result<Answer, CliError> {
    let offers = device.offers(now())?;
    let folios: Vec<FolioId> =
        offers.iter().filter(|offer| offer.piece == piece).map(|offer| offer.folio).collect();
    if folios.is_empty() {
        return Err(CliError::Argument(format!("no offer of piece {piece} waits here: see `offers`")));
    }
    for folio in &folios {
        match accept {
            true => device.accept_offer(piece, *folio, now(), &mut OsRng)?,
            false => device.take_out(piece, *folio, now(), &mut OsRng)?,
        }
    }
    let text = if accept { "Accepted." } else { "Declined." };
    Ok(Answer::done(text, json!({ "piece": piece, "folios": folios })))
}

pub(super) fn take_out(device: &mut Device, piece: PieceId, place: &Where) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let folios = place.required(device, &names)?;
    for folio in &folios {
        device.take_out(piece, *folio, now(), &mut OsRng)?;
    }
    let text: Vec<String> = folios.iter().map(|folio| names.folio(*folio)).collect();
    let text = format!("Taken out of {}.", text.join(" and "));
    Ok(Answer::done(text, json!({ "piece": piece, "folios": folios })))
}

pub(super) fn move_piece(
    device: &mut Device,
    piece: PieceId,
    from: Option<FolioId>,
    to: &Where,
) -> Result<Answer, CliError> {
    let names = Names::of(device)?;
    let [to] = to.required(device, &names)?[..] else {
        return Err(CliError::Argument("a piece is moved to one folio".into()));
    };
    let moves = device.placings(piece, now())?.moves;
    let fits: Vec<FolioId> =
        moves.iter().filter(|(_, target)| *target == to).map(|(from, _)| *from).collect();
    let from = match (from, &fits[..]) {
        (Some(from), _) => from,
        (None, [from]) => *from,
        (None, _) => {
            return Err(CliError::Argument("say where it lies: --from ID".into()));
        }
    };
    device.move_piece(piece, from, to, now(), &mut OsRng)?;
    let text = format!("Moved from {} to {}.", names.folio(from), names.folio(to));
    Ok(Answer::done(text, json!({ "piece": piece, "from": from, "to": to })))
}
