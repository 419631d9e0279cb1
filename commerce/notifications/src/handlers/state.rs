//! What the handlers work with.

/// Shared by all handlers.
pub struct State {
    /// Rows.
    pub db: db::Db,
}
