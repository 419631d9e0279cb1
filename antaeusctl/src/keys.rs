//! `antaeusctl keys`: signing keys of the services and the operator, and the API keys they mint.

mod init;
mod issue;
mod revoke;
mod rotate;
mod show;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use gate::keys::{KeyError, PublicJwk, jwks_json};
use gate::token::SignError;

use crate::files::{self, WriteError};

pub use init::Init;
pub use issue::Issue;
pub use revoke::Revoke;
pub use rotate::{Issuer, Rotate, Step};
pub use show::Show;

const DAY: i64 = 86_400;

/// Signing keys and API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Create the charge key, the operator key and the services' event keys; what is there is kept.
    Init(Init),
    /// Sign an API key and print it, alone, on standard output.
    Issue(Issue),
    /// Print what a file holds: the public half of a key (a private PEM file or a JWKS), or what an API key opens.
    Show(Show),
    /// Make an API key good no longer, before it ends.
    Revoke(Revoke),
    /// Replace a signing key in three steps, while the services run.
    Rotate(Rotate),
}

/// Why a command on keys failed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A key file is missing or broken.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file or its folder could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The published set is there, the private key is not.
    #[error(
        "{} is missing but its jwks.json is there; restore the key from a backup, \
         or remove jwks.json to start over with a new key",
        .0.display()
    )]
    PrivateMissing(PathBuf),
    /// The published set does not hold the private key's public half.
    #[error(
        "{} does not hold the public half of the private.pem beside it; \
         add it (see `antaeusctl keys show`) or remove the file to write it anew",
        .0.display()
    )]
    NotPublished(PathBuf),
    /// A step of a rotation came out of its order.
    #[error("{issuer}: {state}; the next step is `antaeusctl keys rotate --dir {} --issuer {issuer} --step {next}`", dir.display())]
    OutOfOrder {
        /// Whose key.
        issuer: Issuer,
        /// How far the rotation is.
        state: &'static str,
        /// What can be done.
        next: Step,
        /// Where the keys are.
        dir: PathBuf,
    },
    /// The API key was not signed.
    #[error("no key was signed: {0}")]
    Sign(#[from] SignError),
    /// The public half could not be shown.
    #[error("cannot show the key: {0}")]
    Json(#[from] serde_json::Error),
    /// An API key was not revoked.
    #[error("nothing was revoked: {0}")]
    Revoke(String),
    /// The answer could not be written.
    #[error("cannot write to the output: {0}; run the command again")]
    Output(#[from] std::io::Error),
}

/// Runs a command at `now`, in seconds since the epoch.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &KeysCommand, now: i64, out: &mut dyn Write) -> Result<(), KeysError> {
    match command {
        KeysCommand::Init(arguments) => init::init(&arguments.dir, out),
        KeysCommand::Issue(arguments) => issue::issue(arguments, now, out),
        KeysCommand::Show(arguments) => show::show(&arguments.file, out),
        KeysCommand::Revoke(arguments) => revoke::revoke(arguments, now, out),
        KeysCommand::Rotate(arguments) => rotate::rotate(arguments, out),
    }
}

/// Writes the public halves to be handed on.
fn publish(path: &Path, keys: impl IntoIterator<Item = PublicJwk>) -> Result<(), KeysError> {
    let jwks = jwks_json(keys)?;
    Ok(files::write_public(path, &format!("{jwks}\n"))?)
}
