//! Claim and settle: the statements that are written per database, side by side.

mod claim;
mod settle;

pub use claim::{Claim, Cursor, claim};
pub use settle::{Batch, Settled, settle};
