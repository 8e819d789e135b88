//! A client that says whatever a test wants it to say: right keys, any claims.

use fieldfolio_core::document::{Edit, NewChange, Sheet, SheetError, SignedChange};
use fieldfolio_core::ids::{ActId, DeviceId, DocumentId, PersonId, Rng, random};
use fieldfolio_core::model::act::{Act, SignedAct};
use fieldfolio_core::model::directory::{DeviceRecord, Inviter};
use fieldfolio_core::signing::{SecretKey, Signature, device_message, invitation_message, token_message};
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::wire::{Cursor, Item, ReEnrol, Request, Response};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::exchange::{self, OneConnection};
use rusqlite::Connection;

use crate::sim::{BoxError, School};

/// A change of `sheet`, signed by `me` for `document`, whether or not she may.
pub fn change(
    me: &Identity,
    document: DocumentId,
    sheet: &mut Sheet,
    actor: [u8; 16],
    write: impl FnOnce(&mut Edit<'_>) -> Result<(), SheetError>,
) -> SignedChange {
    let new = sheet.edit(actor, 0, write).expect("a sheet can be edited").expect("something differs");
    signed(me, document, new)
}

/// Signs a change as it is.
pub fn signed(me: &Identity, document: DocumentId, new: NewChange) -> SignedChange {
    SignedChange::sign(me.school, me.device, &me.key, document, new, Vec::new())
}

/// An act, signed by `me`.
pub fn act(me: &Identity, id: ActId, act: &Act) -> Item {
    Item::Act(SignedAct::sign(me.school, me.device, &me.key, id, act))
}

/// A device that nobody has, made up for anybody, with an invitation by a device that its maker has.
pub struct MadeUp {
    /// The invitation's secret key.
    pub secret: SecretKey,
    /// The device's record, signed by the invitation and by its inviter.
    pub record: DeviceRecord,
    /// The hash of the token that it chose.
    pub token_hash: [u8; 32],
    /// Its signature of that.
    pub token_signature: Signature,
}

impl MadeUp {
    /// Made up for `person`, invited by `by` for about 17 hours.
    pub fn by(by: &Identity, person: PersonId, now: Timestamp, rng: &mut dyn Rng) -> Self {
        let id = by.school;
        let (secret, key) = (SecretKey::generate(rng), SecretKey::generate(rng));
        let (device, token_hash) = (DeviceId::new(now, rng), random(rng));
        let expires = now.plus_millis(60_000_000);
        let record = DeviceRecord {
            device,
            person,
            key: key.public(),
            invitation: secret.public(),
            invitation_expires: expires,
            inviter: Inviter::Device(by.device),
            inviter_signature: by.key.sign(&invitation_message(id, &secret.public(), person, expires)),
            device_signature: secret.sign(&device_message(id, person, device, &key.public())),
            revoked_at: None,
        };
        let token_signature = key.sign(&token_message(id, device, &token_hash));
        Self { secret, record, token_hash, token_signature }
    }

    /// It says that it was enrolled in a log that is lost; `before` vouches for it.
    pub fn comes_back(&self, before: DeviceRecord) -> ReEnrol {
        let (token_hash, token_signature) = (self.token_hash, self.token_signature);
        ReEnrol { chain: vec![before, self.record.clone()], token_hash, token_signature }
    }
}

/// Sends items as `me`, with an empty cursor, and returns the whole answer.
pub fn send(school: &mut School, me: &Identity, items: Vec<Item>) -> Result<Response, BoxError> {
    let now = school.tick();
    send_to(&mut school.conn, me, items, now)
}

/// Asks from a cursor of one's own making.
pub fn ask(school: &mut School, me: &Identity, cursor: Cursor) -> Result<Response, BoxError> {
    school.tick();
    let asker =
        exchange::token_holder(&school.conn, &me.token, school.now)?.ok_or("the token is not accepted")?;
    let request = Request::of(cursor, Vec::new());
    Ok(exchange::exchange(&school.relay(), asker, request)?)
}

/// The same, to a relay's database.
pub fn send_to(
    conn: &mut Connection,
    me: &Identity,
    items: Vec<Item>,
    now: fieldfolio_core::time::Timestamp,
) -> Result<Response, BoxError> {
    let asker =
        exchange::token_holder(conn, &me.token, exchange::now())?.ok_or("the token is not accepted")?;
    let request = Request::of(Cursor::default(), items);
    Ok(exchange::exchange(&OneConnection::new(conn, now)?, asker, request)?)
}
