//! A client that says whatever a test wants it to say: right keys, any claims.

use fieldfolio_core::document::{Edit, NewChange, Sheet, SheetError, SignedChange};
use fieldfolio_core::ids::{ActId, DocumentId};
use fieldfolio_core::model::act::{Act, SignedAct};
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::wire::{Cursor, Item, Request, Response};
use fieldfolio_server::gate::ContainedTrial;
use fieldfolio_server::relay;
use rusqlite::Connection;

use crate::sim::{School, Trouble};

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

/// Sends items as `me`, with an empty cursor, and returns the whole answer.
pub fn send(school: &mut School, me: &Identity, items: Vec<Item>) -> Result<Response, Trouble> {
    let now = school.tick();
    send_to(&mut school.conn, me, items, now)
}

/// Asks from a cursor of one's own making.
pub fn ask(school: &mut School, me: &Identity, cursor: Cursor) -> Result<Response, Trouble> {
    let now = school.tick();
    let asker =
        relay::token_holder(&school.conn, &me.token, school.now)?.ok_or("the token is not accepted")?;
    let request = Request::of(cursor, Vec::new());
    Ok(relay::exchange_alone(&mut school.conn, &ContainedTrial::new(), asker, request, now)?)
}

/// The same, to a relay's database.
pub fn send_to(
    conn: &mut Connection,
    me: &Identity,
    items: Vec<Item>,
    now: fieldfolio_core::time::Timestamp,
) -> Result<Response, Trouble> {
    let asker = relay::token_holder(conn, &me.token, relay::now())?.ok_or("the token is not accepted")?;
    let request = Request::of(Cursor::default(), items);
    Ok(relay::exchange_alone(conn, &ContainedTrial::new(), asker, request, now)?)
}
