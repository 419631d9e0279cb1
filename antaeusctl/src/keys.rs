//! `antaeusctl keys`: signing keys of the services and the operator, and the API keys they mint.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gate::keys::{KeyError, PublicJwk, SigningKey, VerifyingKeys, jwks_json, parse_jwks};
use gate::token::api_key::{self, ApiKeyIssuer};
use gate::token::{Scope, SignError, Subject};

use crate::files::{self, WriteError};

const DAY: i64 = 86_400;
/// One folder each: who signs charges, who signs API keys.
const ISSUERS: &[&str] = &["charge", "operator"];

/// Signing keys and API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Create the charge key and the operator key; what is there is kept.
    Init(Init),
    /// Sign an API key and print it, alone, on standard output.
    Issue(Issue),
    /// Print the name and the public half of a key (a private PEM file or a JWKS).
    Show(Show),
}

/// The arguments of `keys init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Where one folder per issuer goes, with private.pem and jwks.json.
    #[arg(long)]
    pub dir: PathBuf,
}

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

/// The arguments of `keys show`.
#[derive(Debug, Args)]
pub struct Show {
    /// A private.pem or a jwks.json.
    pub file: PathBuf,
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
    /// The API key was not signed.
    #[error("no key was signed: {0}")]
    Sign(#[from] SignError),
    /// The public half could not be shown.
    #[error("cannot show the key: {0}")]
    Json(#[from] serde_json::Error),
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
        KeysCommand::Init(arguments) => init(&arguments.dir, out),
        KeysCommand::Issue(arguments) => issue(arguments, now, out),
        KeysCommand::Show(arguments) => show(&arguments.file, out),
    }
}

fn init(dir: &Path, out: &mut dyn Write) -> Result<(), KeysError> {
    for issuer in ISSUERS {
        let (kid, done) = init_issuer(&dir.join(issuer))?;
        writeln!(out, "{issuer}: {done}, kid {kid}")?;
    }
    Ok(())
}

fn init_issuer(folder: &Path) -> Result<(String, &'static str), KeysError> {
    let (private, public) = (folder.join("private.pem"), folder.join("jwks.json"));
    let had_private = private.exists();
    if !had_private {
        if public.exists() {
            return Err(KeysError::PrivateMissing(private));
        }
        files::create_dir(folder)?;
        files::write_private(&private, &SigningKey::generate_pem()?)?;
    }
    let key = SigningKey::load(&private)?;
    if !public.exists() {
        let jwks = jwks_json([key.public_jwk()])?;
        files::write_public(&public, &format!("{jwks}\n"))?;
    }
    if !VerifyingKeys::load(&public)?.kids().contains(&key.kid()) {
        return Err(KeysError::NotPublished(public));
    }
    Ok((key.kid().to_owned(), if had_private { "kept" } else { "created" }))
}

fn issue(arguments: &Issue, now: i64, out: &mut dyn Write) -> Result<(), KeysError> {
    let issuer = ApiKeyIssuer {
        key: SigningKey::load(&arguments.key)?,
        issuer: api_key::ISSUER.to_owned(),
        audience: arguments.audience.clone(),
    };
    let lifetime = i64::from(arguments.days) * DAY;
    let token = issuer.issue(&arguments.sub, &arguments.scope, lifetime, now)?;
    writeln!(out, "{token}")?;
    Ok(())
}

fn show(file: &Path, out: &mut dyn Write) -> Result<(), KeysError> {
    for jwk in public_halves(file)? {
        writeln!(out, "kid {}\n{}", jwk.kid(), serde_json::to_string(&jwk)?)?;
    }
    Ok(())
}

fn public_halves(file: &Path) -> Result<Vec<PublicJwk>, KeysError> {
    let text =
        std::fs::read_to_string(file).map_err(|source| KeyError::Read { path: file.to_owned(), source })?;
    if text.trim_start().starts_with('{') {
        return Ok(parse_jwks(&text)?);
    }
    Ok(vec![SigningKey::from_pem(&text)?.public_jwk()])
}
