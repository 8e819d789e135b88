//! Which printer a sheet was last set up for: Windows notes its name, that of its server, and at times who is signed in.
//! The page stays as it is; the printer goes.

/// What Windows keeps of a printer for a sheet (`DEVMODEW`): the public part without the name, and nothing of the
/// driver's own. What is built otherwise goes whole.
pub(super) fn device_mode(mode: &[u8]) -> Vec<u8> {
    const NAME: usize = 64;
    const PRIVATE_LENGTH: std::ops::Range<usize> = 70..72;
    let public = mode.get(68..70).map_or(0, |size| usize::from(u16::from_le_bytes([size[0], size[1]])));
    let Some(public) = mode.get(..public).filter(|public| (104..=220).contains(&public.len())) else {
        return Vec::new();
    };
    let mut kept = public.to_vec();
    kept[..NAME].fill(0);
    kept[PRIVATE_LENGTH].fill(0);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_keeps_its_paper_and_not_its_printer() {
        let mut mode = vec![7; 220];
        mode[..6].copy_from_slice(b"S\0E\0C\0");
        mode[68..72].copy_from_slice(&[220, 0, 6, 0]);
        mode.extend_from_slice(b"SECRET");
        let kept = device_mode(&mode);
        assert_eq!((kept.len(), &kept[..64], &kept[70..73]), (220, &[0; 64][..], &[0, 0, 7][..]));
        assert_eq!(device_mode(&kept), kept);
        for odd in [&b"<plist>SECRET</plist>"[..], &mode[..200], b""] {
            assert_eq!(device_mode(odd), b"");
        }
    }
}
