//! The school's settings reach its uploads: a quota for all together, and what the disk keeps free.

use fieldfolio_core::blob::BlobHash;
use fieldfolio_tests::real::RealSchool;

use super::stage::device_that_may_bring;

const LEAF: &[u8] = b"a leaf, seen closely";
const STONE: &[u8] = b"a stone from the stream";

#[test]
fn a_school_takes_as_much_as_it_may_keep() {
    let school = RealSchool::start_with("quota_bytes_per_school = 40").unwrap();
    let (mut phone, piece) = device_that_may_bring(&school, &[LEAF.to_vec(), STONE.to_vec()]);
    assert_eq!(phone.upload(piece, LEAF).unwrap(), 204);
    let refused = phone.begin_upload(piece, BlobHash::of(STONE), STONE.len() as u64).unwrap();
    assert_eq!(refused.status, 413);
    let words = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(words.contains("ask the school for more"), "{words}");
}

#[test]
fn a_disk_below_its_floor_takes_nothing_and_says_so() {
    let school = RealSchool::start_with("disk_floor_bytes = 9000000000000000000").unwrap();
    let (mut phone, piece) = device_that_may_bring(&school, &[LEAF.to_vec()]);
    let refused = phone.begin_upload(piece, BlobHash::of(LEAF), LEAF.len() as u64).unwrap();
    assert_eq!(refused.status, 507);
    let words = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(words.contains("keep the file"), "{words}");
}
