//! A folder as a mailbox, in Maildir's form: a file is written in `tmp`, and appears in `new` when it is whole.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use super::mailer::Fault;

/// A folder.
#[derive(Debug, Clone)]
pub struct FileMailbox {
    dir: PathBuf,
}

impl FileMailbox {
    /// The mailbox in a folder, which is made if it is not there.
    pub fn open(dir: &Path) -> io::Result<Self> {
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(dir.join(part))?;
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// Puts an e-mail there under its id: the same once more replaces it.
    pub async fn put(&self, id: &str, mail: &[u8]) -> Result<(), Fault> {
        let name = format!("{id}.eml");
        let (written, there) = (self.dir.join("tmp").join(&name), self.dir.join("new").join(&name));
        let put = async {
            let mut file = File::create(&written).await?;
            file.write_all(mail).await?;
            // What is said to be sent is on disk.
            file.sync_all().await?;
            fs::rename(&written, &there).await
        };
        put.await.map_err(|e: io::Error| Fault::Again(format!("cannot write {}: {e}", there.display())))
    }
}
