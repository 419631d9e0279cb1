//! What a charge is and how it is decided; no database, clock or network here.

pub mod acquirer;
pub mod charge;
pub mod wallet;
