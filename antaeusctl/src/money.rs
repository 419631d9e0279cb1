//! Money as the API writes it. It is shown and never added up, so its own text is kept.

use std::fmt;

use contracts::{Currency, Money};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// A decimal number by its own text: no digit is lost, whatever its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal(String);

impl Decimal {
    /// With all decimals of the currency. A currency that is not known here is no reason to show nothing.
    #[must_use]
    pub fn of(&self, currency: &str) -> String {
        let known: Option<Currency> = currency.parse().ok();
        let money = known.and_then(|currency| Money::parse(&self.0, currency).ok());
        money.map_or_else(|| self.0.clone(), Money::decimal)
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        let digits = self.0.split(['e', 'E']).next().unwrap_or_default();
        !digits.bytes().any(|b| (b'1'..=b'9').contains(&b))
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self("0".into())
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(de::Error::custom(format!("{text} is no number")))
    }
}

/// An amount in its currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Amount {
    /// How much.
    pub value: Decimal,
    /// ISO 4217 code.
    pub currency: String,
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value.of(&self.currency), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(json: &str) -> Amount {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_amount_shows_all_decimals_of_its_currency_and_loses_no_digit() {
        let shown = |json| amount(json).to_string();
        assert_eq!(shown(r#"{"value": 12.1, "currency": "EUR"}"#), "12.10 EUR");
        assert_eq!(shown(r#"{"value": 0, "currency": "JPY", "new": 1}"#), "0 JPY");
        assert_eq!(shown(r#"{"value": 90071992547409.93, "currency": "EUR"}"#), "90071992547409.93 EUR");
        assert_eq!(shown(r#"{"value": 1.5, "currency": "???"}"#), "1.5 ???");
    }

    #[test]
    fn only_zero_is_zero() {
        let zero = |value: &str| serde_json::from_str::<Decimal>(value).unwrap().is_zero();
        assert!(zero("0") && zero("0.00") && zero("-0.0") && zero("0e5"));
        assert!(!zero("0.01") && !zero("-3") && !zero("10"));
    }

    #[test]
    fn a_text_is_no_amount() {
        assert!(serde_json::from_str::<Decimal>(r#""1.00""#).is_err());
    }
}
