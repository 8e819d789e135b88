//! Ids, days and the core's own words, as they cross: ids and days as text that is checked on its way in.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::{ClassId, DeviceId, EntryId, FolioId, OutcomeId, PersonId, PieceId, ProjectId};
use fieldfolio_core::time::WorkDate;

use super::FieldfolioError;

macro_rules! as_text {
    ($($name:ident)*) => {$(
        uniffi::custom_type!($name, String, {
            remote,
            lower: |value| value.to_string(),
            try_lift: |text| {
                let read = text.parse::<$name>();
                Ok(read.map_err(|bad| FieldfolioError::Argument { reason: bad.to_string() })?)
            },
        });
    )*};
}

as_text! { BlobHash ClassId DeviceId EntryId FolioId OutcomeId PersonId PieceId ProjectId WorkDate }
