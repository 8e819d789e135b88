//! The student on her own work. Edited in place; merges by word.

use serde::{Deserialize, Serialize};

use super::fields::{Field, ReadFields, Value};
use super::{EntryKind, Words};

/// A reflection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reflection {
    pub words: String,
}

impl EntryKind for Reflection {
    const NAME: &str = "reflection";

    fn read(fields: &impl ReadFields) -> Option<Self> {
        Some(Self { words: fields.text("words")? })
    }

    fn fields(&self) -> Vec<Field> {
        vec![("words", Value::Text(self.words.clone()))]
    }

    fn check(&self) -> Result<(), &'static str> {
        Words::Essay.check(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::reads_back;
    use super::*;

    #[test]
    fn it_reads_back_and_may_be_long() {
        reads_back(&Reflection { words: "I planted beans.".into() });
        assert!(Reflection { words: "a".repeat(50_000) }.check().is_ok());
        assert!(Reflection { words: "a".repeat(50_001) }.check().is_err());
    }
}
