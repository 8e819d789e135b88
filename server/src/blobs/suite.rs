//! What every blob store promises, as a story that any of them must be able to tell.

use std::io::{Read, Seek, SeekFrom};

use fieldfolio_core::blob::BlobHash;

use super::{BlobError, BlobStore, put};

/// Panics where `store`, empty at first, breaks a promise of [`BlobStore`].
pub fn every_store_must(store: &dyn BlobStore) {
    let leaf = put(store, "leaf", &b"a leaf"[..]).expect("bytes are taken");
    assert_eq!(leaf, BlobHash::of(b"a leaf"), "bytes are named by their hash");
    assert_eq!(read_from(store, leaf, 0), b"a leaf");
    assert_eq!(read_from(store, leaf, 2), b"leaf", "any place can be read from");
    assert_eq!(store.size(leaf).expect("a size"), Some(6));
    store.verify(leaf).expect("what was stored is what was sent");

    let nothing = put(store, "nothing", &b""[..]).expect("no bytes at all are a blob too");
    assert_eq!(read_from(store, nothing, 0), b"");

    let again = put(store, "leaf again", &b"a leaf"[..]).expect("equal bytes are taken again");
    assert_eq!(again, leaf, "and answered like the first time");
    let mut both = vec![leaf, nothing];
    both.sort_unstable();
    assert_eq!(named(store), both, "but stored once, and listed in order");
    assert_eq!(store.part_length("leaf again").expect("an answer"), None, "publishing leaves no part behind");

    let stone = BlobHash::of(b"a stone");
    assert!(!store.contains(stone).expect("an answer"));
    assert!(store.open(stone).expect("an answer").is_none());
    assert!(matches!(store.verify(stone), Err(BlobError::Missing { .. })));
    let mut part = store.part("stone", 0).expect("a part");
    part.write(b"a pebble").expect("bytes are taken");
    assert!(matches!(part.verify(stone), Err(BlobError::Mismatch { .. })), "a wrong name is noticed");
    assert!(!store.contains(stone).expect("an answer"), "and nothing is there under it");

    let mut part = store.part("bark", 0).expect("a part");
    part.write(b"bark, in two goes").expect("bytes are taken");
    drop(part);
    assert_eq!(store.part_length("bark").expect("an answer"), Some(17));
    drop(store.part("bark", 4).expect("it goes on where it is told to"));
    let mut kept = String::new();
    store.read_part("bark").expect("a part").read_to_string(&mut kept).expect("bytes");
    assert_eq!(kept, "bark", "and what was behind that is cut off");
    let mut parts = Vec::new();
    store.each_part(&mut |name| parts.push(name.to_owned())).expect("a list");
    assert!(parts.contains(&"bark".to_owned()), "{parts:?}");
    store.remove_part("bark").expect("a part can go");
    store.remove_part("bark").expect("and going twice is no error");
    assert!(store.part_length("bark").expect("an answer").is_none());
    assert!(store.free_space().expect("an answer") > 0);

    let large: Vec<u8> = (0..3_000_001_u32).map(|i| (i / 251) as u8).collect();
    let photo = put(store, "photo", &large[..]).expect("a photo is taken");
    assert!(read_from(store, photo, 0) == large, "a photo comes back as it was");

    store.remove(leaf).expect("a blob can go");
    store.remove(leaf).expect("and going twice is no error");
    assert!(!store.contains(leaf).expect("an answer"));
    put(store, "leaf", &b"a leaf"[..]).expect("what went can come again");
    assert!(store.contains(leaf).expect("an answer"));
}

fn read_from(store: &dyn BlobStore, hash: BlobHash, place: u64) -> Vec<u8> {
    let mut blob = store.open(hash).expect("an answer").expect("a blob");
    blob.reader.seek(SeekFrom::Start(place)).expect("a place");
    let mut bytes = Vec::new();
    blob.reader.read_to_end(&mut bytes).expect("bytes");
    bytes
}

fn named(store: &dyn BlobStore) -> Vec<BlobHash> {
    let mut found = Vec::new();
    store.each(&mut |hash| found.push(hash)).expect("a list");
    found
}
