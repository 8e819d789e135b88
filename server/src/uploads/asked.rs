//! Reading what a request says in its headers: each once, in plain text, and counts in digits only.

use axum::http::{HeaderMap, HeaderName, header};

use super::answer::Refused;
use super::checksum::Checksum;
use super::concat::{self, Concat};
use super::metadata::Metadata;

pub(super) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const DEFER: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const CONCAT: HeaderName = HeaderName::from_static("upload-concat");

/// The length that a creation announces; none when it will be told later.
pub(super) fn announced(headers: &HeaderMap) -> Result<Option<u64>, Refused> {
    match one(headers, &DEFER)? {
        None => number(headers, &LENGTH, "Upload-Length must be the file's length in bytes").map(Some),
        Some("1") if !headers.contains_key(LENGTH) => Ok(None),
        Some("1") => Err(Refused::Header("send Upload-Length, or Upload-Defer-Length: 1, but not both")),
        Some(_) => Err(Refused::Header("Upload-Defer-Length may only be 1")),
    }
}

/// The length that comes with later bytes, if one does.
pub(super) fn told(headers: &HeaderMap) -> Result<Option<u64>, Refused> {
    let is_told = headers.contains_key(LENGTH);
    is_told.then(|| number(headers, &LENGTH, "Upload-Length must be the file's length in bytes")).transpose()
}

pub(super) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Refused> {
    let header = one(headers, &HeaderName::from_static("upload-checksum"))?;
    Ok(header.map(str::parse).transpose()?)
}

/// The header's value, if it is there: once, and in plain text.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refused> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| Refused::Header("a header isn't plain text"))
        }
        (Some(_), Some(_)) => Err(Refused::Header("a header that may be there once is there twice")),
    }
}

/// A count of bytes: digits only. More than fit in 64 bits are too many for any limit.
pub(super) fn number(
    headers: &HeaderMap,
    name: &HeaderName,
    otherwise: &'static str,
) -> Result<u64, Refused> {
    let text = one(headers, name)?.ok_or(Refused::Header(otherwise))?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::Header(otherwise));
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

/// What the headers of an upload say, each read as the handlers read it and written again in its one spelling; what can't
/// be read is left out. Nothing is begun by it: tests throw headers at this.
pub fn readable(headers: &HeaderMap) -> Vec<(HeaderName, String)> {
    let text = |name| one(headers, &name).ok().flatten();
    let metadata = text(METADATA).and_then(|header| header.parse::<Metadata>().ok());
    let concat = text(CONCAT).and_then(|header| match Concat::parse(header).ok()? {
        Concat::Partial => Some("partial".to_owned()),
        Concat::Final(stretches) => Some(concat::header(&stretches.into_iter().collect::<Option<Vec<_>>>()?)),
    });
    let length = announced(headers).ok().flatten().or_else(|| told(headers).ok().flatten());
    let offset = number(headers, &OFFSET, "Upload-Offset must be a count of bytes").ok();
    // They have no other spelling: that they can be read is all.
    drop((checksum(headers), body_length(headers)));
    let said = [
        (METADATA, metadata.map(|metadata| metadata.to_string())),
        (CONCAT, concat),
        (LENGTH, length.map(|length| length.to_string())),
        (OFFSET, offset.map(|offset| offset.to_string())),
    ];
    said.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

/// How many bytes follow, if the client said so.
pub(super) fn body_length(headers: &HeaderMap) -> Option<u64> {
    match headers.get(header::CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok(),
        None if headers.contains_key(header::TRANSFER_ENCODING) => None,
        None => Some(0),
    }
}
