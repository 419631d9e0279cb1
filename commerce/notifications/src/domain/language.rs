//! What differs from language to language beside the templates.

use contracts::{Locale, Money};

/// The language of a BCP 47 tag, as near as we write it: `de-AT` is `de`, what we do not know is English.
#[must_use]
pub fn language(tag: &str) -> Locale {
    let primary = tag.split('-').next().unwrap_or_default();
    primary.to_ascii_lowercase().parse().unwrap_or_default()
}

/// An amount as it is written in a text.
#[must_use]
pub fn amount(money: Money, locale: Locale) -> String {
    let decimal = money.decimal();
    let decimal = match locale {
        Locale::En => decimal,
        Locale::De | Locale::Fr => decimal.replace('.', ","),
    };
    format!("{decimal} {}", money.currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_language_is_english() {
        for (tag, locale) in [
            ("de", Locale::De),
            ("de-AT", Locale::De),
            ("FR-ca", Locale::Fr),
            ("da", Locale::En),
            ("", Locale::En),
        ] {
            assert_eq!(language(tag), locale, "{tag}");
        }
    }

    #[test]
    fn amounts_are_written_as_the_language_does() {
        let money = Money { minor: 1215, currency: "EUR".parse().unwrap() };
        assert_eq!(amount(money, Locale::En), "12.15 EUR");
        assert_eq!(amount(money, Locale::De), "12,15 EUR");
        let yen = Money { minor: 500, currency: "JPY".parse().unwrap() };
        assert_eq!(amount(yen, Locale::Fr), "500 JPY");
    }
}
