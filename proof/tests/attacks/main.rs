//! The attack table, row by row, against the running services over real sockets. Needs `cargo build --bins`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that meets None or Err has failed")]
#![expect(clippy::print_stdout, reason = "the seed of a failing run is needed to repeat it")]

mod bindings;
mod certificates;
mod claims;
mod floods;
mod forge;
mod headers;
mod lab;
mod pki;
mod rogues;
mod secrets;
