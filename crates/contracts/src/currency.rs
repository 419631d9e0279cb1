//! ISO 4217 currencies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::iso4217::TABLE;

/// An active ISO 4217 currency; knows how many decimals its minor unit has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: &'static str,
    exponent: u8,
}

/// The text is not an active ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an active ISO 4217 currency code such as EUR")]
pub struct UnknownCurrency(String);

impl Currency {
    /// The three capital letters of ISO 4217.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.code
    }

    /// Decimals of the minor unit: 0 for JPY, 2 for EUR, 3 for BHD.
    #[must_use]
    pub fn exponent(self) -> u8 {
        self.exponent
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        TABLE
            .binary_search_by(|(code, _)| (*code).cmp(text))
            .map(|at| Self { code: TABLE[at].0, exponent: TABLE[at].1 })
            .map_err(|_| UnknownCurrency(text.chars().take(16).collect()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_look_ups_find_every_code() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TABLE.iter().all(|(code, _)| code.parse::<Currency>().is_ok()));
    }

    #[test]
    fn exponents_are_those_of_the_currency_not_always_two() {
        let exponent = |code: &str| code.parse::<Currency>().map(Currency::exponent);
        assert_eq!(exponent("JPY"), Ok(0));
        assert_eq!(exponent("EUR"), Ok(2));
        assert_eq!(exponent("BHD"), Ok(3));
        assert_eq!(exponent("CLF"), Ok(4));
    }

    #[test]
    fn look_alikes_and_wrong_case_are_refused() {
        for text in ["eur", "EU", "EURO", "ЕUR", "", "XXX", "E\u{200b}UR"] {
            assert!(text.parse::<Currency>().is_err(), "{text:?}");
        }
    }
}
