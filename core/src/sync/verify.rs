//! Whom a reader believes: keys by their chain to the school's root, acts and changes by their signature.

use std::collections::BTreeMap;

use crate::document::{SignedChange, Unverified};
use crate::ids::{DeviceId, PersonId, SchoolId};
use crate::model::act::{Act, SignedAct};
use crate::model::directory::{DeviceRecord, Inviter, Person};
use crate::signing::{BadSignature, PublicKey};

/// A device's key that was found to be vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedKey {
    /// Whose device it is.
    pub person: PersonId,
    pub key: PublicKey,
}

/// Why a key isn't believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Its inviter isn't known.
    #[error("nobody known vouches for the key")]
    UnknownInviter,
    /// A signature of the chain doesn't hold.
    #[error("a signature in the key's chain does not hold")]
    BadChain,
    /// Whoever vouches for it can't do so for staff.
    #[error("nobody but staff vouches for a device of staff")]
    MayNotVouch,
    /// The device was seen with another key before.
    #[error("the device was seen with another key before")]
    Changed,
}

/// The keys a reader believes: each with a chain to the root key that was pinned at enrolment. A key once seen never
/// changes.
#[derive(Debug, Clone)]
pub struct KeyRing {
    school: SchoolId,
    root: PublicKey,
    keys: BTreeMap<DeviceId, TrustedKey>,
    /// The first device that came by each invitation.
    invited: BTreeMap<[u8; 32], DeviceId>,
}

impl KeyRing {
    /// A ring that believes the root key alone.
    pub fn new(school: SchoolId, root: PublicKey) -> Self {
        Self { school, root, keys: BTreeMap::new(), invited: BTreeMap::new() }
    }

    /// The school this ring is for.
    pub fn school(&self) -> SchoolId {
        self.school
    }

    /// Adds a device if its chain holds. Inviters come before the invited.
    pub fn learn(&mut self, record: &DeviceRecord) -> Result<(), Distrust> {
        let inviter = match record.inviter {
            Inviter::Root => self.root,
            Inviter::Device(device) => self.keys.get(&device).ok_or(Distrust::UnknownInviter)?.key,
        };
        record.verify(self.school, &inviter).map_err(|_| Distrust::BadChain)?;
        let learned = TrustedKey { person: record.person, key: record.key };
        match self.keys.get(&record.device) {
            Some(known) if *known != learned => Err(Distrust::Changed),
            Some(_) => Ok(()),
            None => {
                self.restore(record);
                Ok(())
            }
        }
    }

    /// The same for who knows people: a living device of staff whom somebody else's device vouches for that never was
    /// staff's is not believed. Whoever isn't known to `person` says nothing against it.
    pub fn learn_knowing(
        &mut self,
        record: &DeviceRecord,
        person: &dyn Fn(PersonId) -> Option<Person>,
    ) -> Result<(), Distrust> {
        if let Inviter::Device(device) = record.inviter
            && record.revoked_at.is_none()
            && let Some(inviter) = self.get(device).and_then(|key| person(key.person))
            && let Some(invited) = person(record.person)
            && !inviter.can_vouch_for(&invited)
        {
            return Err(Distrust::MayNotVouch);
        }
        self.learn(record)
    }

    /// Adds a device whose chain was verified before it was kept.
    pub fn restore(&mut self, record: &DeviceRecord) {
        self.keys.insert(record.device, TrustedKey { person: record.person, key: record.key });
        self.invited.entry(*record.invitation.as_bytes()).or_insert(record.device);
    }

    /// Did another device come by the invitation of this one?
    pub fn has_another_by(&self, record: &DeviceRecord) -> bool {
        self.invited.get(record.invitation.as_bytes()).is_some_and(|first| *first != record.device)
    }

    /// The key of a device, if it is believed.
    pub fn get(&self, device: DeviceId) -> Option<&TrustedKey> {
        self.keys.get(&device)
    }

    /// Verifies a change: right key, right bytes, and by a device of `writer`. Nothing is parsed.
    pub fn verify_change(&self, change: &SignedChange, writer: PersonId) -> Result<(), Unverified> {
        match self.get(change.device) {
            Some(key) if key.person == writer => change.verify(self.school, &key.key),
            _ => Err(Unverified::Signature(BadSignature)),
        }
    }

    /// Verifies an act and reads it. Returns it with the person whose device signed it.
    pub fn verify_act(&self, act: &SignedAct) -> Option<(PersonId, Act)> {
        let key = self.get(act.device)?;
        act.verify(self.school, &key.key).ok()?;
        Some((key.person, Act::from_bytes(&act.body).ok()?))
    }
}
