//! The fields of an entry, as a document keeps them: named values, read leniently and written once.

use std::str::FromStr;

use super::{Head, Reference};

/// What one field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A word, an id, a day, or a text that is never edited.
    String(String),
    Number(u64),
    /// Bytes, such as heads one after the other.
    Bytes(Vec<u8>),
    /// A text that its author edits in place; what two of her devices changed apart merges by word.
    Text(String),
}

/// A field and its value, in the order in which a document writes them.
pub type Field = (&'static str, Value);

/// The fields of an entry that is read. A field of another type than the asked one is absent.
pub trait ReadFields {
    /// A [`Value::String`].
    fn string(&self, name: &str) -> Option<String>;
    /// A [`Value::Number`].
    fn number(&self, name: &str) -> Option<u64>;
    /// [`Value::Bytes`].
    fn bytes(&self, name: &str) -> Option<Vec<u8>>;
    /// A [`Value::Text`].
    fn text(&self, name: &str) -> Option<String>;
    /// Is there a field of this name, whatever it holds?
    fn has(&self, name: &str) -> bool;

    /// A string that says something of this type.
    fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.string(name)?.parse().ok()
    }

    /// Words; none where the field is absent.
    fn words(&self, name: &str) -> String {
        self.string(name).unwrap_or_default()
    }

    /// A number that fits.
    fn small<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.number(name)?).ok()
    }

    /// Heads, one after the other.
    fn heads(&self, name: &str) -> Option<Vec<Head>> {
        let bytes = self.bytes(name)?;
        bytes.chunks(32).map(|chunk| chunk.try_into().map(Head)).collect::<Result<_, _>>().ok()
    }

    /// The entry of another voice that this one is about.
    fn reference(&self) -> Option<Reference> {
        let about = match self.string("of_about") {
            Some(text) => Some(text.parse().ok()?),
            None => None,
        };
        Some(Reference { author: self.parsed("of_author")?, about, entry: self.parsed("of_entry")? })
    }
}

/// A string field.
pub(super) fn string(name: &'static str, value: impl ToString) -> Field {
    (name, Value::String(value.to_string()))
}

/// A number field.
pub(super) fn number(name: &'static str, value: impl Into<u64>) -> Field {
    (name, Value::Number(value.into()))
}

/// Heads.
pub(super) fn heads(name: &'static str, heads: &[Head]) -> Field {
    (name, Value::Bytes(Head::join(heads)))
}

/// Words that are left out where there are none.
pub(super) fn words(name: &'static str, words: &str) -> Option<Field> {
    (!words.is_empty()).then(|| string(name, words))
}

/// What [`ReadFields::reference`] reads.
pub(super) fn reference(to: Reference) -> Vec<Field> {
    let about = to.about.map(|about| string("of_about", about));
    let ends = [string("of_author", to.author)].into_iter().chain(about);
    ends.chain([string("of_entry", to.entry)]).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Fields in memory.
    #[derive(Debug, Default)]
    pub(in super::super) struct InMemory(BTreeMap<&'static str, Value>);

    impl InMemory {
        pub(in super::super) fn of(fields: Vec<Field>) -> Self {
            let count = fields.len();
            let fields: BTreeMap<_, _> = fields.into_iter().collect();
            assert_eq!(fields.len(), count, "no field is written twice");
            Self(fields)
        }

        pub(in super::super) fn without(mut self, name: &str) -> Self {
            self.0.remove(name);
            self
        }
    }

    impl ReadFields for InMemory {
        fn string(&self, name: &str) -> Option<String> {
            if let Some(Value::String(text)) = self.0.get(name) { Some(text.clone()) } else { None }
        }

        fn number(&self, name: &str) -> Option<u64> {
            if let Some(Value::Number(number)) = self.0.get(name) { Some(*number) } else { None }
        }

        fn bytes(&self, name: &str) -> Option<Vec<u8>> {
            if let Some(Value::Bytes(bytes)) = self.0.get(name) { Some(bytes.clone()) } else { None }
        }

        fn text(&self, name: &str) -> Option<String> {
            if let Some(Value::Text(text)) = self.0.get(name) { Some(text.clone()) } else { None }
        }

        fn has(&self, name: &str) -> bool {
            self.0.contains_key(name)
        }
    }
}
