//! Whose API key it is.

use std::fmt;
use std::str::FromStr;

const MAX_NAME: usize = 64;

/// The holder of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `team:billing`: people and programs of a team, who see everything that their scopes open.
    Team(String),
    /// `user:42`: one customer's user, who sees only what is its own.
    User(String),
}

/// The text names no subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected team:<name> or user:<id>, 1 to 64 of a-z 0-9 . _ -")]
pub struct NotSubject;

impl FromStr for Subject {
    type Err = NotSubject;

    fn from_str(text: &str) -> Result<Self, NotSubject> {
        let (kind, name) = text.split_once(':').ok_or(NotSubject)?;
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(allowed) {
            return Err(NotSubject);
        }
        match kind {
            "team" => Ok(Self::Team(name.to_owned())),
            "user" => Ok(Self::User(name.to_owned())),
            _ => Err(NotSubject),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Team(name) => write!(f, "team:{name}"),
            Self::User(id) => write!(f, "user:{id}"),
        }
    }
}
