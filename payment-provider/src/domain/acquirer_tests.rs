use contracts::charge::Method;

use super::*;

const SOFT: &str = "insufficient_funds=70,do_not_honor=20,try_again_later=10";

fn item(invoice: &str, attempt: u32) -> ChargeItem {
    ChargeItem {
        key: format!("{invoice}:{attempt}"),
        invoice: invoice.into(),
        customer: "c".into(),
        amount: 1,
        currency: "EUR".parse().unwrap(),
        method: Method::Card,
    }
}

fn simulation(rate: f64, seed: Option<u64>, script: &str) -> Option<Simulation> {
    Simulation::new(rate, SOFT.parse().unwrap(), Script::parse(script).unwrap(), seed)
}

fn decisions(rate: f64, seed: Option<u64>) -> Vec<Decision> {
    let mut simulation = simulation(rate, seed, "{}").unwrap();
    (0..1_000).map(|n| simulation.decide(&item("i", n))).collect()
}

#[test]
fn a_seed_repeats_and_no_seed_does_not() {
    assert_eq!(decisions(0.5, Some(7)), decisions(0.5, Some(7)));
    assert_ne!(decisions(0.5, None), decisions(0.5, None));
}

#[test]
fn the_rate_is_kept_within_four_sigma_and_at_its_ends() {
    let approved = |rate| decisions(rate, None).iter().filter(|d| **d == Decision::Approved).count();
    assert!((437..=563).contains(&approved(0.5)));
    assert_eq!((approved(1.0), approved(0.0)), (1_000, 0));
    assert!(simulation(1.01, None, "{}").is_none() && simulation(f64::NAN, None, "{}").is_none());
}

#[test]
fn declines_are_mixed_by_their_weights() {
    let declined = decisions(0.0, None);
    let share = |code: &str| declined.iter().filter(|d| **d == Decision::Declined(code.into())).count();
    let (funds, honor, later) =
        (share("insufficient_funds"), share("do_not_honor"), share("try_again_later"));
    assert_eq!(funds + honor + later, 1_000);
    assert!((640..=760).contains(&funds) && (145..=255).contains(&honor) && (60..=140).contains(&later));
}

#[test]
fn a_script_decides_key_by_key_and_repeats_itself_for_the_same_key() {
    let script = r#"{"i1": ["insufficient_funds", "approved"], "c": ["stolen_card"]}"#;
    let mut simulation = simulation(1.0, None, script).unwrap();
    let declined = |code: &str| Decision::Declined(code.to_owned());
    assert_eq!(simulation.decide(&item("i1", 1)), declined("insufficient_funds"));
    assert_eq!(simulation.decide(&item("i1", 1)), declined("insufficient_funds"), "asked once more");
    assert_eq!(simulation.decide(&item("i1", 2)), Decision::Approved);
    assert_eq!(simulation.decide(&item("i1", 3)), Decision::Approved, "the last one goes on");
    assert_eq!(simulation.decide(&item("other", 1)), declined("stolen_card"), "by its customer");
}

#[test]
fn what_cannot_be_used_is_refused() {
    for text in ["", "x", "x=0", "x=-1", "X=1", "a=1,,b=1", "a=1000001"] {
        assert_eq!(text.parse::<Declines>(), Err(NotDeclines), "{text}");
    }
    for json in ["", "[]", r#"{"a": []}"#, r#"{"a": ["Bad Code"]}"#, r#"{"a": "approved"}"#] {
        assert!(Script::parse(json).is_err(), "{json}");
    }
}
