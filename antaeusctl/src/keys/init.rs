//! `keys init`: what is not there yet.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use gate::keys::{SigningKey, VerifyingKeys};

use super::{Issuer, KeysError, publish};
use crate::files;

/// The arguments of `keys init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Where one folder per issuer goes, with private.pem and jwks.json.
    #[arg(long)]
    pub dir: PathBuf,
}

pub(super) fn init(dir: &Path, out: &mut dyn Write) -> Result<(), KeysError> {
    for issuer in Issuer::value_variants() {
        let (kid, done) = init_issuer(&dir.join(issuer.to_string()))?;
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
        publish(&public, [key.public_jwk()])?;
    }
    if !VerifyingKeys::load(&public)?.kids().contains(&key.kid()) {
        return Err(KeysError::NotPublished(public));
    }
    Ok((key.kid().to_owned(), if had_private { "kept" } else { "created" }))
}
