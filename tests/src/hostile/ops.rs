//! Changes written operation by operation, in automerge's binary format, so that they can say what no edit of ours says.

use fieldfolio_core::document::{GENESIS_ACTOR, NewChange};
use fieldfolio_core::model::entry::Head;

use super::chunk::{put_number, put_signed, seal};

/// An operation's id: its number, and whose it is.
pub type OpId = (u64, Whose);

/// Whose an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The change's own.
    Own,
    /// That of genesis.
    Genesis,
    /// That of the change's other actor.
    Other,
    /// That of an actor whom the change doesn't name.
    Nobody,
}

/// One operation. A key of a map is a text; in a list or a text it is the operation before.
#[derive(Debug, Clone)]
pub struct Op {
    /// In which object; `None` for the root.
    pub object: Option<OpId>,
    /// At which key of a map.
    pub key: String,
    /// What it does.
    pub action: Action,
    /// What it overwrites.
    pub over: Vec<OpId>,
}

/// What an operation does, by the number that automerge knows it by.
#[derive(Debug, Clone)]
pub enum Action {
    /// Makes a map (0), a list (2), a text (4) or a table (6).
    Make(u64),
    /// Sets a text.
    Set(String),
    /// Deletes.
    Delete,
    /// Anything else.
    Other(u64),
}

/// A change of these operations.
#[derive(Debug, Clone)]
pub struct Ops {
    /// Whose.
    pub actor: [u8; 16],
    /// Its number within the actor.
    pub seq: u64,
    /// The number of its first operation.
    pub first: u64,
    /// What it builds on.
    pub deps: Vec<Head>,
    /// One more actor that operations may name; automerge panics on one that the document doesn't know.
    pub other: Option<[u8; 16]>,
    /// What it does.
    pub ops: Vec<Op>,
}

impl Ops {
    /// The change, as it would be sent.
    pub fn change(&self) -> NewChange {
        let mut body = Vec::new();
        let mut deps = self.deps.clone();
        deps.sort();
        put_number(&mut body, deps.len() as u64);
        deps.iter().for_each(|dep| body.extend_from_slice(&dep.0));
        put_counted(&mut body, &self.actor);
        put_number(&mut body, self.seq);
        put_number(&mut body, self.first);
        // The time, and no message.
        put_signed(&mut body, 0);
        put_number(&mut body, 0);
        let others = self.others();
        put_number(&mut body, others.len() as u64);
        others.iter().for_each(|actor| put_counted(&mut body, actor));
        let columns = self.columns();
        put_number(&mut body, columns.len() as u64);
        for (name, data) in &columns {
            put_number(&mut body, *name);
            put_number(&mut body, data.len() as u64);
        }
        columns.iter().for_each(|(_, data)| body.extend_from_slice(data));
        let (raw, hash) = seal(&body);
        NewChange { raw, hash, actor: self.actor, seq: self.seq }
    }

    /// The actors it names beside its own, in their order.
    fn others(&self) -> Vec<[u8; 16]> {
        let mut others: Vec<_> = self.other.into_iter().chain([GENESIS_ACTOR]).collect();
        others.sort();
        others
    }

    fn columns(&self) -> Vec<(u64, Vec<u8>)> {
        let ops = &self.ops;
        let others = self.others();
        let after = |actor: Option<[u8; 16]>| others.iter().position(|other| Some(*other) == actor);
        let place = |id: OpId| {
            let nobody = 1 + others.len();
            (match id.1 {
                Whose::Own => 0,
                Whose::Genesis => after(Some(GENESIS_ACTOR)).map_or(nobody, |at| at + 1),
                Whose::Other => after(self.other).map_or(nobody, |at| at + 1),
                Whose::Nobody => nobody,
            }) as u64
        };
        let mut inserts = Vec::new();
        put_number(&mut inserts, ops.len() as u64);
        let keys =
            runs(ops.iter().map(|op| Some(op.key.as_str())), |into, key| put_counted(into, key.as_bytes()));
        let mut values = Vec::new();
        let mut lengths = Vec::new();
        for op in ops {
            // A text has type 6; nothing at all has type 0.
            lengths.push(match &op.action {
                Action::Set(text) => {
                    values.extend_from_slice(text.as_bytes());
                    Some((text.len() as u64) << 4 | 6)
                }
                Action::Make(_) | Action::Delete | Action::Other(_) => Some(0),
            });
        }
        let actions = ops.iter().map(|op| {
            Some(match op.action {
                Action::Make(kind) => kind,
                Action::Set(_) => 1,
                Action::Delete => 3,
                Action::Other(number) => number,
            })
        });
        let over: Vec<OpId> = ops.iter().flat_map(|op| op.over.iter().copied()).collect();
        let mut before = 0;
        let steps = over.iter().map(|(number, _)| {
            let step = number.wrapping_sub(before).cast_signed();
            before = *number;
            Some(step)
        });
        let steps = runs(steps, |into, step| put_signed(into, *step));
        let number = |into: &mut Vec<u8>, value: &u64| put_number(into, *value);
        let all = [
            (0x01, runs(ops.iter().map(|op| op.object.map(place)), number)),
            (0x02, runs(ops.iter().map(|op| op.object.map(|id| id.0)), number)),
            (0x15, keys),
            (0x34, inserts),
            (0x42, runs(actions, number)),
            (0x56, runs(lengths, number)),
            (0x57, values),
            (0x70, runs(ops.iter().map(|op| Some(op.over.len() as u64)), number)),
            (0x71, runs(over.iter().map(|id| Some(place(*id))), number)),
            (0x73, steps),
        ];
        all.into_iter().filter(|(_, data)| !data.is_empty()).collect()
    }
}

