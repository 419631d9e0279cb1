//! A user, and what may stand in its fields.

use contracts::event::UserRegistered;
use contracts::{Currency, Locale};
use service::clock::Micros;

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 200;
/// Longest e-mail address (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const LONGEST_EMAIL: usize = 254;
/// Longest part before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;

/// A user to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// How it wants to be called.
    pub name: String,
    /// Where it is written to.
    pub email: String,
    /// What it pays in.
    pub currency: Currency,
    /// In which language it is written to.
    pub locale: Locale,
    /// IANA time zone of its days.
    pub time_zone: String,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// UUIDv7, known to all services.
    pub id: String,
    /// What it said of itself.
    pub is: NewUser,
    /// Grows with each change.
    pub version: i64,
    /// When it registered.
    pub registered_at: Micros,
}

impl User {
    /// What the other services are told.
    #[must_use]
    pub fn registered(&self) -> UserRegistered {
        UserRegistered {
            user: self.id.clone(),
            name: self.is.name.clone(),
            email: self.is.email.clone(),
            currency: self.is.currency,
            locale: self.is.locale.to_string(),
            time_zone: self.is.time_zone.clone(),
        }
    }
}

/// What is wrong with a name, if anything is. A control character has no place on a line of text.
#[must_use]
pub fn name_fault(name: &str) -> Option<String> {
    let length = name.chars().count();
    let good = (1..=LONGEST_NAME).contains(&length) && !name.chars().any(char::is_control);
    (!good || name.trim().is_empty())
        .then(|| format!("give 1 to {LONGEST_NAME} characters, none of them a control character"))
}

/// What is wrong with an e-mail address, if anything is. Quoted and internationalised ones are left out: not every mail
/// server takes them.
#[must_use]
pub fn email_fault(email: &str) -> Option<String> {
    let good = email.len() <= LONGEST_EMAIL
        && email.split_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
    (!good).then(|| format!("give an address such as ada@example.org, of at most {LONGEST_EMAIL} characters"))
}

fn is_local_part(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b);
    text.len() <= LONGEST_LOCAL_PART
        && text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(allowed))
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_text() {
        for good in ["Ada", "Ada Lovelace", "李小龍", "O'Brien, Seán", &"x".repeat(200)] {
            assert_eq!(name_fault(good), None, "{good}");
        }
        for bad in ["", "   ", "Ada\r\nBcc: eve@example.org", "a\u{0}", "\u{85}x", &"x".repeat(201)] {
            assert!(name_fault(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_what_every_mail_server_takes() {
        for good in ["ada@example.org", "a.b+c@sub.example.org", "x@localhost", "A_1@EXAMPLE.org"] {
            assert_eq!(email_fault(good), None, "{good}");
        }
        let long = format!("{}@example.org", "x".repeat(65));
        let longer = format!("a@{}.org", "x.".repeat(126));
        for bad in [
            "",
            "ada",
            "@",
            "ada@",
            "@example.org",
            "a@b@c",
            "a b@example.org",
            ".a@example.org",
            "a..b@example.org",
            "a@example..org",
            "a@-x.org",
            "a@exa_mple.org",
            "\"a\"@example.org",
            "a@example.org\r\nBcc: e@x.org",
            "ada@example.org,eve@example.org",
            "<a@example.org>",
            "ä@example.org",
            &long,
            &longer,
        ] {
            assert!(email_fault(bad).is_some(), "{bad:?}");
        }
    }
}
