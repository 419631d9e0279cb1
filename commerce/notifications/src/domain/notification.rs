//! A message to a user, and whom it is for.

use contracts::Locale;
use service::clock::Micros;

use super::template::Template;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is to be sent, for the first time or again.
    Queued,
    /// The mail server has it.
    Sent,
    /// It was given up.
    Failed,
}

impl State {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Sent => "SENT",
            Self::Failed => "FAILED",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Failed].into_iter().find(|state| state.as_str() == name)
    }
}

/// Whom we write to, as users said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// UUID of the user.
    pub user: String,
    /// How it wants to be called.
    pub name: String,
    /// Where it is written to.
    pub email: String,
    /// In which language.
    pub locale: Locale,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// The event that it tells of; each is told once.
    pub event: String,
    /// Whom it is for.
    pub user: String,
    /// The order that it is about.
    pub order: Option<String>,
    /// What kind of message it is.
    pub template: Template,
    /// In which language it is.
    pub locale: Locale,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// W3C trace context of the event.
    pub traceparent: Option<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// UUIDv7, also in the e-mail's `Message-ID`.
    pub id: String,
    /// What it says, and to whom.
    pub is: NewNotification,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next.
    pub next_at: Option<Micros>,
    /// When the mail server took it.
    pub sent_at: Option<Micros>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// When its event came.
    pub created_at: Micros,
}
