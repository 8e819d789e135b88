//! Care of the store: enrolling, coming in again after a restoration, storage space, salvage.

pub(in crate::device) mod enrol;
pub(in crate::device) mod re_enrol;
pub(in crate::device) mod salvage;
pub(in crate::device) mod storage_space;
