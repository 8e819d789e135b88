//! What a person looks at, from the index.

pub(in crate::device) mod browse;
pub(in crate::device) mod inbox;
pub(in crate::device) mod level;
pub(in crate::device) mod overview;
pub(in crate::device) mod status;
