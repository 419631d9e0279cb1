//! An attempt that is over.

use service::clock::Micros;

/// One row of an invoice's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Counted from 1 for each invoice.
    pub attempt: i32,
    /// The run that made it, if it was one.
    pub run_id: Option<i64>,
    /// When the provider was asked, at last.
    pub started_at: Micros,
    /// When its verdict was known.
    pub ended_at: Micros,
    /// `captured`, `already_captured`, `declined`, `conflict`, `invalid`, ...
    pub outcome: String,
    /// Why the money was not taken.
    pub decline_code: Option<String>,
    /// When the next attempt was planned for.
    pub next_at: Option<Micros>,
}

impl Attempt {
    /// The decline code, or what else it came to.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.decline_code.as_deref().unwrap_or(&self.outcome)
    }
}
