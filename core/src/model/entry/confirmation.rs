//! A teacher takes a mentor's judgement as hers, as it stood at the pinned heads.

use serde::{Deserialize, Serialize};

use super::fields::{Field, ReadFields, heads, reference};
use super::{EntryKind, Head, Reference};

/// A confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The mentor's assessment.
    pub of: Reference,
    /// The heads of the mentor's voice when it was confirmed.
    pub heads: Vec<Head>,
}

impl EntryKind for Confirmation {
    const NAME: &str = "confirmation";

    fn read(fields: &impl ReadFields) -> Option<Self> {
        Some(Self { of: fields.reference()?, heads: fields.heads("heads")? })
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = reference(self.of);
        fields.push(heads("heads", &self.heads));
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{anybody, reads_back};
    use super::*;

    #[test]
    fn it_reads_back_with_the_heads_that_it_pins() {
        reads_back(&Confirmation { of: anybody(true), heads: vec![Head([9; 32])] });
        reads_back(&Confirmation { of: anybody(true), heads: Vec::new() });
    }
}
