//! Command line of the payment provider.

use std::process::ExitCode;

use clap::Parser;
use payment_provider::{app, routes, settings, store};
use service::{ConfigError, Vars, run};

/// Charges what Antaeus, and nobody else, asks it to charge.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Serve the charge API until SIGTERM.
    Serve,
    /// Bring the database's schema up to date and end.
    Migrate,
    /// Print the OpenAPI document of the charge API.
    Openapi,
    /// Print the variables that can be set, as a Markdown table.
    Config,
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Serve => run::role(app::serve),
        Command::Migrate => run::exit(store::migrate(&Vars::from_env())),
        Command::Openapi => run::exit(print(&routes::openapi())),
        Command::Config => run::exit(print(&service::settings::markdown(&settings::vars()))),
    }
}

#[expect(clippy::print_stdout, reason = "printing is what was asked for")]
fn print(text: &str) -> Result<(), ConfigError> {
    println!("{text}");
    Ok(())
}
