//! What can be done with orders.

pub mod cancel_order;
pub mod counts;
pub mod place_order;
pub mod settle_orders;
mod tell;
