//! How a service's process begins and ends.

use std::future::Future;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use crate::settings::{ConfigError, Var, Vars};

/// `EX_CONFIG` of sysexits.h: starting again changes nothing, somebody must correct something.
pub const EX_CONFIG: u8 = 78;

/// Which log lines are written.
pub const LOG: Var =
    Var::new("RUST_LOG", "info", "which log lines are written, such as `info` or `warn,audit=info`");

/// Runs a role to its end on a small runtime; a [`ConfigError`] is one sentence on stderr and exit code 78.
pub fn role<F: Future<Output = Result<(), ConfigError>>>(role: impl FnOnce(Vars) -> F) -> ExitCode {
    let vars = Vars::from_env();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = runtime
        .map_err(|e| ConfigError::new(format!("cannot start: {e}")))
        .and_then(|runtime| runtime.block_on(role(vars)));
    exit(done)
}

/// The exit code for a role that ended.
#[expect(clippy::print_stderr, reason = "the sentence is for whoever started the process, log or no log")]
pub fn exit(done: Result<(), ConfigError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(EX_CONFIG)
        }
    }
}

/// Starts structured logging: one JSON object a line on stdout.
pub fn logging(vars: &Vars) -> Result<(), ConfigError> {
    let filter = vars.text(&LOG).unwrap_or_default();
    let filter = EnvFilter::try_new(&filter).map_err(|e| ConfigError::bad(&LOG, &filter, e))?;
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .try_init();
    started.map_err(|e| ConfigError::new(format!("cannot start logging: {e}")))
}
