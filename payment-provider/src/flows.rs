//! Use cases, one per file; each opens the one transaction it needs.

pub mod abandon_charge;
pub mod charge_batch;
pub mod make_deposit;
pub mod open_account;
