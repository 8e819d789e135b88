//! Writing changes once more under another actor: for a device that was put back to an earlier state and wrote on, under
//! numbers that its own earlier self had used. What was said stays word for word; only who counts it differs.

use std::collections::BTreeMap;

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, SortedVec};
use automerge::{ActorId, Change, ChangeHash, ExpandedChange};

use super::{BadChange, NewChange, ParsedChange};

/// Writes `changes`, in their order, each actor's under the one that `actors` names for it, numbered from 1. They come from
/// this device's own store, each after what it builds on. May panic inside automerge: call it where that is contained.
pub fn again(
    changes: &[ParsedChange],
    actors: &BTreeMap<[u8; 16], [u8; 16]>,
) -> Result<Vec<NewChange>, BadChange> {
    let mut names: BTreeMap<ActorId, Renamed> = BTreeMap::new();
    let mut hashes: BTreeMap<ChangeHash, ChangeHash> = BTreeMap::new();
    let mut written = Vec::with_capacity(changes.len());
    for parsed in changes {
        let new = actors.get(&parsed.actor).ok_or(BadChange::Actor)?;
        let renamed = names.entry(ActorId::from(parsed.actor)).or_insert_with(|| Renamed {
            new: ActorId::from(*new),
            from: parsed.change.start_op().get(),
            seq: 0,
        });
        renamed.seq += 1;
        let mut change: ExpandedChange = parsed.change.decode();
        (change.actor_id, change.seq, change.hash) = (renamed.new.clone(), renamed.seq, None);
        change.operations.iter_mut().for_each(|op| rename(op, &names));
        change.deps.iter_mut().for_each(|dep| *dep = hashes.get(dep).copied().unwrap_or(*dep));
        change.deps.sort();
        let rewritten = Change::from(change);
        hashes.insert(parsed.change.hash(), rewritten.hash());
        let own = ParsedChange::parse(rewritten.raw_bytes())?;
        written.push(NewChange {
            raw: rewritten.raw_bytes().to_vec(),
            hash: own.hash,
            actor: own.actor,
            seq: own.seq,
        });
    }
    Ok(written)
}

/// How an actor is called now, from this counter of its operations on.
struct Renamed {
    new: ActorId,
    from: u64,
    seq: u64,
}

fn rename(op: &mut Op, names: &BTreeMap<ActorId, Renamed>) {
    let name = |id: &mut OpId| {
        if let Some(renamed) = names.get(&id.1).filter(|renamed| id.0 >= renamed.from) {
            id.1 = renamed.new.clone();
        }
    };
    if let ObjectId::Id(id) = &mut op.obj {
        name(id);
    }
    if let Key::Seq(ElementId::Id(id)) = &mut op.key {
        name(id);
    }
    let mut before: Vec<OpId> = op.pred.iter().cloned().collect();
    before.iter_mut().for_each(name);
    op.pred = SortedVec::from(before);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Sheet;
    use crate::ids::EntryId;

    #[test]
    fn what_was_written_under_a_used_number_is_written_again_word_for_word() {
        let parse = |raw: &[u8]| ParsedChange::parse(raw).unwrap();
        let mut sheet = Sheet::genesis();
        let first = sheet.edit([1; 16], 0, |edit| edit.title("A leaf")).unwrap().unwrap();
        let mut elsewhere = Sheet::load([first.raw.as_slice()]).unwrap();

        // One self wrote on and delivered it; the other one, put back, wrote on under the same number.
        let theirs = elsewhere.edit([1; 16], 0, |edit| edit.words("green")).unwrap().unwrap();
        let entry = EntryId::from_bytes([9; 16]);
        let second = sheet.edit([1; 16], 0, |edit| edit.title("A red leaf, seen twice")).unwrap().unwrap();
        let third = sheet.edit([1; 16], 0, |edit| edit.reflection(entry, "it was cold")).unwrap().unwrap();
        let fourth =
            sheet.edit([1; 16], 0, |edit| edit.reflection(entry, "it was very cold")).unwrap().unwrap();
        assert_eq!(theirs.seq, second.seq);

        let parsed = [&second, &third, &fourth].map(|change| parse(&change.raw));
        let written = again(&parsed, &BTreeMap::from([([1; 16], [2; 16])])).unwrap();
        let named: Vec<_> = written.iter().map(|change| (change.actor, change.seq)).collect();
        assert_eq!(named, [([2; 16], 1), ([2; 16], 2), ([2; 16], 3)]);
        let raws = [&first.raw, &theirs.raw].into_iter().chain(written.iter().map(|change| &change.raw));
        let merged = Sheet::load(raws.map(Vec::as_slice)).unwrap();
        assert_eq!(merged.content().title, "A red leaf, seen twice");
        assert_eq!(merged.content().words, "green");
        assert_eq!(merged.entries(), sheet.entries());

        let stored = [parse(&first.raw), parse(&theirs.raw)];
        let new: Vec<ParsedChange> = written.iter().map(|change| parse(&change.raw)).collect();
        crate::document::trial(&stored, &new).unwrap();
    }
}
