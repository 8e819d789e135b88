//! Who may vouch for whose device, and what an invitation is good for.

use fieldfolio_core::ids::{DeviceId, PersonId, SeededRng};
use fieldfolio_core::model::directory::{DeviceRecord, Inviter};
use fieldfolio_core::model::invitation::InvitationLink;
use fieldfolio_core::signing::{SecretKey, device_message, invitation_message, token_message};
use fieldfolio_core::sync::budget::OPEN_INVITATIONS;
use fieldfolio_core::sync::wire::{Enrol, Invite};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::directory::devices::list;
use fieldfolio_server::directory::enrolment::{self, EnrolError};
use fieldfolio_server::directory::invitations::InviteError;
use fieldfolio_server::directory::{Edit, record_invitation, school};

use crate::office::{DAY, GARDEN, Office};

struct Phone {
    id: DeviceId,
    key: SecretKey,
}

impl Phone {
    fn new(office: &mut Office) -> Self {
        Self { id: DeviceId::new(office.now, &mut office.rng), key: SecretKey::generate(&mut office.rng) }
    }

    fn frame(&self, link: &InvitationLink, token_hash: [u8; 32]) -> Enrol {
        let message = device_message(link.school, link.person, self.id, &self.key.public());
        Enrol {
            invitation: link.key.public(),
            device: self.id,
            key: self.key.public(),
            signature: link.key.sign(&message),
            token_hash,
            token_signature: self.key.sign(&token_message(link.school, self.id, &token_hash)),
        }
    }

    fn enrol(&self, link: &InvitationLink, office: &mut Office) -> Result<DeviceRecord, EnrolError> {
        let mut token_hash = [0; 32];
        fieldfolio_core::ids::Rng::fill(&mut office.rng, &mut token_hash);
        let frame = self.frame(link, token_hash);
        office.edit(|edit, _| take(edit, frame))
    }

    /// An invitation by this device, recorded if the relay agrees.
    fn invite(
        &self,
        person: PersonId,
        expires: Timestamp,
        office: &mut Office,
    ) -> Result<InvitationLink, InviteError> {
        let (link, invite) = drawn_up(&self.key, person, expires, office);
        office.edit(|edit, _| record_invitation(edit.tx, edit.now, Some(self.id), &invite))?;
        Ok(link)
    }
}

/// What the relay does with an enrolment.
fn take(edit: &Edit<'_>, frame: Enrol) -> Result<DeviceRecord, EnrolError> {
    let proven = enrolment::prove(edit.tx, frame)?;
    enrolment::enrol(edit.tx, edit.now, &proven)
}

fn drawn_up(
    by: &SecretKey,
    person: PersonId,
    expires: Timestamp,
    office: &mut Office,
) -> (InvitationLink, Invite) {
    let (school, root) = (school::id(&office.open()).unwrap(), school::root(&office.open()).unwrap());
    let key = SecretKey::generate(&mut office.rng);
    let signature = by.sign(&invitation_message(school, &key.public(), person, expires));
    let invite = Invite { invitation: key.public(), person, expires, signature };
    (InvitationLink { relay: "http://relay".into(), pin: None, school, root, person, key, expires }, invite)
}

fn link(office: &mut Office, person: &str) -> InvitationLink {
    let answer = office.run_logged(&["invite", person, "--days", "2"], 1);
    InvitationLink::from_url(answer["url"].as_str().unwrap()).unwrap()
}

/// A phone of this person, enrolled by the school.
fn phone(office: &mut Office, person: &str) -> Phone {
    let link = link(office, person);
    let phone = Phone::new(office);
    phone.enrol(&link, office).unwrap();
    phone
}

#[test]
fn an_invitation_makes_one_device_and_its_record_verifies() {
    let mut office = Office::sample();
    let link = link(&mut office, "Mina Sample");
    assert_eq!(link.root, school::root(&office.open()).unwrap());
    let (hers, other) = (Phone::new(&mut office), Phone::new(&mut office));
    let record = hers.enrol(&link, &mut office).unwrap();
    assert_eq!((record.person, record.inviter), (office.person("mina"), Inviter::Root));
    record.verify(link.school, &link.root).unwrap();
    assert!(matches!(other.enrol(&link, &mut office), Err(EnrolError::Used)));

    // The answer was lost on the way: the same device asks again, and its old token is worth nothing.
    let token = |office: &Office| -> Vec<u8> {
        office.open().query_row("select token_hash from device", [], |row| row.get(0)).unwrap()
    };
    let before = token(&office);
    assert_eq!(hers.enrol(&link, &mut office).unwrap(), record);
    assert_ne!(token(&office), before);
    let devices = office.run(&["device", "list", "Mina Sample"]);
    assert_eq!(devices[0]["id"], hers.id.to_string());
}

