//! Attacks 7 and 8: both edges of every time window.

use gate::Refusal;
use gate::token::LEEWAY;
use gate::token::charge::{LIFETIME, MAX_LIFETIME};
use serde_json::{Value, json};

use crate::forge::{
    CALLER, METHOD, NOW, PATH, claims_with, good_claims, good_header, good_token, judge, peer, signed,
    verifier,
};

fn judge_at(now: i64) -> Option<Refusal> {
    verifier().verify(&good_token(), &peer(CALLER), METHOD, PATH, now).err()
}

fn judge_times(iat: i64, nbf: i64, exp: i64) -> Option<Refusal> {
    let mut claims = good_claims();
    for (name, value) in [("iat", iat), ("nbf", nbf), ("exp", exp)] {
        claims[name] = json!(value);
    }
    judge(&signed(good_header(), claims)).err()
}

#[test]
fn a_token_ends_at_exp_plus_the_leeway_to_the_second() {
    let end = NOW + LIFETIME + LEEWAY;
    assert_eq!(judge_at(end - 1), None);
    assert_eq!(judge_at(end), Some(Refusal::Expired));
    assert_eq!(judge_at(end + 54), Some(Refusal::Expired));
}

#[test]
fn a_token_begins_at_nbf_less_the_leeway_to_the_second() {
    assert_eq!(judge_at(NOW - LEEWAY), None);
    assert_eq!(judge_at(NOW - LEEWAY - 1), Some(Refusal::NotYetValid));
    assert_eq!(judge_at(NOW - 50), Some(Refusal::NotYetValid));
}

#[test]
fn nbf_and_iat_each_count() {
    let exp = NOW + 60;
    assert_eq!(judge_times(NOW, NOW + LEEWAY, exp), None);
    assert_eq!(judge_times(NOW, NOW + LEEWAY + 1, exp), Some(Refusal::NotYetValid));
    assert_eq!(judge_times(NOW + LEEWAY, NOW, exp), None);
    assert_eq!(judge_times(NOW + LEEWAY + 1, NOW, exp), Some(Refusal::NotYetValid));
}

#[test]
fn the_windows_are_the_promised_ones() {
    assert_eq!((LEEWAY, LIFETIME, MAX_LIFETIME), (5, 60, 120));
    assert_eq!(gate::token::api_key::MAX_LIFETIME, 7_776_000);
}

#[test]
fn a_token_may_live_two_minutes_and_not_a_second_more() {
    assert_eq!(judge_times(NOW, NOW, NOW + MAX_LIFETIME), None);
    let long = judge_times(NOW, NOW, NOW + MAX_LIFETIME + 1);
    assert_eq!(long, Some(Refusal::LifetimeTooLong));
    // An old `iat` does not stretch it.
    let old = judge_times(NOW - MAX_LIFETIME, NOW, NOW + 1);
    assert_eq!(old, Some(Refusal::LifetimeTooLong));
}

#[test]
fn far_away_times_are_refused_without_overflow() {
    let year_9999 = 253_402_300_799;
    assert_eq!(judge_times(NOW, NOW, year_9999), Some(Refusal::LifetimeTooLong));
    assert_eq!(judge_times(i64::MIN, i64::MIN, i64::MAX), Some(Refusal::LifetimeTooLong));
    assert_eq!(judge_times(i64::MAX, NOW, i64::MAX), Some(Refusal::NotYetValid));
    assert_eq!(judge_times(NOW, NOW, i64::MIN), Some(Refusal::Expired));
    assert_eq!(judge_times(NOW, NOW, -1), Some(Refusal::Expired));
    for now in [i64::MIN, i64::MAX] {
        assert!(judge_at(now).is_some());
    }
}

#[test]
fn a_token_that_ends_before_it_begins_is_malformed() {
    assert_eq!(judge_times(NOW + 3, NOW, NOW + 3), Some(Refusal::Malformed));
    assert_eq!(judge_times(NOW + 3, NOW, NOW + 2), Some(Refusal::Malformed));
}

#[test]
fn times_are_judged_before_the_signature() {
    let refused = |claim: &str, value: Value| {
        let mut token = signed(good_header(), claims_with(claim, value));
        let signature = token.rfind('.').unwrap() + 1;
        token.replace_range(signature.., &"A".repeat(86));
        judge(&token).err()
    };
    assert_eq!(refused("exp", json!(NOW - 5)), Some(Refusal::Expired));
    assert_eq!(refused("nbf", json!(NOW + 6)), Some(Refusal::NotYetValid));
    assert_eq!(refused("exp", json!(NOW + 60)), Some(Refusal::BadSignature));
}
