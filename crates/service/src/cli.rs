//! The command line that all services have.

use std::future::Future;
use std::pin::Pin;
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

/// What a process does until it is stopped.
pub type Role = fn(Vars) -> Pin<Box<dyn Future<Output = Result<(), ConfigError>>>>;

/// A service, as its command line sees it.
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// The role `serve`.
    pub serve: Role,
    /// Further roles: name, what it does in one sentence, and what is run.
    pub roles: &'static [(&'static str, &'static str, Role)],
    /// Its schema.
    pub migrations: Migrations,
    /// Where its rows are, unless told otherwise.
    pub database: &'static str,
    /// Its OpenAPI document.
    pub openapi: fn() -> String,
    /// The variables that it reads.
    pub vars: fn() -> Vec<Var>,
}

impl Program {
    /// Does what the command line says.
    pub fn main(self) -> ExitCode {
        let roles = self.roles.iter().map(|(name, about, _)| clap::Command::new(name).about(*about));
        let matches = Command::command().name(self.name).about(self.about).subcommands(roles).get_matches();
        let wanted = matches.subcommand_name().unwrap_or_default();
        if let Some((_, _, role)) = self.roles.iter().find(|(name, _, _)| *name == wanted) {
            return run::role(role);
        }
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
