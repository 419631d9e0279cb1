use contracts::{Locale, Money};

use super::*;

fn told(template: Template, reason: &str) -> Worth {
    Worth {
        template,
        user: "u".into(),
        order: Some("0193".into()),
        amount: Money { minor: 1215, currency: "EUR".parse().unwrap() },
        description: "A {name} book".into(),
        number: "7".into(),
        reason: reason.into(),
    }
}

fn ada(locale: Locale) -> Recipient {
    Recipient { user: "u".into(), name: "Ada".into(), email: "ada@example.org".into(), locale }
}

#[test]
fn every_message_is_there_in_every_language_with_all_its_values() {
    for locale in Locale::ALL {
        for template in Template::ALL {
            let text = template.text(folder(locale));
            let (subject, body) = write(&told(template, "insufficient_funds"), &ada(locale));
            assert!(!subject.is_empty() && !subject.contains('\n'), "{locale} {}", template.as_str());
            assert!(body.contains("Ada"), "{locale} {}: {body}", template.as_str());
            assert!(body.contains("12") && body.contains("EUR"), "{locale} {}: {body}", template.as_str());
            let left = text.replace("{name}", "").replace("{order}", "").replace("{description}", "");
            let left = left.replace("{number}", "").replace("{amount}", "").replace("{reason}", "");
            assert!(!left.contains('{'), "{locale} {} asks for what there is not", template.as_str());
            let english = template.text(&ENGLISH);
            for value in ["{order}", "{description}", "{number}", "{amount}", "{reason}", "{name}"] {
                let same = text.matches(value).count() == english.matches(value).count();
                assert!(same, "{locale} {}: {value}", template.as_str());
            }
        }
        let codes = |folder: &Folder| -> Vec<String> {
            folder.reasons.lines().map(|line| line.split(':').next().unwrap().to_owned()).collect()
        };
        assert_eq!(codes(folder(locale)), codes(&ENGLISH), "{locale}");
    }
}

#[test]
fn a_reason_is_told_in_words() {
    let (_, body) = write(&told(Template::OrderRejected, "insufficient_funds"), &ada(Locale::En));
    assert!(body.contains("your balance does not cover it"), "{body}");
    let (_, body) = write(&told(Template::OrderRejected, "gremlins"), &ada(Locale::De));
    assert!(body.contains("Die Zahlung wurde abgelehnt") && !body.contains("gremlins"), "{body}");
}

#[test]
fn a_value_asks_for_no_other_value_and_stays_on_its_line() {
    let (subject, body) = write(&told(Template::OrderConfirmed, ""), &ada(Locale::En));
    assert_eq!(subject, "Your order is confirmed: A {name} book");
    assert!(body.contains("\"A {name} book\""), "{body}");
    let mut worth = told(Template::OrderConfirmed, "");
    worth.description = "book\r\nBcc: eve@example.org".into();
    let (subject, _) = write(&worth, &ada(Locale::En));
    assert_eq!(subject, "Your order is confirmed: book  Bcc: eve@example.org");
}
