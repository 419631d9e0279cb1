//! The command line that all services have.

use std::future::Future;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};
use db::Migrations;

use crate::database::migrate;
use crate::run;
use crate::settings::{ConfigError, Var, Vars, markdown};

#[derive(Parser)]
#[command(version)]
enum Command {
    /// Serve until SIGTERM.
    Serve,
    /// Bring the database's schema up to date and end.
    Migrate,
    /// Print the OpenAPI document.
    Openapi,
    /// Print the variables that can be set, as a Markdown table.
    Config,
}

/// A service, as its command line sees it.
pub struct Program<S> {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// The role `serve`.
    pub serve: S,
    /// Its schema.
    pub migrations: Migrations,
    /// Where its rows are, unless told otherwise.
    pub database: &'static str,
    /// Its OpenAPI document.
    pub openapi: fn() -> String,
    /// The variables that it reads.
    pub vars: fn() -> Vec<Var>,
}

impl<S, F> Program<S>
where
    S: FnOnce(Vars) -> F,
    F: Future<Output = Result<(), ConfigError>>,
{
    /// Does what the command line says.
    pub fn main(self) -> ExitCode {
        let matches = Command::command().name(self.name).about(self.about).get_matches();
        let command = Command::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
        match command {
            Command::Serve => run::role(self.serve),
            Command::Migrate => run::exit(migrate(&Vars::from_env(), self.database, self.migrations)),
            Command::Openapi => print(&(self.openapi)()),
            Command::Config => print(&markdown(&(self.vars)())),
        }
    }
}

#[expect(clippy::print_stdout, reason = "printing is what was asked for")]
fn print(text: &str) -> ExitCode {
    println!("{text}");
    ExitCode::SUCCESS
}
