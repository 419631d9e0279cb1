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
    write_all(&[(path.to_owned(), text)], ONLY_OWNER)
}

/// Writes files that belong together and that only their owner reads: whoever looks meets some of each for no longer
/// than a few renames take.
pub(crate) fn write_private_together(files: &[(PathBuf, &str)]) -> Result<(), WriteError> {
    write_all(files, ONLY_OWNER)
}

/// Writes a file that may travel.
pub(crate) fn write_public(path: &Path, text: &str) -> Result<(), WriteError> {
    write_all(&[(path.to_owned(), text)], EVERYBODY_READS)
}

/// Gives a file another name, instead of whatever bears it.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), WriteError> {
    let renamed = fs::rename(from, to).and_then(|()| sync_folder(to));
    renamed.map_err(|source| WriteError { path: to.to_owned(), source })
}

fn write_all(files: &[(PathBuf, &str)], mode: u32) -> Result<(), WriteError> {
    let written = files.iter().try_for_each(|(path, text)| at(path, write_beside(path, text, mode)));
    let named = written.and_then(|()| files.iter().try_for_each(|(path, _)| at(path, name(path))));
    if named.is_err() {
        for (path, _) in files {
            // Nothing to do when there is nothing to remove: the first error is the one that counts.
            fs::remove_file(temporary(path)).ok();
        }
    }
    named
}

fn at(path: &Path, done: io::Result<()>) -> Result<(), WriteError> {
    done.map_err(|source| WriteError { path: path.to_owned(), source })
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".tmp{}", std::process::id()));
    path.with_file_name(name)
}

fn write_beside(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    // `create_new`: a file or link that somebody left under this name is never written to.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(temporary(path))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn name(path: &Path) -> io::Result<()> {
    fs::rename(temporary(path), path)?;
    sync_folder(path)
}

/// The new name is durable only when the folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
