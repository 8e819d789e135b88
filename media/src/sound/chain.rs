//! MP3 and AAC: a chain of frames, with whatever writers put before, between and behind them.

use super::super::plan::Plan;
use super::super::source::Reader;
use super::super::{Advice, Found, MediaError, MediaType, Note, damaged};
use super::heads::{self, HEAD, Head};
use super::{MAX_PIECES, WINDOW, Window, found, id3_length, millis};

/// How far a frame is looked for behind bytes that are none.
const MAX_GAP: u64 = 1 << 20;

/// Tags that end a file: ID3v1 (and its longer kind), APE, Lyrics3.
const TAGS: [&[u8]; 4] = [b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"LYRICS"];

/// Plans the cleaned file: the frames, one behind the other.
pub(super) fn rebuild(
    reader: &mut Reader<'_>,
    media_type: MediaType,
    read: heads::Read,
) -> Result<Found, MediaError> {
    let start = super::after_tags(reader)?;
    let mut chain = Chain { window: Window::new(reader), read, kind: None, at: start };
    let mut plan = Plan::default();
    let (mut samples, mut rate, mut pieces, mut has_junk) = (0u64, 1, 0, false);
    loop {
        let frame_at = chain.at;
        match chain.next()? {
            Step::Frame(head) => {
                plan.copy(frame_at, head.length);
                rate = head.rate;
                if samples > 0 || !chain.is_index(frame_at)? {
                    samples += u64::from(head.samples);
                }
            }
            Step::Gap(is_junk) => {
                has_junk |= is_junk;
                pieces += 1;
                if pieces > MAX_PIECES {
                    return Err(damaged("it has more gaps than sound"));
                }
            }
            Step::End(is_junk) => {
                has_junk |= is_junk;
                break;
            }
        }
    }
    let has_room = start + HEAD as u64 <= chain.window.length();
    if chain.kind.is_none() && has_room {
        return Err(MediaError::Unsupported { advice: Advice::RareSound });
    }
    if samples == 0 {
        return Err(damaged("it ends before the sound starts"));
    }
    let notes = if has_junk { vec![Note::Tail] } else { Vec::new() };
    Ok(found(media_type, plan, millis(samples, rate), notes))
}

struct Chain<'r, 'a> {
    window: Window<'r, 'a>,
    read: heads::Read,
    kind: Option<[u8; 2]>,
    at: u64,
}

/// What was met, and passed.
enum Step {
    Frame(Head),
    /// Something that is no frame; whether it is anything but a tag or zeros.
    Gap(bool),
    End(bool),
}

impl Chain<'_, '_> {
    fn next(&mut self) -> Result<Step, MediaError> {
        let length = self.window.length();
        if self.at >= length {
            return Ok(Step::End(false));
        }
        if let Some(head) = self.head(self.at)? {
            self.kind = Some(head.kind);
            if self.at + head.length > length {
                // A recorder that was stopped: no more than a moment of sound.
                return Ok(Step::End(true));
            }
            self.at += head.length;
            return Ok(Step::Frame(head));
        }
        let start = self.window.peek(self.at, 32)?;
        if let Some(length) = id3_length(start) {
            self.at = self.at.saturating_add(length);
            return Ok(Step::Gap(false));
        }
        if TAGS.iter().any(|tag| start.starts_with(tag)) {
            return Ok(Step::End(false));
        }
        self.pass()
    }

    /// The head of a frame that fits to those before it.
    fn head(&mut self, at: u64) -> Result<Option<Head>, MediaError> {
        let (read, kind) = (self.read, self.kind);
        let head = read(self.window.peek(at, HEAD)?);
        Ok(head.filter(|head| kind.is_none_or(|kind| kind == head.kind)))
    }

    /// Passes over bytes that are no frame, up to two that are, or a tag.
    fn pass(&mut self) -> Result<Step, MediaError> {
        let start = self.at;
        let mut is_junk = false;
        while self.at < self.window.length().min(start + MAX_GAP) {
            let here = self.window.peek(self.at, WINDOW / 2)?;
            let is_start = |byte: &u8| matches!(byte, 0xFF | b'I' | b'T' | b'A' | b'L');
            let skipped = here.iter().skip(1).position(is_start).map_or(here.len(), |found| found + 1);
            is_junk |= here.iter().take(skipped).any(|byte| *byte != 0);
            self.at += skipped as u64;
            let here = self.window.peek(self.at, 32)?;
            if id3_length(here).is_some() || TAGS.iter().any(|tag| here.starts_with(tag)) {
                return Ok(Step::Gap(is_junk));
            }
            if let Some(head) = self.head(self.at)? {
                let next = self.at + head.length;
                let is_last = next == self.window.length();
                if is_last || self.head(next)?.is_some_and(|next| next.kind == head.kind) {
                    return Ok(Step::Gap(is_junk));
                }
            }
        }
        Ok(Step::End(is_junk))
    }

    /// Whether this frame is silence that only tells players how long the recording is and where to seek.
    fn is_index(&mut self, at: u64) -> Result<bool, MediaError> {
        let start = self.window.peek(at, 64)?;
        Ok(start.windows(4).any(|name| matches!(name, b"Xing" | b"Info" | b"VBRI")))
    }
}
