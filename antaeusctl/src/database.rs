//! Which database a command is about.

use std::path::Path;

use db::DatabaseUrl;

/// A database as it was given on the command line.
pub struct Given<'a> {
    /// By its URL.
    pub url: Option<&'a DatabaseUrl>,
    /// By a file that holds the URL; it counts more.
    pub file: Option<&'a Path>,
    /// The options to name when neither was given.
    pub names: &'a str,
}

/// The URL.
///
/// # Errors
/// One sentence that says what to do.
pub fn url(given: Given<'_>) -> Result<DatabaseUrl, String> {
    match (given.file, given.url) {
        (Some(path), _) => {
            let text =
                std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
            text.trim().parse().map_err(|e| format!("{}: {e}", path.display()))
        }
        (None, Some(url)) => Ok(url.clone()),
        (None, None) => Err(format!("give {}", given.names)),
    }
}
