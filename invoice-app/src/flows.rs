//! Use cases, one per file; each opens the one transaction it needs.

pub mod change_run;
pub mod charge_due;
pub mod counts;
pub mod create_customer;
pub mod create_invoice;
pub mod finish_round;
pub mod preview_run;
pub mod reconcile;
pub mod register_customer;
pub mod release_invoice;
pub mod seed;
pub mod settle_charges;
pub mod start_run;
pub mod take_order;
pub mod void_invoice;
