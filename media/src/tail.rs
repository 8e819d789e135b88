//! What lies behind the end of a picture: padding, a film that a phone hides there, a second picture, or anything else.

use super::Note;

/// So few bytes behind the end are a slip of a writer.
const SLIP: usize = 7;

/// What is to be said of bytes that are left out: nothing of padding.
pub(super) fn note(tail: &[u8]) -> Option<Note> {
    let is_said = |byte: &&u8| !matches!(byte, 0 | 0xFF | b' ' | b'\r' | b'\n');
    if is_film(tail) {
        return Some(Note::MovingPhoto);
    }
    (tail.iter().filter(is_said).take(SLIP + 1).count() > SLIP).then_some(Note::Tail)
}

/// Whether a film starts somewhere in these bytes.
fn is_film(tail: &[u8]) -> bool {
    tail.windows(8).any(|start| matches!(start, [0, 0, 0, 8..=255, b'f', b't', b'y', b'p']))
}

/// Whether these bytes hold this text.
pub(super) fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_not_worth_a_word() {
        for nothing in [&b""[..], &[0; 5000], &[0xFF; 9], b"\r\n\0", b"SLIP"] {
            assert_eq!(note(nothing), None);
        }
        assert_eq!(note(b"\0\0a maker's notes"), Some(Note::Tail));
        assert_eq!(note(b"MotionPhoto_Data\0\0\0\x18ftypmp42"), Some(Note::MovingPhoto));
    }
}
