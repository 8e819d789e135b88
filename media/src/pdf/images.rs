//! Photos and colour profiles inside a PDF lose what they lose outside.

use std::io::Write;

use super::super::boxes;
use super::super::{icc, jpeg};
use super::file::File;
use super::object::{Object, Stream};
use super::{MediaError, unreadable};

/// Cleans a stream that carries a picture of another format; any other stays as it is.
pub(super) fn clean(file: &mut File<'_>, mut stream: Stream) -> Result<Stream, MediaError> {
    let filters = match stream.dict.get(&b"Filter"[..]) {
        None => return Ok(stream),
        Some(filter) => match file.resolve(filter)? {
            Object::Array(filters) => filters,
            one => vec![one],
        },
    };
    if filters.iter().any(|filter| !is_known(filter)) {
        return Err(unreadable());
    }
    let Some((last, before)) = filters.split_last() else { return Ok(stream) };
    let is_photo = last.is_name(b"DCTDecode");
    let is_wavelet = last.is_name(b"JPXDecode");
    if !is_photo && !is_wavelet {
        // A picture that is packed over again can't be looked into.
        let hidden = before.iter().any(|filter| filter.is_name(b"DCTDecode") || filter.is_name(b"JPXDecode"));
        return if hidden { Err(unreadable()) } else { Ok(stream) };
    }
    match before {
        [] => {}
        [packed] if packed.is_name(b"FlateDecode") || packed.is_name(b"Fl") => {
            stream.data = file.inflate(&stream.data)?;
            if let Some(Object::Array(settings)) = stream.dict.get_mut(&b"DecodeParms"[..]) {
                if settings.first().is_some_and(|first| *first != Object::Null) {
                    return Err(unreadable());
                }
                settings.drain(..settings.len().min(1));
            } else {
                stream.dict.remove(&b"DecodeParms"[..]);
            }
        }
        _ => return Err(unreadable()),
    }
    stream.data = if is_photo { jpeg_inside(&stream.data)? } else { wavelet(&stream.data)? };
    stream.dict.insert(b"Filter".to_vec(), last.clone());
    if let Some(Object::Array(settings)) = stream.dict.get(&b"DecodeParms"[..]) {
        let one = settings.first().cloned().unwrap_or(Object::Null);
        stream.dict.insert(b"DecodeParms".to_vec(), one);
    }
    Ok(stream)
}

fn is_known(filter: &Object) -> bool {
    const KNOWN: [&[u8]; 15] = [
        b"FlateDecode",
        b"Fl",
        b"LZWDecode",
        b"LZW",
        b"ASCII85Decode",
        b"A85",
        b"ASCIIHexDecode",
        b"AHx",
        b"RunLengthDecode",
        b"RL",
        b"CCITTFaxDecode",
        b"CCF",
        b"JBIG2Decode",
        b"DCTDecode",
        b"JPXDecode",
    ];
    KNOWN.iter().any(|name| filter.is_name(name))
}

fn jpeg_inside(bytes: &[u8]) -> Result<Vec<u8>, MediaError> {
    let start = bytes.windows(2).take(16).position(|pair| pair == [0xFF, 0xD8]).ok_or_else(unreadable)?;
    Ok(jpeg::rebuild(bytes.get(start..).unwrap_or_default())?.bytes)
}

/// A JPEG 2000 picture: the boxes that a decoder needs, or the bare code stream.
fn wavelet(bytes: &[u8]) -> Result<Vec<u8>, MediaError> {
    if bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        return Ok(bytes.to_vec());
    }
    let mut kept = Vec::new();
    for (name, body) in boxes::all(bytes)? {
        match name {
            b"jP  " | b"ftyp" | b"jp2c" => kept.extend_from_slice(&boxes::wrap(name, body)),
            b"jp2h" => {
                let mut head = Vec::new();
                for (name, body) in boxes::all(body)? {
                    if matches!(name, b"ihdr" | b"bpcc" | b"colr" | b"pclr" | b"cmap" | b"cdef") {
                        head.extend_from_slice(&boxes::wrap(name, body));
                    }
                }
                kept.extend_from_slice(&boxes::wrap(name, &head));
            }
            _ => {}
        }
    }
    Ok(kept)
}

/// A profile's stream, cut down to colour and packed afresh; none if it can't be read.
pub(super) fn slim(file: &mut File<'_>, stream: &Stream) -> Result<Option<Stream>, MediaError> {
    let Ok(profile) = file.unpack(stream) else { return Ok(None) };
    let Some(profile) = icc::slim(&profile) else { return Ok(None) };
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    let data = packer.write_all(&profile).and_then(|()| packer.finish()).map_err(|_| unreadable())?;
    let mut dict = stream.dict.clone();
    dict.insert(b"Filter".to_vec(), Object::Name(b"FlateDecode".to_vec()));
    dict.remove(&b"DecodeParms"[..]);
    Ok(Some(Stream { dict, data }))
}
