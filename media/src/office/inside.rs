//! What lies within an office file: pictures, films, and other files.

use std::io::Cursor;

use super::super::exif::Orientation;
use super::super::{Advice, Container, MediaError, Note, Reader, find, sniff};
use super::archive::Budget;

/// An office file within an office file, one within that, and no further.
const MAX_DEPTH: u8 = 2;

/// What stays of a file inside, and what to tell of it; nothing where it is of a kind that has nothing to tell.
pub(super) fn keep(
    bytes: &[u8],
    depth: u8,
    budget: &mut Budget,
) -> Result<(Option<Vec<u8>>, Vec<Note>), MediaError> {
    const RAW: [&[u8]; 2] = [b"II*\0", b"MM\0*"];
    let mut source = Cursor::new(bytes);
    let mut reader = Reader::new(&mut source)?;
    let found = match sniff::container(&mut reader) {
        Ok(Container::Text) => return Ok((None, Vec::new())),
        Ok(Container::Still) => return Err(MediaError::Unsupported { advice: Advice::RawInside }),
        Ok(Container::Zip) if depth >= MAX_DEPTH => {
            return Err(MediaError::Unsupported { advice: Advice::Archive });
        }
        Ok(Container::Zip) => super::rebuild_within(bytes, "", depth + 1, budget)?,
        Ok(Container::Jpeg) => match find(&mut reader, "") {
            // What is cut short is shown by office programs as far as it goes.
            Err(MediaError::Damaged { reason }) => {
                let cut = cut_photo(bytes).ok_or(MediaError::Damaged { reason })?;
                return Ok((Some(cut), Vec::new()));
            }
            found => found?,
        },
        Ok(container) => {
            if container == Container::Pdf {
                let left = budget.documents.checked_sub(1);
                budget.documents = left.ok_or(MediaError::Unsupported { advice: Advice::TooManyPdfs })?;
            }
            find(&mut reader, "")?
        }
        Err(_) if RAW.iter().any(|start| bytes.starts_with(start)) => {
            return Err(MediaError::Unsupported { advice: Advice::RawInside });
        }
        // An object of an older program: it opens only there, and is built in as many ways as there are programs.
        Err(_) if bytes.starts_with(b"\xD0\xCF\x11\xE0") => return Ok((None, vec![Note::ObjectsStay])),
        Err(_) => return Ok((None, Vec::new())),
    };
    let mut cleaned = Vec::new();
    found.plan.write(&mut source, &mut cleaned)?;
    Ok((Some(cleaned), found.notes))
}

/// A JPEG as far as it goes, ended: its tables, its frame and its scans, and nothing else that it says of itself.
fn cut_photo(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = vec![0xFF, 0xD8];
    let mut has_scan = false;
    let mut rest = bytes.get(2..)?;
    while let [0xFF, marker, after @ ..] = rest {
        let Some(length) = after.first_chunk().map(|pair| usize::from(u16::from_be_bytes(*pair))) else {
            break;
        };
        let Some(payload) = after.get(2..length) else { break };
        let mut end = 2 + length;
        match marker {
            0xC0..=0xC2 | 0xC4 | 0xDB | 0xDD => kept.extend_from_slice(rest.get(..end)?),
            0xDA => {
                has_scan = true;
                end += scan_length(after.get(length..)?);
                kept.extend_from_slice(rest.get(..end)?);
            }
            // Which colours it is in, and which way is up.
            0xEE if payload.starts_with(b"Adobe") && payload.len() >= 12 => {
                kept.extend_from_slice(&[0xFF, 0xEE, 0, 14]);
                kept.extend_from_slice(payload.get(..12)?);
            }
            0xE1 if payload.starts_with(b"Exif\0") => {
                let way = payload.get(6..).map_or(Orientation::UPRIGHT, Orientation::read);
                if way != Orientation::UPRIGHT {
                    let exif = [&b"Exif\0\0"[..], &way.tiff()].concat();
                    kept.extend_from_slice(&[0xFF, 0xE1, 0, exif.len() as u8 + 2]);
                    kept.extend_from_slice(&exif);
                }
            }
            0xE0..=0xEF | 0xFE => {}
            _ => break,
        }
        rest = rest.get(end..)?;
    }
    kept.extend_from_slice(&[0xFF, 0xD9]);
    has_scan.then_some(kept)
}

/// How long the data of a scan is: up to the next mark that is no restart, or to the end of the file.
fn scan_length(data: &[u8]) -> usize {
    let is_mark = |pair: &[u8]| matches!(pair, [0xFF, 0x01..=0xCF | 0xD8..=0xFE]);
    let end = data.windows(2).position(is_mark).unwrap_or(data.len());
    // Half a mark at the end would swallow the one that follows.
    data.get(..end).map_or(0, |data| data.len() - usize::from(data.ends_with(&[0xFF])))
}
