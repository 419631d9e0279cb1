//! How a command that asks invoice-app is told where it is, and how to answer.

use std::io::Write;

use clap::{Args, ValueEnum};

use crate::api::{Api, ApiArgs};

/// How to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs: what the API said, with every number as it was written.
    Json,
}

/// Where to ask, and how to answer.
#[derive(Debug, Args)]
pub struct Ask {
    #[command(flatten)]
    api: ApiArgs,
    /// How to answer.
    #[arg(short, long, default_value = "text")]
    output: Output,
}

/// A command about one thing.
#[derive(Debug, Args)]
pub struct OneCommand {
    #[command(flatten)]
    pub(crate) ask: Ask,
    /// Its number.
    pub(crate) id: i64,
}

impl Ask {
    /// A client for all questions of the command.
    pub fn api(&self) -> Result<Api, String> {
        Api::new(&self.api)
    }

    /// Whether the answer is for programs.
    pub fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    /// Prints one of both.
    pub fn print(
        &self,
        out: &mut dyn Write,
        json: &str,
        text: impl FnOnce() -> String,
    ) -> Result<(), String> {
        let printed = match self.output {
            Output::Json => writeln!(out, "{}", json.trim_end()),
            Output::Text => writeln!(out, "{}", text().trim_end()),
        };
        printed.map_err(|e| e.to_string())
    }
}
