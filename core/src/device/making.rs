//! What a person makes: pieces, entries, shares and places. Each is on disk when the call returns.

pub(in crate::device) mod capture;
pub(in crate::device) mod entries;
pub(in crate::device) mod placing;
pub(in crate::device) mod share;
pub(in crate::device) mod write;
