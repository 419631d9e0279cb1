//! Claim and settle: the statements that are written per database, side by side.

mod claim;
mod settle;

pub use claim::{Claim, Cursor, Queue, claim};
pub use settle::{Batch, Settled, settle};
