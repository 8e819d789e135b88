//! The ids of the sample school, by the names that scenarios use.

use fieldfolio_core::ids::{ClassId, FolioId, OutcomeId, PersonId, ProjectId};
use serde_json::Value;

/// What `fieldfolio sample --json` printed.
#[derive(Debug, Clone)]
pub struct Sample(pub Value);

impl Sample {
    /// The person of this name: "mina", "ms-ito".
    pub fn person(&self, name: &str) -> PersonId {
        self.id(&["people", name])
    }

    /// A project: "community-garden".
    pub fn project(&self, name: &str) -> ProjectId {
        self.id(&["projects", name])
    }

    /// A class: "science-9".
    pub fn class(&self, name: &str) -> ClassId {
        self.id(&["classes", name])
    }

    /// A folio: "mina/community-garden", "mina/home".
    pub fn folio(&self, name: &str) -> FolioId {
        self.id(&["folios", name])
    }

    /// An outcome by its code: "THINK".
    pub fn outcome(&self, code: &str) -> OutcomeId {
        self.id(&["outcomes", code])
    }

    fn id<T: std::str::FromStr>(&self, path: &[&str]) -> T {
        let found = path.iter().try_fold(&self.0, |value, key| value.get(key)).and_then(Value::as_str);
        let text = found.unwrap_or_else(|| panic!("the sample school has no {path:?}"));
        text.parse().unwrap_or_else(|_| panic!("{path:?} is an id"))
    }
}
