//! `antaeusctl billing`: billing runs: preview, start, watch, steer and certify them.

mod attach;
mod certificate;
mod list;
mod pace;
mod progress;
mod run;
mod schedule;
mod scope;
mod screen;
mod show;
mod watch;

use std::io::Write;

use clap::{Args, Subcommand};

use crate::http::run_async;
use crate::output::{Ask, OneCommand};
use crate::pages::ROWS;
use scope::{PreviewCommand, RunCommand};

const PATH: &str = "/v1/billing-runs";

/// Billing runs: preview, start, watch, steer and certify them.
#[derive(Debug, Subcommand)]
pub enum BillingCommand {
    /// Say what a run would charge; nothing is charged.
    Preview(PreviewCommand),
    /// Start a run.
    Run(RunCommand),
    /// Show the newest runs as a table.
    List(ListCommand),
    /// Show a run.
    Show(OneCommand),
    /// Watch a run until it has ended: exit 1 when it was cancelled.
    Watch(WatchCommand),
    /// Let a run begin nothing new; what is in flight comes to its end.
    Pause(OneCommand),
    /// Let a paused run go on.
    Resume(OneCommand),
    /// End a run; what is in flight comes to its end.
    Cancel(OneCommand),
    /// Show what a run that has ended can prove: exit 1 when it is not reconciled.
    Certificate(OneCommand),
}

/// Show the newest runs as a table.
#[derive(Debug, Args)]
pub struct ListCommand {
    #[command(flatten)]
    ask: Ask,
    /// Longest table.
    #[arg(long, default_value_t = ROWS)]
    limit: usize,
}

/// A run to watch.
#[derive(Debug, Args)]
pub struct WatchCommand {
    #[command(flatten)]
    ask: Ask,
    /// Its number; the newest when not given.
    id: Option<i64>,
}

/// Runs the command: data goes to `out`, talk to `err`. False when something was found.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &BillingCommand, out: &mut dyn Write, err: &mut dyn Write) -> Result<bool, String> {
    match command {
        BillingCommand::Preview(command) => run_async(scope::preview(command, out)),
        BillingCommand::Run(command) => run_async(scope::start(command, out, err)),
        BillingCommand::List(command) => run_async(list::list(&command.ask, command.limit, out)),
        BillingCommand::Show(command) => run_async(show::one(&command.ask, command.id, out)),
        BillingCommand::Watch(command) => run_async(watch::command(&command.ask, command.id, out, err)),
        BillingCommand::Pause(command) => run_async(show::steer(&command.ask, command.id, "pause", out)),
        BillingCommand::Resume(command) => run_async(show::steer(&command.ask, command.id, "resume", out)),
        BillingCommand::Cancel(command) => run_async(show::steer(&command.ask, command.id, "cancel", out)),
        BillingCommand::Certificate(command) => {
            run_async(certificate::certificate(&command.ask, command.id, out))
        }
    }
}

#[cfg(test)]
mod sample;
