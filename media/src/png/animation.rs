//! The frames of an animated PNG (PNG specification, third edition, section 11.3.5.3).
//!
//! Every frame has a head (`fcTL`) and data (`fdAT`; of the first frame it may be the picture itself). Heads and data
//! are numbered together, from 0 and without a gap, so a frame that is missing is noticed.

use super::super::{MediaError, check_moving, damaged};
use super::Chunk;

/// More frames than any animation has.
const MAX_FRAMES: u32 = 10_000;

pub(super) struct Animation<'a> {
    head: &'a [u8],
    said: u32,
    size: (u32, u32),
    /// The head of the first frame, where the picture itself is one.
    first: Option<&'a [u8]>,
    parts: Vec<Chunk<'a>>,
    number: u32,
    frames: u32,
    has_picture: bool,
    /// Whether the frame at hand has data.
    is_filled: bool,
}

impl<'a> Animation<'a> {
    /// Reads `acTL`: how many frames, and how often they are played.
    pub(super) fn read(head: &'a [u8], size: (u32, u32)) -> Result<Self, MediaError> {
        let said = number_at(head, 0).filter(|count| head.len() == 8 && (1..=MAX_FRAMES).contains(count));
        let said = said.ok_or_else(|| damaged("its animation is malformed"))?;
        if said > 1 {
            check_moving(size.0, size.1)?;
        }
        Ok(Self {
            head,
            said,
            size,
            first: None,
            parts: Vec::new(),
            number: 0,
            frames: 0,
            has_picture: false,
            is_filled: true,
        })
    }

    /// The picture itself is met: the data of the first frame, if that has a head.
    pub(super) fn picture(&mut self) {
        self.has_picture = true;
        self.is_filled = true;
    }

    /// Takes in `fcTL` or `fdAT`.
    pub(super) fn part(&mut self, chunk: Chunk<'a>) -> Result<(), MediaError> {
        if number_at(chunk.data, 0) != Some(self.number) {
            return Err(damaged("a frame of its animation is missing"));
        }
        self.number += 1;
        if chunk.name == b"fcTL" {
            self.frame(chunk)
        } else if self.parts.is_empty() || chunk.data.len() < 5 {
            Err(damaged("a frame of its animation has no head"))
        } else {
            self.is_filled = true;
            self.parts.push(chunk);
            Ok(())
        }
    }

    fn frame(&mut self, chunk: Chunk<'a>) -> Result<(), MediaError> {
        let malformed = || damaged("a frame of its animation is malformed");
        let number = |at| number_at(chunk.data, at).map(u64::from).ok_or_else(malformed);
        let (width, height, x, y) = (number(4)?, number(8)?, number(12)?, number(16)?);
        let fits = x + width <= self.size.0.into() && y + height <= self.size.1.into();
        let is_whole = (width, height) == (self.size.0.into(), self.size.1.into());
        let ways = chunk.data.get(24..).unwrap_or_default();
        if !matches!(ways, [0..=2, 0 | 1]) || width == 0 || height == 0 || !fits || !self.is_filled {
            return Err(malformed());
        }
        self.frames += 1;
        self.is_filled = false;
        if self.has_picture {
            self.parts.push(chunk);
        } else if self.frames == 1 && is_whole {
            self.first = Some(chunk.data);
        } else {
            return Err(malformed());
        }
        Ok(())
    }

    /// Whether as many frames came as were promised, each with its data.
    pub(super) fn check_whole(&self) -> Result<(), MediaError> {
        if self.frames == self.said && self.is_filled {
            return Ok(());
        }
        Err(damaged(format!("its animation has {} of {} frames", self.frames, self.said)))
    }

    /// The chunks that stand before the picture.
    pub(super) fn before(&self) -> impl Iterator<Item = (&'static [u8; 4], &'a [u8])> + use<'a> {
        std::iter::once((b"acTL", self.head)).chain(self.first.map(|first| (b"fcTL", first)))
    }

    /// The chunks that stand behind it.
    pub(super) fn after(&self) -> impl Iterator<Item = (&'a [u8; 4], &'a [u8])> {
        self.parts.iter().map(|chunk| (chunk.name, chunk.data))
    }
}

fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

#[cfg(test)]
pub(in super::super) mod tests {
    use super::super::super::MediaError;
    use super::super::tests::{has, names};
    use super::super::{push_chunk, rebuild};

    /// Three frames, 8 by 6 and twice a part of that, with a text between them.
    pub(crate) fn animation() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut bytes, 8, 6);
        encoder.set_color(::png::ColorType::Grayscale);
        encoder.set_animated(3, 0).unwrap();
        encoder.set_frame_delay(1, 5).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&[9; 48]).unwrap();
        writer.set_frame_dimension(4, 3).unwrap();
        writer.set_frame_position(2, 1).unwrap();
        writer.write_image_data(&[200; 12]).unwrap();
        writer.write_chunk(::png::chunk::ChunkType(*b"tEXt"), b"Author\0SECRET").unwrap();
        writer.write_image_data(&[90; 12]).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let count = reader.info().animation_control.map_or(1, |control| control.num_frames);
        let mut buffer = vec![0; 48];
        (0..count)
            .map(|_| {
                let frame = reader.next_frame(&mut buffer).unwrap();
                buffer[..frame.buffer_size()].to_vec()
            })
            .collect()
    }

    #[test]
    fn frames_stay_and_words_between_them_go() {
        let source = animation();
        let rebuilt = rebuild(&source).unwrap();
        assert_eq!(names(&rebuilt.bytes)[..4], ["IHDR", "acTL", "fcTL", "IDAT"]);
        assert!(has(&source, b"SECRET") && !has(&rebuilt.bytes, b"SECRET"));
        assert_eq!(frames(&rebuilt.bytes), frames(&source));
        assert_eq!(frames(&rebuilt.bytes).len(), 3);
    }

    #[test]
    fn a_frame_that_is_missing_or_lies_outside_is_noticed() {
        let source = animation();
        let starts: Vec<usize> =
            (4..source.len()).filter(|at| source[*at..].starts_with(b"fcTL")).map(|at| at - 4).collect();
        let mut missing = source.clone();
        missing.drain(starts[1]..starts[2]);
        assert!(matches!(rebuild(&missing), Err(MediaError::Damaged { .. })));
        let mut head = source[starts[1] + 8..starts[1] + 34].to_vec();
        head[15] = 5;
        let mut chunk = Vec::new();
        push_chunk(&mut chunk, b"fcTL", &head);
        let mut outside = source.clone();
        outside.splice(starts[1]..starts[1] + 38, chunk);
        assert!(rebuild(&outside).unwrap_err().to_string().contains("malformed"));
    }

    #[test]
    fn an_animation_too_large_to_be_played_is_refused() {
        let error = super::Animation::read(&[0, 0, 0, 2, 0, 0, 0, 0], (4097, 4096)).err().unwrap();
        assert!(error.to_string().contains("MP4"), "{error}");
        assert!(super::Animation::read(&[0, 0, 0, 2, 0, 0, 0, 0], (4096, 4096)).is_ok());
    }
}
