//! Reading lists of which a newer version may have written some elements: each is read alone, and one that can't be read
//! costs nothing but itself. Whoever keeps the bytes reads it after an update.

use minicbor::decode::Error;
use minicbor::{Decode, Decoder, data::Type};

/// The elements of a CBOR array, each as it could be read, or as its bytes.
pub fn each<'b, T: Decode<'b, ()>>(d: &mut Decoder<'b>) -> Result<Vec<Result<T, &'b [u8]>>, Error> {
    let length = d.array()?;
    let mut elements = Vec::new();
    while length.is_none_or(|length| (elements.len() as u64) < length) {
        if length.is_none() && d.datatype()? == Type::Break {
            d.skip()?;
            break;
        }
        let from = d.position();
        d.skip()?;
        let raw = d.input().get(from..d.position()).unwrap_or_default();
        elements.push(whole(raw).ok_or(raw));
    }
    Ok(elements)
}

/// The elements that can be read; for `decode_with` of a field.
pub fn readable<'b, C, T: Decode<'b, ()>>(d: &mut Decoder<'b>, _: &mut C) -> Result<Vec<T>, Error> {
    Ok(each(d)?.into_iter().filter_map(Result::ok).collect())
}

/// A field that may be of a newer version: `None` then; for `decode_with`.
pub fn if_readable<'b, C, T: Decode<'b, ()>>(d: &mut Decoder<'b>, _: &mut C) -> Result<Option<T>, Error> {
    let from = d.position();
    d.skip()?;
    Ok(whole(d.input().get(from..d.position()).unwrap_or_default()))
}

/// One value and nothing after it.
fn whole<'b, T: Decode<'b, ()>>(raw: &'b [u8]) -> Option<T> {
    let mut d = Decoder::new(raw);
    let value = d.decode().ok()?;
    (d.position() == raw.len()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::role::Role;

    #[test]
    fn an_element_of_a_newer_version_costs_nothing_but_itself() {
        // Two roles, and in between one that no version has yet.
        let frame = [0x83, 0x00, 0x18, 0xfe, 0x01];
        let read: Vec<Result<Role, &[u8]>> = each(&mut Decoder::new(&frame)).unwrap();
        assert_eq!(read, [Ok(Role::Owner), Err([0x18, 0xfe].as_slice()), Ok(Role::Teacher)]);
        let indefinite = [0x9f, 0x00, 0xf6, 0xff];
        let read: Vec<Role> = readable(&mut Decoder::new(&indefinite), &mut ()).unwrap();
        assert_eq!(read, [Role::Owner]);
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        for frame in [&[0x83, 0x00][..], &[0x9f, 0x00], &[0xa0], &[]] {
            assert!(each::<Role>(&mut Decoder::new(frame)).is_err(), "{frame:?}");
        }
    }
}
