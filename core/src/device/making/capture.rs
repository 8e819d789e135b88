//! Capturing work, and editing it. Never waits for a network.

mod new;

use std::io::Write;

use crate::access::Placing;
use crate::document::{Edit, MediumWords};
use crate::ids::{EntryId, OutcomeId, PieceId, Rng};
use crate::media::{self, MediaError, Offered, Prepared};
use crate::model::act::Act;
use crate::model::piece::{Link, MAX_URL, Makers, Mark, Medium, Turn};
use crate::model::role::Class;
use crate::store::transfers;
use crate::time::Timestamp;

use crate::device::making::write::{self, Writing};
use crate::device::{Device, DeviceError};

pub use new::{Captured, Edits, MediumEdit, NewLink, NewMark, NewMedium, NewPiece, OutcomesEdit};

const MAX_WORDS: usize = 50_000;
const MAX_LINE: usize = 500;
const MAX_MEDIA: usize = 40;
const MAX_LINKS: usize = 20;

/// A medium whose bytes are safe on disk.
struct Kept {
    medium: Medium,
    preview_size: u64,
    replaces: Option<EntryId>,
}

impl Device {
    /// Saves a new piece: cleans the photos, makes their bytes durable, then one transaction for acts, change,
    /// signature, index and outbox.
    pub fn capture(
        &mut self,
        new: NewPiece,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Captured, DeviceError> {
        check_words(Some(&new.title), Some(&new.words), Some(&new.outcomes))?;
        check_new(&new.media, &new.links)?;
        let media = self.keep_media(new.media, now, rng)?;
        let links = keyed(new.links, media.len(), now, rng);
        let piece = PieceId::new(now, rng);
        let kind = new.kind;
        if kind.rules().makers == Makers::Nobody {
            return Err(DeviceError::Bounds(
                "a piece of this kind can't be made with this version: update Fieldfolio",
            ));
        }
        let mut placings = Vec::with_capacity(new.folios.len());
        for folio in new.folios {
            let by_offer = self.placing(folio, now)? == Some(Placing::Offer);
            if by_offer && new.audience.is_none() {
                return Err(DeviceError::NotAllowed(
                    "a piece that nobody else can see can't be offered to a classmate: share it, too",
                ));
            }
            let place = Act::Place { piece, folio };
            placings.push(if by_offer { Act::Offer { piece, folio } } else { place });
        }
        let me = &self.me;
        self.store.write(|tx| {
            write::act(tx, me, now, rng, &Act::DeclarePiece { piece, maker: me.person, kind })?;
            placings.iter().try_for_each(|act| write::act(tx, me, now, rng, act))?;
            if let Some(audience) = new.audience {
                write::act(tx, me, now, rng, &Act::Share { piece, audience, replaces: Vec::new() })?;
            }
            let writing = content_of(me, piece, now, &media);
            let change = write::change(tx, writing, rng, |edit| {
                edit.title(&new.title)?;
                edit.words(&new.words)?;
                edit.work_date(new.work_date)?;
                edit.outcomes(&new.outcomes)?;
                if let Some(earlier) = new.revises {
                    edit.revises(earlier)?;
                }
                media.iter().try_for_each(|kept| edit.add_medium(&kept.medium))?;
                links.iter().try_for_each(|link| edit.add_link(link))
            })?;
            owe_media(tx, piece, change, &media)
        })?;
        Ok(Captured { piece, media: media.into_iter().map(|kept| kept.medium).collect() })
    }

    /// Changes one's own piece. What two devices changed apart merges; what can't be merged is shown as alternatives.
    pub fn edit(
        &mut self,
        piece: PieceId,
        edits: Edits,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), DeviceError> {
        let Edits { title, words, outcomes, .. } = &edits;
        let texts = [title, words].map(|edit| edit.as_ref().map(|edit| edit.after.as_str()));
        check_words(texts[0], texts[1], outcomes.as_ref().map(|edit| edit.after.as_slice()))?;
        let seen = [title, words].into_iter().flatten().filter_map(|edit| edit.before.as_deref());
        seen.into_iter().try_for_each(|seen| check_words(None, Some(seen), None))?;
        check_new(&edits.add, &edits.links)?;
        edits.media.iter().try_for_each(check_medium)?;
        let (known, circles) = self.piece_and_circles(piece, now)?;
        if !known.may_write_content(&circles, self.me.person) {
            return Err(DeviceError::NotAllowed("only the person who made a piece can change it"));
        }
        let mut media = self.keep_media(edits.add, now, rng)?;
        let links = keyed(edits.links, media.len(), now, rng);
        let marks = keys(media.len() + links.len(), edits.media.len(), now, rng);
        let content = crate::store::index::content(self.store.read(), piece)?.unwrap_or_default();
        for kept in &mut media {
            if let Some(old) = kept.replaces.and_then(|key| content.medium(key)) {
                take_over(&mut kept.medium, old);
            }
        }
        let replaced: Vec<(EntryId, EntryId)> =
            media.iter().filter_map(|kept| Some((kept.replaces?, kept.medium.key))).collect();
        let order = edits.order.or_else(|| (!replaced.is_empty()).then(|| shown(&content)));
        let order = order.map(|order| with_replaced(order, &replaced));
        let me = &self.me;
        self.store.write(|tx| {
            let change = write::change(tx, content_of(me, piece, now, &media), rng, |edit| {
                edits.title.map_or(Ok(()), |title| edit.title(title))?;
                edits.words.map_or(Ok(()), |words| edit.words(words))?;
                edits.work_date.map_or(Ok(()), |date| edit.work_date(date))?;
                edits.outcomes.map_or(Ok(()), |edited| edit.retag(&edited.more(), &edited.fewer()))?;
                media.iter().try_for_each(|kept| edit.add_medium(&kept.medium))?;
                links.iter().try_for_each(|link| edit.add_link(link))?;
                edits
                    .media
                    .iter()
                    .zip(&marks)
                    .try_for_each(|(change, mark)| edit_medium(edit, change, *mark))?;
                replaced.iter().try_for_each(|(old, _)| edit.take_out(*old, true))?;
                order.as_deref().map_or(Ok(()), |order| edit.arrange(order))
            })?;
            owe_media(tx, piece, change, &media)
        })
    }

    /// Cleans media and makes their bytes durable, before anything names them.
    fn keep_media(
        &self,
        media: Vec<NewMedium>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Vec<Kept>, DeviceError> {
        // All are looked at before one is kept: a piece is saved whole or not at all.
        let refused = |number: usize| move |source: MediaError| DeviceError::Media { number, source };
        let mut prepared: Vec<(NewMedium, Prepared)> = Vec::with_capacity(media.len());
        for (number, mut new) in (1..).zip(media) {
            let offered =
                Offered { source: new.source.as_mut(), name: &new.name, poster: new.poster.as_deref() };
            let one = media::prepare(offered).map_err(refused(number))?;
            prepared.push((new, one));
        }
        let keys = keys(0, prepared.len(), now, rng);
        let blobs = self.store.blobs();
        let mut kept = Vec::with_capacity(prepared.len());
        for (number, ((mut new, prepared), key)) in (1..).zip(prepared.into_iter().zip(keys)) {
            let write = |to: &mut dyn Write| prepared.write(new.source.as_mut(), to).map_err(refused(number));
            let original = blobs.put_from(prepared.size(), write)?;
            let preview = prepared.preview.as_deref().map(|preview| blobs.put(preview)).transpose()?;
            let is_document = prepared.media_type.kind() == media::Kind::Document;
            kept.push(Kept {
                medium: Medium {
                    key,
                    original,
                    preview,
                    media_type: prepared.media_type.as_str().to_owned(),
                    width: prepared.width,
                    height: prepared.height,
                    size: prepared.size(),
                    duration: prepared.duration_ms,
                    placeholder: prepared.placeholder,
                    name: if is_document { short_name(&new.name) } else { String::new() },
                    caption: new.caption,
                    alt: new.alt,
                    turn: Turn::default(),
                    marks: Vec::new(),
                },
                preview_size: prepared.preview.map_or(0, |preview| preview.len() as u64),
                replaces: new.replaces,
            });
        }
        Ok(kept)
    }
}

/// A new spot gets the key `mark`.
fn edit_medium(
    edit: &mut Edit<'_>,
    change: &MediumEdit,
    mark: EntryId,
) -> Result<(), crate::document::SheetError> {
    let key = change.key;
    let words = [(MediumWords::Caption, &change.caption), (MediumWords::Alt, &change.alt)];
    for (which, words) in words {
        words.clone().map_or(Ok(()), |words| edit.medium_words(key, which, words))?;
    }
    change.turn.map_or(Ok(()), |turn| edit.turn_medium(key, turn))?;
    change.is_out.map_or(Ok(()), |is_out| edit.take_out(key, is_out))?;
    if let Some(new) = &change.mark {
        edit.mark(key, &Mark { key: mark, at: new.at, words: new.words.clone() })?;
    }
    change.unmark.map_or(Ok(()), |mark| edit.unmark(key, mark))
}

/// A better photo of the same thing keeps what was said about it. Its turn and spots belonged to the old pixels.
fn take_over(medium: &mut Medium, old: &Medium) {
    if medium.caption.is_empty() {
        medium.caption.clone_from(&old.caption);
    }
    if medium.alt.is_empty() {
        medium.alt.clone_from(&old.alt);
    }
}

fn shown(content: &crate::model::piece::Content) -> Vec<EntryId> {
    content.media.iter().map(|medium| medium.key).collect()
}

/// The order, with each new medium right before the one it replaces.
fn with_replaced(order: Vec<EntryId>, replaced: &[(EntryId, EntryId)]) -> Vec<EntryId> {
    let mut with = Vec::with_capacity(order.len() + replaced.len());
    for key in order {
        with.extend(replaced.iter().filter(|(old, _)| *old == key).map(|(_, new)| *new));
        with.push(key);
    }
    with
}

/// Fresh keys in the order of capture, also within one millisecond; `after` were made at this moment already.
fn keys(after: usize, count: usize, now: Timestamp, rng: &mut dyn Rng) -> Vec<EntryId> {
    (after..after + count).map(|position| EntryId::new(now.plus_millis(position as u64), rng)).collect()
}

fn keyed(links: Vec<NewLink>, after: usize, now: Timestamp, rng: &mut dyn Rng) -> Vec<Link> {
    let keys = keys(after, links.len(), now, rng);
    links.into_iter().zip(keys).map(|(NewLink { url, caption }, key)| Link { key, url, caption }).collect()
}

/// The end of a long name says what kind of file it is.
fn short_name(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control() && !"/\\".contains(*c)).collect();
    let count = name.chars().count();
    name.chars().skip(count.saturating_sub(120)).collect()
}

fn content_of<'a>(
    me: &'a crate::store::Identity,
    piece: PieceId,
    now: Timestamp,
    media: &[Kept],
) -> Writing<'a> {
    Writing {
        me,
        document: crate::ids::DocumentId::content(piece),
        class: Class::Content,
        now,
        blobs: media.iter().flat_map(|kept| kept.medium.blobs()).collect(),
    }
}

