//! Settings come from variables; each is declared once, with its default and its meaning, beside the struct that
//! parses it. The README's tables are made from the same declarations.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A variable that can be set from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Var {
    /// Name in the environment.
    pub name: &'static str,
    /// What holds when it is not set; `None`: it must be set, or the feature is off (the meaning says which).
    pub default: Option<&'static str>,
    /// What it does, in one line.
    pub meaning: &'static str,
}

impl Var {
    /// A variable with a default.
    #[must_use]
    pub const fn new(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self { name, default: Some(default), meaning }
    }

    /// A variable without a default.
    #[must_use]
    pub const fn unset(name: &'static str, meaning: &'static str) -> Self {
        Self { name, default: None, meaning }
    }
}

/// Why a service does not start: one sentence that says what to do. The process ends with code 78 (`EX_CONFIG`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// From a sentence that says what to do.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// Something that should never fail did.
    pub fn internal(error: impl Display) -> Self {
        Self(format!("cannot start: {error}"))
    }

    /// A variable has a value that cannot be used.
    pub fn bad(var: &Var, value: &str, problem: impl Display) -> Self {
        let value = without_user(value);
        Self(format!("{}={value:?} cannot be used: {problem}; {}", var.name, var.meaning))
    }
}

/// Whoever puts a password into a URL does not want to read it in a message.
fn without_user(value: &str) -> String {
    match (value.find("://"), value.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}://...{}", &value[..scheme], &value[at..]),
        _ => value.to_owned(),
    }
}

type Source = Box<dyn Fn(&str) -> Option<String>>;

/// Where variables are read from, and a record of which were asked for.
pub struct Vars {
    source: Source,
    asked: RefCell<Vec<Var>>,
}

impl Vars {
    /// The process environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_env() -> Self {
        Self { source: Box::new(|name| std::env::var(name).ok()), asked: RefCell::default() }
    }

    /// A fixed set, for tests.
    pub fn fixed<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let map: BTreeMap<String, String> = pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self { source: Box::new(move |name| map.get(name).cloned()), asked: RefCell::default() }
    }

    /// Every variable that was asked for so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Var> {
        self.asked.borrow().clone()
    }

    /// The value or the default; empty counts as not set.
    #[must_use]
    pub fn text(&self, var: &Var) -> Option<String> {
        self.asked.borrow_mut().push(*var);
        let set = (self.source)(var.name).filter(|value| !value.is_empty());
        set.or_else(|| var.default.map(str::to_owned))
    }

    /// The value of a variable that is in no table.
    pub(crate) fn unlisted(&self, var: &Var) -> Option<String> {
        (self.source)(var.name).filter(|value| !value.is_empty())
    }

    /// The parsed value, if there is one.
    pub fn optional<T: FromStr<Err: Display>>(&self, var: &Var) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(var) else { return Ok(None) };
        text.parse().map(Some).map_err(|e| ConfigError::bad(var, &text, e))
    }

    /// The parsed value, which must be there.
    pub fn required<T: FromStr<Err: Display>>(&self, var: &Var) -> Result<T, ConfigError> {
        self.optional(var)?.ok_or_else(|| ConfigError::new(format!("set {}: {}", var.name, var.meaning)))
    }

    /// A number within bounds.
    pub fn number(&self, var: &Var, bounds: std::ops::RangeInclusive<u64>) -> Result<u64, ConfigError> {
        let number: u64 = self.required(var)?;
        if bounds.contains(&number) {
            return Ok(number);
        }
        let problem = format!("it must be from {} to {}", bounds.start(), bounds.end());
        Err(ConfigError::bad(var, &number.to_string(), problem))
    }

    /// A number of milliseconds.
    pub fn millis(&self, var: &Var, bounds: std::ops::RangeInclusive<u64>) -> Result<Duration, ConfigError> {
        self.number(var, bounds).map(Duration::from_millis)
    }

    /// A file that must be readable; gives its text.
    pub fn file(&self, var: &Var) -> Result<String, ConfigError> {
        let path: PathBuf = self.required(var)?;
        read(var, &path)
    }
}

/// Reads a file that a variable names.
pub fn read(var: &Var, path: &std::path::Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|e| ConfigError::bad(var, &path.display().to_string(), e))
}

/// The variables as the rows of a Markdown table.
#[must_use]
pub fn markdown(vars: &[Var]) -> String {
    let row = |var: &Var| {
        let default = var.default.map_or_else(|| "-".to_owned(), |value| format!("`{value}`"));
        format!("| `{}` | {default} | {} |\n", var.name, var.meaning)
    };
    let rows: String = vars.iter().map(row).collect();
    format!("| variable | default | meaning |\n| --- | --- | --- |\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, Var};

    #[test]
    fn a_message_holds_no_password() {
        let var = Var::unset("ENDPOINT", "where");
        let said = ConfigError::bad(&var, "orders=https://me:gu@ess@host:1/x", "no").to_string();
        assert!(said.contains("orders=https://...@host:1/x") && !said.contains("ess@"), "{said}");
        assert!(ConfigError::bad(&var, "me@host", "no").to_string().contains("me@host"));
    }
}
