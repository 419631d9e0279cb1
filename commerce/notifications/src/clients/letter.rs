//! An e-mail. Its headers are written by lettre alone, which encodes whatever is not plain text. It gets none of what
//! could end a line: on such a name it would break off.

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use service::clock::Micros;

use super::mailer::Fault;

/// What is written to whom.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// UUID: with the sender's domain its `Message-ID`.
    pub id: &'a str,
    /// How the recipient wants to be called.
    pub name: &'a str,
    /// Where it is written to.
    pub email: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Text.
    pub body: &'a str,
    /// Its date.
    pub at: Micros,
}

impl Letter<'_> {
    /// The e-mail. One that cannot be written never can.
    pub fn message(&self, from: &Mailbox) -> Result<Message, Fault> {
        let bad = |e: &dyn std::fmt::Display| Fault::Never(format!("the address cannot be written to: {e}"));
        let address = self.email.parse().map_err(|e| bad(&e))?;
        let to = Mailbox::new(Some(one_line(self.name)), address);
        let date = SystemTime::UNIX_EPOCH + Duration::from_micros(self.at.unsigned_abs());
        let message = headers(from, to, date)
            .message_id(Some(format!("<{}@{}>", self.id, from.email.domain())))
            .subject(one_line(self.subject))
            .header(ContentType::TEXT_PLAIN)
            .body(self.body.to_owned());
        message.map_err(|e| Fault::Never(format!("the e-mail cannot be written: {e}")))
    }
}

/// Control characters become blanks, and so do Unicode's line ends.
fn one_line(text: &str) -> String {
    let ends = |c: char| c.is_control() || ['\u{2028}', '\u{2029}'].contains(&c);
    text.chars().map(|c| if ends(c) { ' ' } else { c }).collect()
}

fn headers(from: &Mailbox, to: Mailbox, date: SystemTime) -> MessageBuilder {
    Message::builder().from(from.clone()).to(to).date(date)
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;
