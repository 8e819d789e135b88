//! A JPEG's frame: the picture's size and how its components are sampled (ITU-T T.81, annexes A and B.2.2).

use super::super::{Advice, MediaError, check_size, damaged};

pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) progressive: bool,
    components: Vec<Component>,
    /// Columns and rows of the smallest interleaved units (MCU).
    mcus: (usize, usize),
}

struct Component {
    id: u8,
    /// Blocks across and down in one MCU.
    sampling: (usize, usize),
    /// How many blocks a scan of this component alone consists of, row by row.
    own: usize,
    /// For each coefficient, how many of its low bits are still to come; none where it had no scan at all.
    missing: [Option<u8>; 64],
    /// One bit for each coefficient of each block that is known to be non-zero; empty until it is needed.
    detail: Vec<u64>,
}

impl Frame {
    /// Reads a frame header, and refuses what can't be decoded.
    pub(super) fn read(payload: &[u8], progressive: bool) -> Result<Self, MediaError> {
        let [precision, h1, h0, w1, w0, count, rest @ ..] = payload else {
            return Err(damaged("its frame header is cut short"));
        };
        if *precision != 8 {
            return Err(MediaError::Unsupported { advice: Advice::DeepJpeg });
        }
        if !matches!(count, 1 | 3 | 4) || rest.len() != usize::from(*count) * 3 {
            return Err(damaged("its frame header is malformed"));
        }
        let (width, height) = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
        check_size(width.into(), height.into())?;
        let sampled = |spec: &[u8]| (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
        let sampling: Vec<_> = rest.chunks_exact(3).map(sampled).collect();
        if sampling.iter().any(|(across, down)| !(1..=4).contains(across) || !(1..=4).contains(down)) {
            return Err(damaged("its colours are sampled in an impossible way"));
        }
        let widest = sampling.iter().map(|(across, _)| *across).max().unwrap_or(1);
        let tallest = sampling.iter().map(|(_, down)| *down).max().unwrap_or(1);
        let (across, down) = (usize::from(width), usize::from(height));
        let component = |(spec, sampling): (&[u8], &(usize, usize))| Component {
            id: spec[0],
            sampling: *sampling,
            own: (across * sampling.0).div_ceil(widest).div_ceil(8)
                * (down * sampling.1).div_ceil(tallest).div_ceil(8),
            missing: [None; 64],
            detail: Vec::new(),
        };
        Ok(Self {
            width: width.into(),
            height: height.into(),
            progressive,
            components: rest.chunks_exact(3).zip(&sampling).map(component).collect(),
            mcus: (across.div_ceil(8 * widest), down.div_ceil(8 * tallest)),
        })
    }

    /// The place of the component with this id.
    pub(super) fn component(&self, id: u8) -> Option<usize> {
        self.components.iter().position(|component| component.id == id)
    }

    pub(super) fn is_subsampled(&self) -> bool {
        self.components.iter().any(|component| component.sampling != self.components[0].sampling)
    }

    pub(super) fn components(&self) -> usize {
        self.components.len()
    }

    pub(super) fn mcus(&self) -> usize {
        self.mcus.0 * self.mcus.1
    }

    pub(super) fn blocks_per_mcu(&self, component: usize) -> usize {
        let (across, down) = self.components[component].sampling;
        across * down
    }

    /// How many blocks a scan of this component alone consists of.
    pub(super) fn own_blocks(&self, component: usize) -> usize {
        self.components[component].own
    }

    /// A scan of these coefficients was read to its end; so many of their low bits are still to come.
    pub(super) fn note_scan(
        &mut self,
        component: usize,
        band: std::ops::RangeInclusive<usize>,
        low_bits: u8,
    ) {
        if let Some(coefficients) = self.components[component].missing.get_mut(band) {
            coefficients.fill(Some(low_bits));
        }
    }

    /// Whether every component had a scan.
    pub(super) fn is_complete(&self) -> bool {
        self.components.iter().all(|component| component.missing[0].is_some())
    }

    /// Whether nothing of the picture is still to come.
    pub(super) fn is_whole(&self) -> bool {
        self.components.iter().all(|component| component.missing == [Some(0); 64])
    }

    /// The coefficients of a block that are known to be non-zero. Takes 8 bytes a block, at most 34 MB a picture.
    pub(super) fn detail(&mut self, component: usize, block: usize) -> Result<&mut u64, MediaError> {
        let component = &mut self.components[component];
        component.detail.resize(component.own, 0);
        component.detail.get_mut(block).ok_or_else(|| damaged("a block of the picture is out of place"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_counted_in_units_and_in_blocks() {
        // 4:2:0 with 67 × 45 pixels: five units across, three down; 9 × 6 blocks of brightness, 5 × 3 of colour.
        let frame = Frame::read(&[8, 0, 45, 0, 67, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1], false).unwrap();
        assert_eq!(frame.mcus(), 15);
        assert_eq!((frame.own_blocks(0), frame.own_blocks(1)), (54, 15));
        assert_eq!((frame.blocks_per_mcu(0), frame.component(3)), (4, Some(2)));
    }

    #[test]
    fn impossible_frames_are_refused() {
        let huge = Frame::read(&[8, 0xFF, 0xFF, 0xFF, 0xFF, 1, 1, 0x11, 0], false).err();
        assert_eq!(huge, Some(MediaError::TooManyPixels { width: 65_535, height: 65_535 }));
        let deep = Frame::read(&[12, 0, 1, 0, 1, 1, 1, 0x11, 0], false).err();
        assert!(matches!(deep, Some(MediaError::Unsupported { .. })));
        for payload in [&[8, 0, 1][..], &[8, 0, 0, 0, 1, 1, 1, 0x11, 0], &[8, 0, 1, 0, 1, 1, 1, 0x50, 0]] {
            assert!(matches!(Frame::read(payload, false).err(), Some(MediaError::Damaged { .. })));
        }
    }
}
