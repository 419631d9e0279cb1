//! `keys show`: names and public halves.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use gate::keys::{KeyError, PublicJwk, SigningKey, parse_jwks};

use gate::token::api_key::Described;

use super::KeysError;
use super::revoke::described;

/// The arguments of `keys show`.
#[derive(Debug, Args)]
pub struct Show {
    /// A private.pem, a jwks.json, or a file with an API key.
    pub file: PathBuf,
}

pub(super) fn show(file: &Path, out: &mut dyn Write) -> Result<(), KeysError> {
    if let Ok(key) = described(file) {
        let Described { jti, subject, scope, expires_at } = key;
        writeln!(out, "API key {jti}\nsubject {subject}\nscope {scope}\nexpires {}", utc(expires_at))?;
        return Ok(());
    }
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

fn utc(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}
