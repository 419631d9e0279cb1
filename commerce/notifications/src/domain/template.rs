//! Templates: a text file per kind of message and language. Its first line is the subject, the text follows after an
//! empty line, and `{name}` stands for a value.

use contracts::Locale;

use super::language::amount;
use super::notification::Recipient;
use super::worth::Worth;

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// An order is paid.
    OrderConfirmed,
    /// An order was not charged.
    OrderRejected,
    /// An order was not charged, as its user asked.
    OrderCancelled,
    /// A receipt.
    InvoicePaid,
    /// An invoice will not be tried again by itself.
    InvoiceUncollectible,
}

/// The files in a language's folder.
struct Folder {
    confirmed: &'static str,
    rejected: &'static str,
    cancelled: &'static str,
    paid: &'static str,
    uncollectible: &'static str,
    reasons: &'static str,
}

macro_rules! folder {
    ($tag:literal) => {
        Folder {
            confirmed: include_str!(concat!("../../templates/", $tag, "/order.confirmed.txt")),
            rejected: include_str!(concat!("../../templates/", $tag, "/order.rejected.txt")),
            cancelled: include_str!(concat!("../../templates/", $tag, "/order.cancelled.txt")),
            paid: include_str!(concat!("../../templates/", $tag, "/invoice.paid.txt")),
            uncollectible: include_str!(concat!("../../templates/", $tag, "/invoice.uncollectible.txt")),
            reasons: include_str!(concat!("../../templates/", $tag, "/reasons.txt")),
        }
    };
}

const ENGLISH: Folder = folder!("en");
const GERMAN: Folder = folder!("de");
const FRENCH: Folder = folder!("fr");

fn folder(locale: Locale) -> &'static Folder {
    match locale {
        Locale::En => &ENGLISH,
        Locale::De => &GERMAN,
        Locale::Fr => &FRENCH,
    }
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::OrderConfirmed,
        Self::OrderRejected,
        Self::OrderCancelled,
        Self::InvoicePaid,
        Self::InvoiceUncollectible,
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderConfirmed => "order.confirmed",
            Self::OrderRejected => "order.rejected",
            Self::OrderCancelled => "order.cancelled",
            Self::InvoicePaid => "invoice.paid",
            Self::InvoiceUncollectible => "invoice.uncollectible",
        }
    }

    /// The template of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == name)
    }

    fn text(self, folder: &Folder) -> &'static str {
        match self {
            Self::OrderConfirmed => folder.confirmed,
            Self::OrderRejected => folder.rejected,
            Self::OrderCancelled => folder.cancelled,
            Self::InvoicePaid => folder.paid,
            Self::InvoiceUncollectible => folder.uncollectible,
        }
    }
}

/// Subject and text of a message.
#[must_use]
pub fn write(worth: &Worth, to: &Recipient) -> (String, String) {
    let folder = folder(to.locale);
    let value = |name: &str| match name {
        "name" => Some(to.name.clone()),
        "order" => Some(worth.order.clone().unwrap_or_default()),
        "description" => Some(worth.description.clone()),
        "number" => Some(worth.number.clone()),
        "amount" => Some(amount(worth.amount, to.locale)),
        "reason" => Some(reason(folder.reasons, &worth.reason).to_owned()),
        _ => None,
    };
    let text = worth.template.text(folder);
    let (subject, body) = text.split_once("\n\n").unwrap_or((text, ""));
    (filled(subject, value), filled(body, value))
}

/// What a code means, from lines `code: words`; the line of `*` is for all others.
fn reason<'a>(reasons: &'a str, code: &str) -> &'a str {
    let of = |wanted: &str| {
        reasons.lines().filter_map(|line| line.split_once(": ")).find(|(name, _)| *name == wanted)
    };
    of(code).or_else(|| of("*")).map_or("", |(_, words)| words)
}

/// A text with its values. What a value holds is not looked at again, so no value can ask for another one.
fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = text.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let named = part.split_once('}').and_then(|(name, rest)| Some((value(name)?, rest)));
        match named {
            Some((value, rest)) => filled.extend(line(&value).chars().chain(rest.chars())),
            None => filled.extend(['{'].into_iter().chain(part.chars())),
        }
    }
    filled
}

/// A value stays on its line.
fn line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
