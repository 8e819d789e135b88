//! Colour profiles, cut down to colour.
//!
//! A screenshot's profile describes the very display it was made on: on a Mac the `mmod` tag holds the monitor's
//! serial number. So a profile is rebuilt from the tags that describe colour and the two texts the format demands.
//! A profile that can't be read is left out: colours then look like sRGB, and nothing unknown travels.

/// The most bytes a profile may have, before and after: 2 MiB holds the largest printer profiles in common use.
pub(super) const MAX_PROFILE: usize = 2 << 20;

const HEADER: usize = 128;
const MAX_TAGS: usize = 100;

/// Tags of ICC.1:2022 section 9 that change how colours look, and the required name and copyright.
const KEPT: [&[u8; 4]; 30] = [
    b"A2B0", b"A2B1", b"A2B2", b"A2B3", b"B2A0", b"B2A1", b"B2A2", b"B2A3", b"B2D0", b"B2D1", b"B2D2",
    b"B2D3", b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC",
    b"kTRC", b"wtpt", b"bkpt", b"chad", b"cicp", b"gamt", b"desc", b"cprt",
];

/// The profile with nothing but colour in it, or `None` if it can't be read.
pub(super) fn slim(profile: &[u8]) -> Option<Vec<u8>> {
    if profile.len() > MAX_PROFILE || profile.get(36..40)? != b"acsp" {
        return None;
    }
    let count = usize::try_from(u32_at(profile, HEADER)?).ok()?;
    if count > MAX_TAGS {
        return None;
    }
    let mut kept = Vec::new();
    for index in 0..count {
        let entry = HEADER + 4 + index * 12;
        let name = profile.get(entry..entry + 4)?;
        let offset = usize::try_from(u32_at(profile, entry + 4)?).ok()?;
        let length = usize::try_from(u32_at(profile, entry + 8)?).ok()?;
        let data = profile.get(offset..offset.checked_add(length)?)?;
        if KEPT.iter().any(|tag| tag[..] == *name) {
            kept.push((name, offset, data));
        }
    }
    write(profile.get(..HEADER)?, &kept)
}

fn write(header: &[u8], kept: &[(&[u8], usize, &[u8])]) -> Option<Vec<u8>> {
    let mut table = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    // Curves often share their data; (where it was, its length, where it is).
    let mut written: Vec<(usize, usize, usize)> = Vec::new();
    let body_starts = HEADER + 4 + kept.len() * 12;
    for &(name, was, data) in kept {
        let known = written.iter().find(|(from, length, _)| (*from, *length) == (was, data.len()));
        let place = match known {
            Some(&(_, _, place)) => place,
            None => {
                let place = body_starts + body.len();
                written.push((was, data.len(), place));
                body.extend_from_slice(data);
                body.resize(body.len().next_multiple_of(4), 0);
                place
            }
        };
        if body_starts + body.len() > MAX_PROFILE {
            return None;
        }
        table.extend_from_slice(name);
        table.extend_from_slice(&u32::try_from(place).ok()?.to_be_bytes());
        table.extend_from_slice(&u32::try_from(data.len()).ok()?.to_be_bytes());
    }
    let total = u32::try_from(body_starts + body.len()).ok()?;
    let mut profile = header.to_vec();
    profile.get_mut(..4)?.copy_from_slice(&total.to_be_bytes());
    // The date, the device and the creator; then the checksum (zero means "not computed") and reserved bytes.
    for private in [24..36, 48..56, 80..128] {
        profile.get_mut(private)?.fill(0);
    }
    // A date of all zeros is no date, and some readers complain: the first of January 2000 tells nothing.
    profile.get_mut(24..30)?.copy_from_slice(&[0x07, 0xD0, 0, 1, 0, 1]);
    profile.extend_from_slice(&u32::try_from(kept.len()).ok()?.to_be_bytes());
    profile.extend_from_slice(&table);
    profile.extend_from_slice(&body);
    Some(profile)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A profile with shared curves and a display's serial number.
    pub(crate) fn sample() -> Vec<u8> {
        let mut profile = vec![7; HEADER];
        profile[36..40].copy_from_slice(b"acsp");
        let tags: [(&[u8; 4], u32, u32); 4] =
            [(b"rTRC", 180, 8), (b"gTRC", 180, 8), (b"mmod", 188, 12), (b"cprt", 200, 5)];
        profile.extend_from_slice(&4u32.to_be_bytes());
        for (name, offset, length) in tags {
            profile.extend_from_slice(name);
            profile.extend_from_slice(&offset.to_be_bytes());
            profile.extend_from_slice(&length.to_be_bytes());
        }
        assert_eq!(profile.len(), 180);
        profile.extend_from_slice(b"curvexyzSN-DISPLAY-1(c)me");
        profile
    }

    #[test]
    fn colour_stays_and_the_display_goes() {
        let slim = slim(&sample()).unwrap();
        assert_eq!(slim.len(), HEADER + 4 + 3 * 12 + 8 + 8);
        assert!(slim.windows(8).any(|window| window == b"curvexyz"));
        assert!(slim.ends_with(b"(c)me\0\0\0"));
        assert!(!slim.windows(2).any(|window| window == b"SN"));
        assert_eq!(super::slim(&slim), Some(slim.clone()), "a slim profile stays as it is");
    }

    #[test]
    fn a_profile_that_lies_about_itself_is_left_out() {
        let whole = sample();
        for end in 0..whole.len() {
            assert_eq!(slim(&whole[..end]), None, "cut at {end}");
        }
        let mut crowded = whole.clone();
        crowded[128..132].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(slim(&crowded), None);
        assert_eq!(slim(&vec![0; MAX_PROFILE + 1]), None);
    }
}
