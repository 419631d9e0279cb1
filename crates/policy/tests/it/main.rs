//! The rules of both APIs, one by one: each test fails when its rule is broken.

mod application;
mod authorization;
mod calls;
mod conditions;
mod fail_closed;
mod lab;
mod mutants;
mod network;
mod peers;
mod ports;
mod rules;
mod tokens;
