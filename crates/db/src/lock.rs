//! One process per SQLite file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use crate::{DatabaseUrl, StoreError};

/// Held by the one process that may write a SQLite file; released when dropped or when the process dies.
#[derive(Debug)]
pub struct FileLock {
    _file: Option<File>,
}

impl FileLock {
    /// Takes the lock beside a SQLite file; PostgreSQL needs none.
    pub fn take(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let DatabaseUrl::Sqlite(path) = url else { return Ok(Self { _file: None }) };
        let mut beside = path.clone().into_os_string();
        beside.push(".lock");
        let beside = PathBuf::from(beside);
        let refused =
            |e: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {e}", beside.display()));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&beside)
            .map_err(|e| refused(&e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
                "{} is in use by another process; stop that one first",
                path.display()
            ))),
            Err(TryLockError::Error(e)) => Err(refused(&e)),
        }
    }
}
