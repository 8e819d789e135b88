//! Which printer a document was last set up for: programs note its name, that of its server, and at times who is signed
//! in. The page stays as it is; the printer goes.

/// Settings of an OpenDocument file whose values name a printer.
const ITEMS: [&[u8]; 2] = [b"config:name=\"PrinterName\"", b"config:name=\"PrinterSetup\""];

/// Settings without the values that name a printer.
pub(super) fn open_document(settings: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(settings.len());
    let mut rest = settings;
    while let Some((before, after)) = next_item(rest) {
        kept.extend_from_slice(before);
        let end = after.iter().position(|byte| *byte == b'<').unwrap_or(after.len());
        rest = after.get(end..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}

/// What stands up to the value of the next item that goes, and the rest from that value on.
fn next_item(settings: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = (0..settings.len())
        .find(|at| ITEMS.iter().any(|item| settings.get(*at..).is_some_and(|rest| rest.starts_with(item))))?;
    let opened = settings.get(at..)?.iter().position(|byte| *byte == b'>')?;
    settings.split_at_checked(at + opened + 1)
}

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
    fn the_printer_goes_and_other_settings_stay() {
        let settings = br#"<a><config:config-item config:name="PrinterName" config:type="string">SECRET</config:config-item><config:config-item config:name="Zoom">90</config:config-item><b config:name="PrinterSetup">c2VjcmV0</b></a>"#;
        let kept = String::from_utf8(open_document(settings)).unwrap();
        let expected = r#"<a><config:config-item config:name="PrinterName" config:type="string"></config:config-item><config:config-item config:name="Zoom">90</config:config-item><b config:name="PrinterSetup"></b></a>"#;
        assert_eq!(kept, expected);
        assert_eq!(open_document(kept.as_bytes()), kept.as_bytes());
        for cut in 0..settings.len() {
            open_document(&settings[..cut]);
        }
    }

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
