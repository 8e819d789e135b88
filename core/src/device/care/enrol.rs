//! Becoming a device of somebody's, by an invitation.

use sha2::{Digest, Sha256};

use crate::ids::{DeviceId, Rng, random};
use crate::model::directory::Inviter;
use crate::model::invitation::InvitationLink;
use crate::signing::{SecretKey, device_message, invitation_message, token_message};
use crate::store::{Hold, Identity, Place, Store, records};
use crate::sync::wire::{self, Enrol, Enrolled, Invite};
use crate::time::Timestamp;

use crate::device::requests::{Ask, Body};
use crate::device::{Device, DeviceError};

/// The most bytes of a relay's answer to an enrolment.
pub const ENROLLED_BYTES: usize = 64 * 1024;

/// An enrolment that was begun: the new device's key exists, and is kept until the relay has answered, so that a cut in
/// the middle does not use the invitation up.
#[derive(Debug)]
pub struct Enrolment {
    place: Place,
    hold: Hold,
    link: InvitationLink,
    device: DeviceId,
    key: SecretKey,
    token: [u8; 32],
}

impl Enrolment {
    /// Begins, or goes on with what was begun here by the same link.
    pub fn begin(
        place: impl Into<Place>,
        link: InvitationLink,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Self, DeviceError> {
        let place = place.into();
        // Twice at once would be two tokens for one device.
        let hold = place.hold_new()?;
        let invitation = link.key.public();
        let token = random(rng);
        let begun = place.enrolment().and_then(|bytes| read_begun(&bytes, invitation.as_bytes()));
        if let Some((device, key)) = begun {
            return Ok(Self { place, hold, link, device, key, token });
        }
        let (device, key) = (DeviceId::new(now, rng), SecretKey::generate(rng));
        let bytes = [invitation.as_bytes().as_slice(), device.as_bytes(), &key.seed()].concat();
        place.keep_enrolment(&bytes)?;
        Ok(Self { place, hold, link, device, key, token })
    }

    /// What to ask the relay, as a stranger. It answers with [`Enrolled`].
    pub fn ask(&self) -> Ask {
        Ask {
            method: "POST",
            url: format!("{}/v1/enrol", self.link.relay),
            headers: vec![("Content-Type", "application/cbor".to_owned())],
            body: Body::Bytes(wire::to_bytes(&self.request())),
            limit: ENROLLED_BYTES,
        }
    }

    /// What is posted.
    pub fn request(&self) -> Enrol {
        let school = self.link.school;
        let message = device_message(school, self.link.person, self.device, &self.key.public());
        let token_hash: [u8; 32] = Sha256::digest(self.token).into();
        Enrol {
            invitation: self.link.key.public(),
            device: self.device,
            key: self.key.public(),
            signature: self.link.key.sign(&message),
            token_hash,
            token_signature: self.key.sign(&token_message(school, self.device, &token_hash)),
        }
    }

    /// Finishes with the relay's answer.
    pub fn finish(self, enrolled: Enrolled) -> Result<Device, DeviceError> {
        let record = enrolled.record;
        let ours = record.device == self.device
            && record.person == self.link.person
            && record.key == self.key.public()
            && record.invitation == self.link.key.public();
        if !ours {
            return Err(DeviceError::Relay("the relay answered for another device: try again".into()));
        }
        if record.inviter == Inviter::Root && record.verify(self.link.school, &self.link.root).is_err() {
            return Err(DeviceError::Relay(
                "the relay is not the school's that this link was made for".into(),
            ));
        }
        let identity = Identity {
            school: self.link.school,
            root: self.link.root,
            person: self.link.person,
            device: self.device,
            key: self.key,
            token: self.token,
            relay: self.link.relay,
            pin: self.link.pin,
        };
        let store = Store::create_held(self.place.clone(), self.hold, &identity)?;
        self.place.forget_enrolment();
        Device::with(store)
    }
}

fn read_begun(bytes: &[u8], invitation: &[u8; 32]) -> Option<(DeviceId, SecretKey)> {
    let (for_invitation, rest) = bytes.split_at_checked(32)?;
    let (device, seed) = rest.split_at_checked(16)?;
    let key = SecretKey::from_seed(seed.try_into().ok()?);
    (for_invitation == invitation).then_some((DeviceId::from_bytes(device.try_into().ok()?), key))
}

impl Device {
    /// Makes an invitation for a person (the next device of one's own, or a student one teaches): what to post to
    /// the directory, and the link to show once the relay has taken it.
    pub fn invite(
        &self,
        person: crate::ids::PersonId,
        expires: Timestamp,
        rng: &mut dyn Rng,
    ) -> (Invite, InvitationLink) {
        let key = SecretKey::generate(rng);
        let message = invitation_message(self.me.school, &key.public(), person, expires);
        let invite =
            Invite { invitation: key.public(), person, expires, signature: self.me.key.sign(&message) };
        let link = InvitationLink {
            relay: self.me.relay.clone(),
            pin: self.me.pin,
            school: self.me.school,
            root: self.me.root,
            person,
            key,
            expires,
        };
        (invite, link)
    }

    /// Keys that none of their person's known devices vouched for: "new device".
    pub fn new_devices(&self) -> Result<Vec<DeviceId>, DeviceError> {
        let keys = records::keys(self.store.read())?;
        Ok(keys.into_iter().filter(|(_, is_new)| *is_new).map(|(record, _)| record.device).collect())
    }
}
