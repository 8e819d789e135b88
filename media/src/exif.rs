//! The one thing of EXIF that a picture needs: which way is up.
//!
//! Cameras write EXIF in every broken way. So reading it is a small bounded walk that answers "upright" when in
//! doubt, and nothing of the block that was read is ever copied: a kept orientation is written afresh.

const ORIENTATION_TAG: u16 = 0x0112;
const SHORT: u16 = 3;

/// How a stored picture is turned to be shown: the eight values of EXIF's Orientation tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orientation(u8);

impl Orientation {
    pub(super) const UPRIGHT: Self = Self(1);

    /// The orientation with this EXIF number, 1 to 8.
    pub(super) fn from_exif(number: u32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=8).contains(number)).map(Self)
    }

    /// The orientation that a TIFF block (what follows `Exif\0\0`) carries; upright if none can be read.
    pub(super) fn read(tiff: &[u8]) -> Self {
        read_first_folder(tiff).unwrap_or(Self::UPRIGHT)
    }

    /// A TIFF block with this orientation and nothing else: 26 bytes.
    pub(super) fn tiff(self) -> [u8; 26] {
        let mut tiff = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x00\0\0\0\0\0\0";
        tiff[19] = self.0;
        tiff
    }

    /// A stored size as it is shown.
    pub(super) fn turn(self, width: u32, height: u32) -> (u32, u32) {
        if self.0 >= 5 { (height, width) } else { (width, height) }
    }

    /// Which stored pixel is shown at (x, y), given the stored size. Shown coordinates beyond it have no answer.
    pub(super) fn source(self, x: u32, y: u32, width: u32, height: u32) -> (u32, u32) {
        let (right, bottom) = (width - 1, height - 1);
        match self.0 {
            2 => (right - x, y),
            3 => (right - x, bottom - y),
            4 => (x, bottom - y),
            5 => (y, x),
            6 => (y, bottom - x),
            7 => (right - y, bottom - x),
            8 => (right - y, x),
            _ => (x, y),
        }
    }
}

fn read_first_folder(tiff: &[u8]) -> Option<Orientation> {
    let order = match tiff.get(..4)? {
        b"II*\0" => Order::Little,
        b"MM\0*" => Order::Big,
        _ => return None,
    };
    let folder = usize::try_from(order.u32(tiff, 4)?).ok()?;
    let entries = order.u16(tiff, folder)?;
    for index in 0..usize::from(entries) {
        let entry = folder.checked_add(2 + index * 12)?;
        if order.u16(tiff, entry)? != ORIENTATION_TAG {
            continue;
        }
        let number = match order.u16(tiff, entry + 2)? {
            SHORT => u32::from(order.u16(tiff, entry + 8)?),
            // Some software writes the tag as one byte, as a long, or as a signed one.
            1 => u32::from(*tiff.get(entry + 8)?),
            _ => order.u32(tiff, entry + 8)?,
        };
        return Orientation::from_exif(number);
    }
    None
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let pair = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(pair),
            Self::Big => u16::from_be_bytes(pair),
        })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(four),
            Self::Big => u32::from_be_bytes(four),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            assert_eq!(Orientation::read(&orientation.tiff()), orientation);
        }
    }

    #[test]
    fn little_endian_blocks_and_odd_types_are_read() {
        let short = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        assert_eq!(Orientation::read(short), Orientation(6));
        let long = b"II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x08\0\0\0";
        assert_eq!(Orientation::read(long), Orientation(8));
    }

    #[test]
    fn nonsense_is_upright() {
        let far = b"II*\0\xFF\xFF\xFF\xFF";
        let nine = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0\0\0\0\0";
        for tiff in [&b""[..], b"II", b"Exif", far, nine, &nine[..15]] {
            assert_eq!(Orientation::read(tiff), Orientation::UPRIGHT);
        }
    }

    #[test]
    fn a_turned_corner_comes_from_the_right_place() {
        // A picture 3 wide and 2 high: where the pixel shown top left was stored.
        let corners = [(0, 0), (2, 0), (2, 1), (0, 1), (0, 0), (0, 1), (2, 1), (2, 0)];
        for (number, corner) in (1..=8).zip(corners) {
            assert_eq!(Orientation::from_exif(number).unwrap().source(0, 0, 3, 2), corner, "{number}");
        }
    }
}
