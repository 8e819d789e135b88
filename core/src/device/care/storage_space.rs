//! StorageSpace on this device: what lies here, what may go, and what goes first.
//!
//! Only bytes that the school has are ever let go, and they come back when somebody opens them: originals of others, and
//! of one's own once the relay has acknowledged all of it. What was not looked at for longest goes first. Words are never
//! let go.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::blob::BlobHash;
use crate::store::{index, last_used, transfers};
use crate::time::Timestamp;

use crate::device::requests::MAX_SMALL;
use crate::device::settings::SPACE;
use crate::device::{Device, DeviceError};

/// Without a setting: 1 GiB.
const USUAL_BUDGET: u64 = 1 << 30;

/// The budget may be overrun by one part in so many.
const PORTION: u64 = 16;

/// The media that lie on this device, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct StorageSpace {
    /// All of it.
    pub bytes: u64,
    /// One's own that the school does not have yet. It stays.
    pub unsent: u64,
    /// One's own originals that the school has.
    pub own_sent: u64,
    /// Originals of others.
    pub others: u64,
    /// Small pictures.
    pub previews: u64,
    /// The most that [`StorageSpace::others`] grows to by itself.
    pub budget: u64,
}

/// What was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Freed {
    /// How many originals.
    pub count: u64,
    /// How many bytes.
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsent,
    OwnSent,
    Others,
    Preview,
}

struct Lying {
    hash: BlobHash,
    kind: Kind,
    size: u64,
    seen: Timestamp,
}

impl Device {
    /// What lies on this device.
    pub fn storage_space(&self) -> Result<StorageSpace, DeviceError> {
        let mut space = StorageSpace { budget: self.storage_budget()?, ..StorageSpace::default() };
        for lying in self.lying()? {
            space.bytes += lying.size;
            match lying.kind {
                Kind::Unsent => space.unsent += lying.size,
                Kind::OwnSent => space.own_sent += lying.size,
                Kind::Others => space.others += lying.size,
                Kind::Preview => space.previews += lying.size,
            }
        }
        Ok(space)
    }

    /// How many bytes of others' originals are kept before the longest unseen go.
    pub fn storage_budget(&self) -> Result<u64, DeviceError> {
        let kept = crate::store::meta(self.store.read(), SPACE)?.and_then(|bytes| bytes.try_into().ok());
        Ok(kept.map_or(USUAL_BUDGET, u64::from_be_bytes))
    }

    /// Sets it, and lets go of what is over it.
    pub fn set_storage_budget(&mut self, bytes: u64) -> Result<(), DeviceError> {
        self.store
            .write(|tx| Ok::<_, DeviceError>(crate::store::put_meta(tx, SPACE, &bytes.to_be_bytes())?))?;
        self.keep_within_budget()
    }

    /// Lets go of every original that the school has, one's own among them. They come back when they are opened.
    pub fn free_space(&mut self) -> Result<Freed, DeviceError> {
        self.let_go(|lying| matches!(lying.kind, Kind::OwnSent | Kind::Others), 0)
    }

    /// So many bytes came. What is over the budget goes, once there is enough of it to be worth looking through everything.
    pub(in crate::device) fn made_fuller(&mut self, bytes: u64) -> Result<(), DeviceError> {
        self.came += bytes;
        if self.came >= self.storage_budget()? / PORTION {
            return self.keep_within_budget();
        }
        Ok(())
    }

    fn keep_within_budget(&mut self) -> Result<(), DeviceError> {
        self.came = 0;
        let budget = self.storage_budget()?;
        self.let_go(|lying| lying.kind == Kind::Others, budget).map(drop)
    }

    /// Somebody looks at it now.
    pub(in crate::device) fn look_at(&mut self, hash: BlobHash, now: Timestamp) -> Result<(), DeviceError> {
        if last_used::is_stale(self.store.read(), hash, now)? {
            self.store.write(|tx| Ok::<_, DeviceError>(last_used::look(tx, hash, now)?))?;
        }
        Ok(())
    }

    /// Lets go of the longest unseen of these until at most `most` bytes of them are left.
    fn let_go(&mut self, may_go: impl Fn(&Lying) -> bool, most: u64) -> Result<Freed, DeviceError> {
        let mut lying: Vec<Lying> = self.lying()?.into_iter().filter(may_go).collect();
        lying.sort_by_key(|lying| (lying.seen, lying.hash));
        let mut left: u64 = lying.iter().map(|lying| lying.size).sum();
        let mut freed = Freed::default();
        for lying in lying {
            if left <= most {
                break;
            }
            self.store.blobs().remove(lying.hash)?;
            self.store.write(|tx| Ok::<_, DeviceError>(last_used::forget(tx, lying.hash)?))?;
            left -= lying.size;
            freed = Freed { count: freed.count + 1, bytes: freed.bytes + lying.size };
        }
        Ok(freed)
    }

    /// Every blob that a piece names and that lies here, once. One that plays two parts is what keeps it.
    fn lying(&self) -> Result<Vec<Lying>, DeviceError> {
        let conn = self.store.read();
        let mut kinds: BTreeMap<BlobHash, Kind> = BTreeMap::new();
        for content in index::contents(conn)?.into_values() {
            for medium in content.media.iter().chain(&content.earlier) {
                kinds.entry(medium.original).or_insert(Kind::Others);
                if let Some(preview) = medium.preview {
                    kinds.insert(preview, Kind::Preview);
                }
            }
        }
        for upload in transfers::uploads(conn)? {
            let kind = match (upload.is_done, upload.is_preview) {
                (false, _) => Kind::Unsent,
                (true, true) => Kind::Preview,
                (true, false) => Kind::OwnSent,
            };
            let known = kinds.entry(upload.hash).or_insert(kind);
            if *known != Kind::Unsent {
                *known = kind;
            }
        }
        let seen = last_used::all(conn)?;
        let blobs = self.store.blobs();
        let here = kinds.into_iter().filter_map(|(hash, kind)| {
            let size = blobs.size(hash)?;
            // A film that somebody calls a small picture takes room as a film.
            let kind = if kind == Kind::Preview && size > MAX_SMALL { Kind::Others } else { kind };
            let seen = seen.get(&hash).copied().unwrap_or(Timestamp::from_millis(0));
            Some(Lying { hash, kind, size, seen })
        });
        Ok(here.collect())
    }
}
