//! What an invoice is and how it moves; no database, clock or network here.

pub mod attempt;
pub mod calendar;
pub mod customer;
pub mod data_set;
pub mod explain;
pub mod invoice;
pub mod run;
pub mod schedule;
pub mod settle;