#[test]
fn what_is_not_right_about_an_enrolment_is_told() {
    let mut office = Office::sample();
    let link = link(&mut office, "Mina Sample");
    let mut unknown = link.clone();
    unknown.key = SecretKey::generate(&mut SeededRng::new(9));
    let hers = Phone::new(&mut office);
    assert!(matches!(hers.enrol(&unknown, &mut office), Err(EnrolError::Unknown)));
    let mut tampered = hers.frame(&link, [1; 32]);
    tampered.key = SecretKey::generate(&mut SeededRng::new(9)).public();
    let answer = office.edit(|edit, _| take(edit, tampered));
    assert!(matches!(answer, Err(EnrolError::BadSignature)));
    // Whoever saw the public record can't put a token of her own in the place of the device's.
    let mut stolen = hers.frame(&link, [1; 32]);
    stolen.token_hash = [2; 32];
    let answer = office.edit(|edit, _| take(edit, stolen));
    assert!(matches!(answer, Err(EnrolError::BadSignature)));
    let mut anothers = link.clone();
    anothers.person = office.person("otto");
    assert!(matches!(hers.enrol(&anothers, &mut office), Err(EnrolError::BadSignature)));

    office.later(2 * DAY - 1);
    hers.enrol(&link, &mut office).unwrap();
    let next = self::link(&mut office, "Mina Sample");
    assert!(matches!(hers.enrol(&next, &mut office), Err(EnrolError::DeviceTaken)));
    office.later(2 * DAY);
    assert!(matches!(Phone::new(&mut office).enrol(&next, &mut office), Err(EnrolError::Expired)));
}

#[test]
fn a_person_invites_herself_a_teacher_her_students_an_administrator_anyone() {
    let mut office = Office::sample();
    office.run(&["person", "add", "Noor Sample", "--kind", "student"]);
    let noor = office.run(&["person", "list"])[4]["id"].as_str().unwrap().parse().unwrap();
    let (mina, ito) = (office.person("mina"), office.person("ms-ito"));
    let soon = office.now.plus_millis(DAY);

    let hers = phone(&mut office, "Mina Sample");
    let link = hers.invite(mina, soon, &mut office).unwrap();
    let tablet = Phone::new(&mut office);
    let record = tablet.enrol(&link, &mut office).unwrap();
    assert_eq!(record.inviter, Inviter::Device(hers.id));
    record.verify(link.school, &hers.key.public()).unwrap();
    assert!(matches!(hers.invite(ito, soon, &mut office), Err(InviteError::Refused)));
    assert!(matches!(hers.invite(office.person("otto"), soon, &mut office), Err(InviteError::Refused)));

    let itos = phone(&mut office, "Ms Ito Sample");
    itos.invite(mina, soon, &mut office).unwrap();
    assert!(matches!(itos.invite(noor, soon, &mut office), Err(InviteError::Refused)));
    assert!(matches!(itos.invite(office.person("mr-okafor"), soon, &mut office), Err(InviteError::Refused)));
    // Neither a granted part, nor one that has ended, nor one that is denied, is teaching.
    office.run(&["circle", "grant", "Noor Sample/home", "Ms Ito Sample", "--as", "teacher"]);
    assert!(matches!(itos.invite(noor, soon, &mut office), Err(InviteError::Refused)));
    office.run(&["circle", "deny", "Mina Sample", "Ms Ito Sample"]);
    assert!(matches!(itos.invite(mina, soon, &mut office), Err(InviteError::Refused)));
    office.run(&["circle", "allow", "Mina Sample", "Ms Ito Sample"]);
    office.run(&["class", "leave", "Science 9", "Ms Ito Sample"]);
    assert!(matches!(itos.invite(mina, soon, &mut office), Err(InviteError::Refused)));

    let hanas = phone(&mut office, "Hana Sample");
    assert!(matches!(hanas.invite(mina, soon, &mut office), Err(InviteError::Refused)));
    office.run(&["circle", "end", GARDEN, "Lea Sample", "--as", "mentor"]);
    let sams = phone(&mut office, "Sam Sample");
    for person in [mina, noor, ito, office.person("lea")] {
        sams.invite(person, soon, &mut office).unwrap();
    }
}