fn owe_media(
    tx: &rusqlite::Transaction<'_>,
    piece: PieceId,
    change: Option<i64>,
    media: &[Kept],
) -> Result<(), DeviceError> {
    let Some(change) = change else { return Ok(()) };
    for kept in media {
        if let Some(preview) = kept.medium.preview {
            transfers::add_upload(tx, preview, piece, kept.preview_size, true, change)?;
        }
        transfers::add_upload(tx, kept.medium.original, piece, kept.medium.size, false, change)?;
    }
    Ok(())
}

fn check_words(
    title: Option<&str>,
    words: Option<&str>,
    outcomes: Option<&[OutcomeId]>,
) -> Result<(), DeviceError> {
    if title.is_some_and(|title| title.chars().count() > 200) {
        return Err(DeviceError::Bounds("a title has at most 200 characters"));
    }
    if words.is_some_and(|words| words.chars().count() > MAX_WORDS) {
        return Err(DeviceError::Bounds("words have at most 50,000 characters; go on in a new piece"));
    }
    if outcomes.is_some_and(|outcomes| outcomes.len() > 50) {
        return Err(DeviceError::Bounds("a piece is offered for at most 50 outcomes"));
    }
    Ok(())
}

fn check_new(media: &[NewMedium], links: &[NewLink]) -> Result<(), DeviceError> {
    if media.len() > MAX_MEDIA {
        return Err(DeviceError::Bounds("at most 40 photos at once"));
    }
    if links.len() > MAX_LINKS {
        return Err(DeviceError::Bounds("at most 20 links at once"));
    }
    if links.iter().any(|link| link.url.len() > MAX_URL) {
        return Err(DeviceError::Bounds(
            "an address has at most 32,768 bytes: save the work as a file, or share a short link to it",
        ));
    }
    if links.iter().any(|link| !Link::is_address(&link.url)) {
        return Err(DeviceError::Bounds(
            "a link is a web address that begins with https:// or http://, without a name or password in it",
        ));
    }
    let lines = media.iter().flat_map(|new| [&new.caption, &new.alt]);
    lines.chain(links.iter().map(|link| &link.caption)).try_for_each(|line| check_line(line))
}

fn check_medium(edit: &MediumEdit) -> Result<(), DeviceError> {
    let words = edit.mark.as_ref().map(|mark| &mark.words);
    let texts = edit.caption.iter().chain(&edit.alt);
    let lines = texts.flat_map(|text| text.before.iter().chain([&text.after]));
    lines.chain(words).try_for_each(|line| check_line(line))
}

fn check_line(line: &str) -> Result<(), DeviceError> {
    match line.chars().count() {
        0..=MAX_LINE => Ok(()),
        _ => Err(DeviceError::Bounds("a caption or description has at most 500 characters")),
    }
}
