//! The layers, each of which answers for itself.

pub mod application;
pub mod mesh;
pub mod network;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

/// A layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Who may open a connection.
    Network,
    /// Who may call what, by identity and token.
    Mesh,
    /// The service itself.
    Application,
}

impl Layer {
    /// Its letter in the table.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Network => 'N',
            Self::Mesh => 'M',
            Self::Application => 'A',
        }
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Network => "network",
            Self::Mesh => "mesh",
            Self::Application => "application",
        })
    }
}

/// What a layer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It lets the call through.
    Allows,
    /// It does not.
    Refuses,
    /// It does not stand in the way.
    Absent,
}

/// An answer, whose it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// The object that decided, if one did.
    pub object: Option<Arc<str>>,
    /// The reason, in a sentence.
    pub why: Cow<'static, str>,
}

impl Verdict {
    fn new(answer: Answer, object: Option<&Arc<str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Self { answer, object: object.cloned(), why: why.into() }
    }

    fn allows(object: &Arc<str>, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Answer::Allows, Some(object), why)
    }

    fn refuses(object: &Arc<str>, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Answer::Refuses, Some(object), why)
    }

    /// Nothing stands in the way.
    pub(crate) fn nobody(why: String) -> Self {
        Self::new(Answer::Absent, None, why)
    }

    /// Reason and object in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.object {
            Some(object) => format!("{object}: {}", self.why),
            None => self.why.to_string(),
        }
    }
}