#[test]
fn an_invitation_has_bounds() {
    let mut office = Office::sample();
    let mina = office.person("mina");
    let hers = phone(&mut office, "Mina Sample");
    let (now, most) = (office.now, office.now.plus_millis(90 * DAY));
    for expires in [now, most.plus_millis(1)] {
        assert!(matches!(hers.invite(mina, expires, &mut office), Err(InviteError::Expiry)));
    }
    let nobody = PersonId::from_bytes([9; 16]);
    assert!(matches!(hers.invite(nobody, most, &mut office), Err(InviteError::Refused)));
    let sams = phone(&mut office, "Sam Sample");
    assert!(matches!(sams.invite(nobody, most, &mut office), Err(InviteError::UnknownPerson)));
    let stranger = Phone::new(&mut office);
    assert!(matches!(stranger.invite(mina, most, &mut office), Err(InviteError::UnknownDevice)));

    // Signed by another than it says: by her tablet's key in her phone's name, or by no root.
    let (_, forged) = drawn_up(&stranger.key, mina, most, &mut office);
    for inviter in [Some(hers.id), None] {
        let answer = office.edit(|edit, _| record_invitation(edit.tx, edit.now, inviter, &forged));
        assert!(matches!(answer, Err(InviteError::BadSignature)));
    }

    // The same one again is no second one; its key for another end is refused.
    let (link, invite) = drawn_up(&hers.key, mina, most, &mut office);
    let record = |office: &mut Office, invite: &Invite| {
        office.edit(|edit, _| record_invitation(edit.tx, edit.now, Some(hers.id), invite))
    };
    record(&mut office, &invite).unwrap();
    let events = office.events();
    record(&mut office, &invite).unwrap();
    assert_eq!(office.events(), events);
    let sooner = now.plus_millis(DAY);
    let message = invitation_message(link.school, &invite.invitation, mina, sooner);
    let again = Invite { expires: sooner, signature: hers.key.sign(&message), ..invite };
    assert!(matches!(record(&mut office, &again), Err(InviteError::Taken)));

    for _ in 1..OPEN_INVITATIONS {
        hers.invite(mina, most, &mut office).unwrap();
    }
    assert!(matches!(hers.invite(mina, most, &mut office), Err(InviteError::TooMany)));
    office.refused(&["invite", "Mina Sample"]);
    // One used, one free.
    Phone::new(&mut office).enrol(&link, &mut office).unwrap();
    hers.invite(mina, most, &mut office).unwrap();
}

#[test]
fn a_revoked_device_vouches_for_nothing_more() {
    let mut office = Office::sample();
    let mina = office.person("mina");
    let most = office.now.plus_millis(DAY);
    let stolen = phone(&mut office, "Mina Sample");
    let tablet = Phone::new(&mut office);
    let first = stolen.invite(mina, most, &mut office).unwrap();
    tablet.enrol(&first, &mut office).unwrap();
    let laptop = Phone::new(&mut office);
    let second = tablet.invite(mina, most, &mut office).unwrap();
    laptop.enrol(&second, &mut office).unwrap();
    let open = stolen.invite(mina, most, &mut office).unwrap();

    let revoked = office.run_logged(&["revoke", &stolen.id.to_string()], 1);
    let vouched: Vec<_> =
        revoked["vouched_for"].as_array().unwrap().iter().map(|d| d["id"].clone()).collect();
    assert_eq!(vouched.len(), 2);
    assert!(
        vouched.contains(&tablet.id.to_string().into()) && vouched.contains(&laptop.id.to_string().into())
    );
    office.refused(&["revoke", &stolen.id.to_string()]);

    assert!(matches!(stolen.invite(mina, most, &mut office), Err(InviteError::Revoked)));
    assert!(matches!(Phone::new(&mut office).enrol(&open, &mut office), Err(EnrolError::Expired)));
    let devices = list(&office.open(), mina).unwrap();
    assert_eq!(
        devices.iter().filter(|device| device.revoked).map(|device| device.id).collect::<Vec<_>>(),
        [stolen.id]
    );
}
