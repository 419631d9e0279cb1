//! What is wrong, in sentences.

use serde::Serialize;

use crate::layer::Layer;

/// Something that is not as it should be.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The rule's name, which stays the same.
    pub rule: &'static str,
    /// The object that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What is wrong, and what to do.
    pub sentence: String,
    /// The call by which it shows, if it shows by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Shown>,
}

/// A call that a layer answers in another way than the call graph says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The caller.
    pub caller: String,
    /// What its certificate says, if it shows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The callee.
    pub callee: String,
    /// Its port.
    pub port: String,
    /// The method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Which token it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The layer that answers.
    pub layer: Layer,
    /// Whether it lets the call through.
    pub allowed: bool,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.object {
            Some(object) => write!(f, "{} {object}: {}", self.rule, self.sentence),
            None => write!(f, "{} {}", self.rule, self.sentence),
        }
    }
}

/// Findings, and whether to look for more.
#[derive(Debug)]
pub struct Findings {
    /// So far.
    pub found: Vec<Finding>,
    most: usize,
}

impl Findings {
    /// Stops at a number of them.
    #[must_use]
    pub fn at_most(most: usize) -> Self {
        Self { found: Vec::new(), most }
    }

    /// Whether that number is reached.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.found.len() >= self.most
    }

    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        if !self.is_full() {
            self.found.push(finding);
        }
    }

    /// Adds one about an object.
    pub fn about(&mut self, rule: &'static str, object: &str, sentence: impl Into<String>) {
        self.add(Finding { rule, object: Some(object.to_owned()), sentence: sentence.into(), call: None });
    }

    /// Adds one about nothing in particular.
    pub fn general(&mut self, rule: &'static str, sentence: impl Into<String>) {
        self.add(Finding { rule, object: None, sentence: sentence.into(), call: None });
    }
}
