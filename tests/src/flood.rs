//! What an enrolled student can send who means harm: heaps of pieces, of changes that name files, of folios, of devices.
//! Signed with her own keys, and as fast as a client can.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_core::device::{Body, HttpAnswer};
use fieldfolio_core::ids::{ActId, DeviceId, DocumentId, FolioId, PieceId, ProjectId, Rng, random};
use fieldfolio_core::model::act::Act;
use fieldfolio_core::model::piece::PieceKind;
use fieldfolio_core::model::role::Roles;
use fieldfolio_core::signing::{SecretKey, device_message, invitation_message, token_message};
use fieldfolio_core::store::Identity;
use fieldfolio_core::sync::Failure;
use fieldfolio_core::sync::wire::{self, Cursor, Enrol, Invite, Item, Request, Verdict};
use sha2::{Digest, Sha256};

use crate::driver::now;
use crate::raw;
use crate::real::{Client, Writing};

/// Acts for pieces that are shared with the whole circle; each placed in these folios.
pub fn pieces(
    me: &Identity,
    count: usize,
    folios: &[FolioId],
    rng: &mut dyn Rng,
) -> Vec<(PieceId, Vec<Item>)> {
    let mut made = Vec::with_capacity(count);
    for _ in 0..count {
        let piece = PieceId::new(now(), rng);
        let mut acts = vec![Act::DeclarePiece { piece, maker: me.person, kind: PieceKind::Evidence }];
        acts.extend(folios.iter().map(|folio| Act::Place { piece, folio: *folio }));
        acts.push(Act::Share { piece, audience: Roles::WHOLE_CIRCLE, replaces: Vec::new() });
        made.push((piece, acts.iter().map(|act| raw::act(me, ActId::new(now(), rng), act)).collect()));
    }
    made
}

/// A line of changes of a piece's content, each of which names these files.
pub fn naming(
    me: &Identity,
    piece: PieceId,
    changes: usize,
    files: &[BlobHash],
    rng: &mut dyn Rng,
) -> Vec<Item> {
    let mut content = Writing::new(DocumentId::content(piece), rng);
    let change = |number: usize, content: &mut Writing| {
        Item::Change(content.write(me, files, |edit| edit.title(format!("{number}"))))
    };
    (0..changes).map(|number| change(number, &mut content)).collect()
}

/// Files that nobody has.
pub fn nobodys_files(count: usize, rng: &mut dyn Rng) -> Vec<BlobHash> {
    (0..count).map(|_| BlobHash::from_digest(random(rng))).collect()
}

/// Projects of one's own, each with its folio.
pub fn projects(me: &Identity, count: usize, rng: &mut dyn Rng) -> Vec<Item> {
    let mut items = Vec::with_capacity(2 * count);
    for number in 0..count {
        let project = ProjectId::new(now(), rng);
        for act in [
            Act::DeclareProject {
                project,
                title: format!("Project {number}"),
                brief: String::new(),
                outcomes: Vec::new(),
            },
            Act::DeclareFolio { student: me.person, project: Some(project) },
        ] {
            items.push(raw::act(me, ActId::new(now(), rng), &act));
        }
    }
    items
}

/// What came of a heap of items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Came {
    /// Taken for good.
    pub stored: usize,
    /// Refused or put off, item by item.
    pub refused: usize,
    /// Requests that were refused as a whole: too often, too many at once.
    pub turned_away: usize,
}

/// Sends a heap of items, so many in a request, without looking at what else is news.
pub fn send(client: &mut Client, items: &[Item], at_a_time: usize) -> Result<Came, Failure> {
    let (mut came, mut cursor) = (Came::default(), Cursor::default());
    for some in items.chunks(at_a_time) {
        match client.exchange(&Request::of(cursor, some.to_vec()))? {
            Ok(answer) => {
                cursor = answer.cursor;
                let stored = |verdict: &&Verdict| matches!(verdict, Verdict::Stored(_) | Verdict::Known(_));
                let taken = answer.verdicts.iter().filter(stored).count();
                came.stored += taken;
                came.refused += answer.verdicts.len() - taken;
            }
            Err(_) => came.turned_away += 1,
        }
    }
    Ok(came)
}

/// Invites a further device of one's own and enrols it. What the relay says where it does not let it in.
pub fn another_device(
    client: &mut Client,
    rng: &mut dyn Rng,
) -> Result<Result<Identity, HttpAnswer>, Failure> {
    let me = client.me.clone();
    let (invitation, key) = (SecretKey::generate(rng), SecretKey::generate(rng));
    let expires = now().plus_millis(3_600_000);
    let message = invitation_message(me.school, &invitation.public(), me.person, expires);
    let invite = Invite {
        invitation: invitation.public(),
        person: me.person,
        expires,
        signature: me.key.sign(&message),
    };
    let invited = {
        let call = wire::DirectoryCall::Invite(invite);
        client.call("POST", "/v1/directory", &[], Body::Bytes(wire::to_bytes(&call)))?
    };
    if invited.status != 204 {
        return Ok(Err(invited));
    }
    let (device, token) = (DeviceId::new(now(), rng), random::<32>(rng));
    let token_hash: [u8; 32] = Sha256::digest(token).into();
    let frame = Enrol {
        invitation: invitation.public(),
        device,
        key: key.public(),
        signature: invitation.sign(&device_message(me.school, me.person, device, &key.public())),
        token_hash,
        token_signature: key.sign(&token_message(me.school, device, &token_hash)),
    };
    let enrolled = client.call("POST", "/v1/enrol", &[], Body::Bytes(wire::to_bytes(&frame)))?;
    Ok(match enrolled.status {
        200 => Ok(Identity { device, key, token, ..me }),
        _ => Err(enrolled),
    })
}
