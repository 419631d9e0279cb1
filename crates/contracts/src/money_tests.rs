use proptest::prelude::*;

use super::*;
use crate::iso4217::TABLE;

fn currency(code: &str) -> Currency {
    code.parse().unwrap_or_else(|e| panic!("{e}"))
}

fn parse(text: &str, code: &str) -> Result<i64, MoneyError> {
    Money::parse(text, currency(code)).map(|money| money.minor)
}

#[test]
fn decimals_become_minor_units_without_rounding() {
    assert_eq!(parse("184.04", "USD"), Ok(18404));
    assert_eq!(parse("0.1", "EUR"), Ok(10));
    assert_eq!(parse("-3", "EUR"), Ok(-300));
    assert_eq!(parse("5", "JPY"), Ok(5));
    assert_eq!(parse("1.234", "BHD"), Ok(1234));
}

#[test]
fn more_decimals_than_the_currency_has_are_refused() {
    let refused = |code, given| Err(MoneyError::TooPrecise { currency: currency(code), given });
    assert_eq!(parse("1.001", "EUR"), refused("EUR", 3));
    assert_eq!(parse("1.0", "JPY"), refused("JPY", 1));
}

#[test]
fn what_is_not_a_plain_decimal_is_refused() {
    for text in ["", "-", ".", "1.", ".5", "1e2", "+1", "1,5", " 1", "0x1", "NaN", "1.-5", "--1", "１"] {
        assert_eq!(parse(text, "EUR"), Err(MoneyError::NotPlain), "{text:?}");
    }
    assert_eq!(parse("92233720368547758.08", "EUR"), Err(MoneyError::TooLarge));
    assert_eq!(parse("92233720368547758.07", "EUR"), Ok(i64::MAX));
}

#[test]
fn json_numbers_keep_their_text() {
    let json = r#"{"value":184.04,"currency":"USD"}"#;
    let amount: Result<Amount, _> = serde_json::from_str(json);
    let amount = amount.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(amount.0.minor, 18404);
    assert_eq!(serde_json::to_string(&amount).ok().as_deref(), Some(json));
}

#[test]
fn json_strings_exponents_and_unknown_fields_are_refused() {
    for json in [
        r#"{"value":"184.04","currency":"USD"}"#,
        r#"{"value":1e2,"currency":"USD"}"#,
        r#"{"value":1,"currency":"usd"}"#,
        r#"{"value":1,"currency":"USD","tip":1}"#,
        r#"{"currency":"USD"}"#,
    ] {
        assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
    }
}

proptest! {
    #[test]
    fn every_amount_of_every_currency_survives_its_decimal(minor in any::<i64>().prop_filter("has no positive twin", |m| *m != i64::MIN), at in 0..TABLE.len()) {
        let money = Money { minor, currency: currency(TABLE[at].0) };
        prop_assert_eq!(Money::parse(&money.decimal(), money.currency), Ok(money));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = Money::parse(&text, currency("EUR"));
    }
}
