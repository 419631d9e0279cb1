//! How a service's process begins and ends.

use std::future::Future;
use std::process::ExitCode;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::settings::{ConfigError, Var, Vars};
use crate::telemetry;

/// `EX_CONFIG` of sysexits.h: starting again changes nothing, somebody must correct something.
pub const EX_CONFIG: u8 = 78;

/// Which log lines are written.
pub const LOG: Var =
    Var::new("RUST_LOG", "info", "which log lines are written, such as `info` or `warn,audit=info`");

/// Runs a role to its end on a small runtime; a [`ConfigError`] is one sentence on stderr and exit code 78.
pub fn role<F: Future<Output = Result<(), ConfigError>>>(role: impl FnOnce(Vars) -> F) -> ExitCode {
    let vars = Vars::from_env();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = runtime.map_err(|e| ConfigError::new(format!("cannot start: {e}"))).and_then(|runtime| {
        runtime.block_on(async {
            let done = role(vars).await;
            telemetry::flush().await;
            done
        })
    });
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

/// Starts structured logging, one JSON object a line on stdout, and what is exported under the service's name.
pub fn logging(vars: &Vars, name: &'static str) -> Result<(), ConfigError> {
    lines(vars, |vars| telemetry::start(vars, name))
}

/// [`logging`] for roles that do one thing and end: nothing is exported.
pub fn logging_to_stdout(vars: &Vars) -> Result<(), ConfigError> {
    lines(vars, |_| Ok(None::<tracing_subscriber::layer::Identity>))
}

/// The filter comes first: it holds for what is exported as well.
type Filtered = tracing_subscriber::layer::Layered<EnvFilter, Registry>;

fn lines<L: Layer<Filtered> + Send + Sync>(
    vars: &Vars,
    export: impl FnOnce(&Vars) -> Result<Option<L>, ConfigError>,
) -> Result<(), ConfigError> {
    let filter = vars.text(&LOG).unwrap_or_default();
    let filter = EnvFilter::try_new(&filter).map_err(|e| ConfigError::bad(&LOG, &filter, e))?;
    let stdout = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    let started = Registry::default().with(filter).with(export(vars)?).with(stdout).try_init();
    started.map_err(|e| ConfigError::new(format!("cannot start logging: {e}")))
}
