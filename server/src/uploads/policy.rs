//! What uploads ask the relay, and tell it: are these bytes expected, do they fit, they are here.

use std::sync::Arc;

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::ids::PieceId;

use crate::directory::mentors::{self, MentorStatus};
use crate::exchange::{Quotas, Relay, RelayError, now};
use crate::uploads::{Caller, Failed, Refusal, Reserved, UploadPolicy};
use crate::visibility;
use crate::visibility::media;

/// Lets uploads ask and tell the relay.
#[derive(Debug, Clone)]
pub(crate) struct RelayPolicy(pub(crate) Arc<Relay>);

impl UploadPolicy for RelayPolicy {
    fn may_bring(&self, caller: Caller, piece: PieceId, hash: BlobHash) -> Result<(), Refusal> {
        let claimed = self.0.read_for(caller.person, |conn| {
            // A mentor whose part is over still delivers what she had named; who has none yet has named nothing.
            let Some(row) = visibility::person_row(conn, caller.person)? else { return Ok(false) };
            if matches!(mentors::status(conn, row, now())?, MentorStatus::Expected | MentorStatus::Gone) {
                return Ok(false);
            }
            Ok(media::is_claimed(conn, caller.person, piece, hash)?
                || media::may_heal(conn, caller.person, piece, hash)?)
        });
        if claimed.map_err(failed)? { Ok(()) } else { Err(Refusal::NotNamed { hash }) }
    }

    fn has_space(&self, caller: Caller, length: u64, reserved: Reserved) -> Result<(), Refusal> {
        let Quotas { person, school } = self.0.quotas();
        let brought = self.0.read_for(caller.person, |conn| {
            let all = if school.is_some() { media::stored_bytes(conn)? } else { 0 };
            Ok((media::share(conn, caller.person)?, all))
        });
        let (own, all) = brought.map_err(failed)?;
        let person = own.limit.unwrap_or(person);
        let used = own.used.saturating_add(reserved.person);
        if used.saturating_add(length) > person {
            return Err(Refusal::OverQuota { used, quota: person, length });
        }
        let used = all.saturating_add(reserved.school);
        match school {
            Some(quota) if used.saturating_add(length) > quota => {
                Err(Refusal::SchoolOverQuota { used, quota, length })
            }
            _ => Ok(()),
        }
    }

    fn landed(&self, caller: Caller, piece: PieceId, hash: BlobHash, length: u64) -> Result<(), Failed> {
        let landed = self
            .0
            .write_for(caller.person, move |tx, _| media::landed(tx, caller.person, piece, hash, length));
        landed.map_err(|error| Failed(Box::new(error)))
    }
}

fn failed(error: RelayError) -> Refusal {
    Refusal::Failed(Failed(Box::new(error)))
}
