//! What every service is made of: settings, clock, servers, gate, problems, telemetry.

pub mod access;
pub mod admin;
pub mod api_auth;
pub mod app;
pub mod cli;
pub mod clock;
pub mod database;
pub mod extract;
pub mod fail_point;
pub mod guard;
pub mod id;
pub mod idempotent;
pub mod identity;
pub mod limits;
pub mod metrics;
pub mod page;
pub mod peer;
pub mod problem;
pub mod public;
pub mod reload;
pub mod revocations;
pub mod routes;
pub mod run;
pub mod server;
pub mod settings;
pub mod signed;
pub mod telemetry;
pub mod trace;
pub mod viewer;

pub use clock::Clock;
pub use problem::Problem;
pub use settings::{ConfigError, Var, Vars};
