//! Files that appear whole or not at all, and that only their owner may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const ONLY_OWNER: u32 = 0o600;
const EVERYBODY_READS: u32 = 0o644;
const OWNER_ENTERS: u32 = 0o700;

/// A file or folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; check that the folder exists and is yours", path.display())]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Creates a folder that only its owner enters; one that exists stays as it is.
pub(crate) fn create_dir(path: &Path) -> Result<(), WriteError> {
    let made = DirBuilder::new().recursive(true).mode(OWNER_ENTERS).create(path);
    made.map_err(|source| WriteError { path: path.to_owned(), source })
}

/// Writes a file that only its owner reads.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), WriteError> {
    write(path, text, ONLY_OWNER)
}

/// Writes a file that may travel.
pub(crate) fn write_public(path: &Path, text: &str) -> Result<(), WriteError> {
    write(path, text, EVERYBODY_READS)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), WriteError> {
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    let written = write_through(&temporary, path, text, mode);
    if written.is_err() {
        // Nothing to do when there is nothing to remove: the first error is the one that counts.
        fs::remove_file(&temporary).ok();
    }
    written.map_err(|source| WriteError { path: path.to_owned(), source })
}

fn write_through(temporary: &Path, path: &Path, text: &str, mode: u32) -> io::Result<()> {
    // `create_new`: a file or link that somebody left under this name is never written to.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    // The new name is durable only when the folder is.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
