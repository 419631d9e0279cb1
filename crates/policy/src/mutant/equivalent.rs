//! Mutants that change nothing, each with its reason. The list may not rot: one that is caught, or is not made any
//! more, is an error as well.

use serde::Deserialize;

use super::Mutant;
use crate::object::Unreadable;

/// One of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalent {
    /// What was done.
    pub operator: String,
    /// To which objects, `Kind namespace/name`.
    pub objects: Vec<String>,
    /// Where.
    pub field: String,
    /// Why nothing changes.
    pub reason: String,
}

impl Equivalent {
    /// Reads the list.
    pub fn read(yaml: &str) -> Result<Vec<Self>, Unreadable> {
        serde_saphyr::from_str(yaml).map_err(|e| Unreadable {
            object: "the list of equivalent mutants".into(),
            problem: e.to_string(),
        })
    }

    /// Which of its objects this mutant is of, if it is one of them.
    #[must_use]
    pub fn place_of(&self, mutant: &Mutant) -> Option<usize> {
        let same = self.operator == mutant.operator && self.field == mutant.field;
        self.objects.iter().position(|object| same && **object == *mutant.object)
    }
}
