//! Where e-mails go: to a mail server, or into a folder.

use lettre::message::Mailbox;
use service::reload::Credential;

use super::letter::Letter;
use super::mailbox::FileMailbox;
use super::smtp::Smtp;

/// Why an e-mail did not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It may later.
    Again(String),
    /// It never will.
    Never(String),
}

/// Sends e-mails, from one address.
pub struct Mailer {
    /// The sender.
    pub from: Mailbox,
    /// The way.
    pub way: Way,
}

/// How they leave.
pub enum Way {
    /// As files: for a laptop.
    File(FileMailbox),
    /// By a mail server.
    Smtp(Smtp),
}

impl Mailer {
    /// Sends one e-mail. Sent again it has the same `Message-ID`.
    pub async fn send(&self, letter: &Letter<'_>) -> Result<(), Fault> {
        let message = letter.message(&self.from)?;
        match &self.way {
            Way::File(mailbox) => mailbox.put(letter.id, &message.formatted()).await,
            Way::Smtp(smtp) => smtp.send(message).await,
        }
    }
}

impl Credential for Mailer {}