fn put_counted(into: &mut Vec<u8>, bytes: &[u8]) {
    put_number(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

/// A column, as runs of equal values and stretches of single ones. One without any value is left out.
fn runs<T: PartialEq>(
    values: impl IntoIterator<Item = Option<T>>,
    put: impl Fn(&mut Vec<u8>, &T),
) -> Vec<u8> {
    let mut runs: Vec<(u64, Option<T>)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((count, last)) if *last == value => *count += 1,
            _ => runs.push((1, value)),
        }
    }
    if runs.iter().all(|(_, value)| value.is_none()) {
        return Vec::new();
    }
    let mut column = Vec::new();
    let mut rest = &runs[..];
    while let Some((count, value)) = rest.first() {
        let singles = rest.iter().take_while(|(count, value)| *count == 1 && value.is_some()).count();
        let done = match value {
            None => {
                put_signed(&mut column, 0);
                put_number(&mut column, *count);
                1
            }
            Some(_) if singles > 0 => {
                put_signed(&mut column, -(singles as i64));
                rest[..singles]
                    .iter()
                    .filter_map(|run| run.1.as_ref())
                    .for_each(|value| put(&mut column, value));
                singles
            }
            Some(value) => {
                put_signed(&mut column, count.cast_signed());
                put(&mut column, value);
                1
            }
        };
        rest = &rest[done..];
    }
    column
}

#[cfg(test)]
mod tests {
    use fieldfolio_core::document::{ParsedChange, Sheet, Unfit, trial};
    use fieldfolio_core::ids::EntryId;

    use super::super::chunk::first_operation;
    use super::*;

    const ENTRIES: OpId = (7, Whose::Genesis);

    fn ops(sheet: &Sheet, skips: u64, other: Option<[u8; 16]>, ops: Vec<Op>) -> ParsedChange {
        let honest = sheet.clone().edit([3; 16], 0, |edit| edit.title("next")).unwrap().unwrap();
        let first = first_operation(&honest.raw).unwrap() + skips;
        let change = Ops { actor: [9; 16], seq: 1, first, deps: sheet.heads(), other, ops }.change();
        let parsed = ParsedChange::parse(&change.raw).expect("it is well formed");
        assert_eq!((parsed.hash, parsed.actor, parsed.seq), (change.hash, change.actor, change.seq));
        parsed
    }

    fn op(object: Option<OpId>, key: &str, action: Action, over: Vec<OpId>) -> Op {
        Op { object, key: key.to_owned(), action, over }
    }

    #[test]
    fn what_is_written_so_is_what_automerge_reads() {
        let sheet = Sheet::genesis();
        let fields = (5, Whose::Genesis);
        let honest =
            ops(&sheet, 0, None, vec![op(Some(fields), "colour", Action::Set("green".into()), vec![])]);
        assert!(trial(&[], &[honest]).is_ok());
        let skips =
            ops(&sheet, 1, None, vec![op(Some(fields), "colour", Action::Set("green".into()), vec![])]);
        assert_eq!(trial(&[], &[skips]), Err(Unfit::Damages("its operations skip numbers")));
        let shadow =
            ops(&sheet, 0, None, vec![op(None, "entries", Action::Set("mine".into()), vec![ENTRIES])]);
        assert_eq!(trial(&[], &[shadow]), Err(Unfit::Damages("it hides a root container")));

        let mut sheet = Sheet::genesis();
        let id = EntryId::from_bytes([1; 16]);
        let said = sheet.edit([1; 16], 0, |edit| edit.reflection(id, "So")).unwrap();
        let said = ParsedChange::parse(&said.unwrap().raw).unwrap();
        let entry = (8, Whose::Other);
        let removal = ops(
            &sheet,
            0,
            Some([1; 16]),
            vec![op(Some(ENTRIES), &id.to_string(), Action::Delete, vec![entry])],
        );
        assert_eq!(trial(&[said], &[removal]), Err(Unfit::Damages("it removes an entry")));
    }
}
