//! What an invoice is and how it moves; no database, clock or network here.

pub mod attempt;
pub mod breaker;
pub mod calendar;
pub mod customer;
pub mod data_set;
pub mod difference;
pub mod explain;
pub mod failure;
pub mod invoice;
pub mod policy;
pub mod progress;
pub mod run;
pub mod schedule;
pub mod settle;
