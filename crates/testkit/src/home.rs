//! A directory with certificates and keys, made by the operator's own commands.

use std::path::{Path, PathBuf};

use antaeusctl::keys::{self, KeysCommand};
use antaeusctl::pki::{self, PkiCommand};
use clap::Parser;
use service::Clock;
use tempfile::TempDir;

/// Removed when dropped.
pub struct Home(TempDir);

#[derive(Parser)]
enum Command {
    #[command(subcommand)]
    Pki(PkiCommand),
    #[command(subcommand)]
    Keys(KeysCommand),
}

impl Home {
    /// Fresh certificates and keys.
    #[must_use]
    pub fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary directory"));
        home.run(&["pki", "init", "--dir", &home.text("pki")]);
        home.run(&["keys", "init", "--dir", &home.text("keys")]);
        home
    }

    /// Runs `antaeusctl` with these words and gives what it prints.
    pub fn run(&self, words: &[&str]) -> String {
        self.run_at(words, Clock::system().seconds())
    }

    /// The same as if it were `now`, in seconds: for certificates that are about to end.
    pub fn run_at(&self, words: &[&str], now: i64) -> String {
        let command = Command::parse_from(std::iter::once(&"antaeusctl").chain(words));
        let mut out = Vec::new();
        match command {
            Command::Pki(command) => pki::run(&command, now, &mut out).expect("antaeusctl pki"),
            Command::Keys(command) => keys::run(&command, now, &mut out).expect("antaeusctl keys"),
        }
        String::from_utf8(out).expect("text").trim().to_owned()
    }

    /// A path inside.
    #[must_use]
    pub fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    /// A path inside, as text.
    #[must_use]
    pub fn text(&self, inside: &str) -> String {
        self.path(inside).display().to_string()
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.0.path()
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}
