//! An answer to another entry of the same piece.

use serde::{Deserialize, Serialize};

use super::fields::{Field, ReadFields, Value, reference};
use super::{EntryKind, Reference, Words};

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// What is answered.
    pub to: Reference,
    pub words: String,
}

impl EntryKind for Reply {
    const NAME: &str = "reply";

    fn read(fields: &impl ReadFields) -> Option<Self> {
        Some(Self { to: fields.reference()?, words: fields.text("words")? })
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = reference(self.to);
        fields.push(("words", Value::Text(self.words.clone())));
        fields
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.words.trim().is_empty() {
            return Err("a reply needs words");
        }
        Words::Remark.check(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{anybody, reads_back};
    use super::*;

    #[test]
    fn it_reads_back_about_a_student_or_about_the_work() {
        for to in [anybody(true), anybody(false)] {
            reads_back(&Reply { to, words: "Which one?".into() });
        }
        assert!(Reply { to: anybody(true), words: " ".into() }.check().is_err());
    }
}
