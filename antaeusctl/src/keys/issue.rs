//! `keys issue`: an API key.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use gate::keys::SigningKey;
use gate::token::api_key::{self, ApiKeyIssuer};
use gate::token::{Scope, Subject};

use super::{DAY, KeysError};

/// The arguments of `keys issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// The operator's private key.
    #[arg(long)]
    pub key: PathBuf,
    /// Whose key it is: `team:NAME` or `user:ID`.
    #[arg(long)]
    pub sub: Subject,
    /// What it opens, divided by commas.
    #[arg(long, required = true, value_delimiter = ',')]
    pub scope: Vec<Scope>,
    /// How many days it lasts.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=90))]
    pub days: u16,
    /// Who accepts it.
    #[arg(long, default_value = api_key::AUDIENCE)]
    pub audience: String,
}

pub(super) fn issue(arguments: &Issue, now: i64, out: &mut dyn Write) -> Result<(), KeysError> {
    let issuer = ApiKeyIssuer {
        key: SigningKey::load(&arguments.key)?,
        issuer: api_key::ISSUER.to_owned(),
        audience: arguments.audience.clone(),
    };
    let lifetime = i64::from(arguments.days) * DAY;
    let token = issuer.issue(&arguments.sub, &arguments.scope, lifetime, now)?;
    writeln!(out, "{token}")?;
    if let Some(key) = api_key::describe(&token) {
        note(&key.jti);
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "standard output holds the key alone")]
fn note(jti: &str) {
    eprintln!("note its name, by which it is revoked: {jti}");
}
