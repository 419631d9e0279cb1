//! Database URLs: the scheme alone decides which database is opened.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a service keeps its rows.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `postgres://user:password@host/database?sslmode=verify-full`, as libpq reads it.
    Postgres(String),
    /// `sqlite://relative/path` or `sqlite:///absolute/path`.
    Sqlite(PathBuf),
}

/// The URL names no database that is known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the database URL must begin with sqlite:// or postgres://, for example sqlite://data/invoices.sqlite"
)]
pub struct InvalidUrl;

impl FromStr for DatabaseUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
                Ok(Self::Postgres(text.to_owned()))
            }
            Some(("sqlite", path)) if !path.is_empty() && !path.contains('?') => {
                Ok(Self::Sqlite(path.into()))
            }
            _ => Err(InvalidUrl),
        }
    }
}

/// Without user and password: fit for logs.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(dsn) => {
                let rest = dsn.split_once("://").map_or("", |(_, rest)| rest);
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                write!(f, "postgres://{}", host.split('?').next().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_known_schemes_are_taken() {
        assert_eq!("sqlite://a/b.sqlite".parse(), Ok(DatabaseUrl::Sqlite("a/b.sqlite".into())));
        assert_eq!("sqlite:///a/b".parse(), Ok(DatabaseUrl::Sqlite("/a/b".into())));
        assert!(matches!("postgres://h/d".parse(), Ok(DatabaseUrl::Postgres(_))));
        for text in ["", "sqlite://", "mysql://h/d", "/a/b.sqlite", "postgres:", "sqlite://a?mode=memory"] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(InvalidUrl), "{text:?}");
        }
    }

    #[test]
    fn a_printed_url_holds_no_password() {
        let url: DatabaseUrl =
            "postgres://app:se@cret@db.example:5432/invoices?sslmode=require".parse().unwrap();
        assert_eq!(
            format!("{url} {url:?}"),
            "postgres://db.example:5432/invoices postgres://db.example:5432/invoices"
        );
    }
}
