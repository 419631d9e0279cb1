//! Attack 1: which header lines count as one token.

use crate::forge::judge;
use gate::Refusal;
use gate::token::{api_key_text, bearer_text};

fn lines<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = &'a [u8]> {
    lines.iter().map(|line| line.as_bytes())
}

#[test]
fn one_bearer_line_is_a_token() {
    assert_eq!(bearer_text(lines(&["Bearer a.b.c"])), Ok("a.b.c"));
    assert_eq!(bearer_text(lines(&["bearer a.b.c"])), Ok("a.b.c"));
}

#[test]
fn no_line_or_an_empty_one_is_a_missing_token() {
    for given in [&[][..], &[""], &["Bearer"], &["Bearer "], &["Basic YTpi"], &["a.b.c"], &["é"]] {
        assert_eq!(bearer_text(lines(given)), Err(Refusal::MissingToken), "{given:?}");
    }
    assert_eq!(judge(""), Err(Refusal::MissingToken));
}

#[test]
fn two_lines_are_refused_even_when_they_are_equal() {
    let twice = ["Bearer a.b.c", "Bearer a.b.c"];
    assert_eq!(bearer_text(lines(&twice)), Err(Refusal::SeveralTokens));
    assert_eq!(api_key_text(lines(&twice), lines(&[])), Err(Refusal::SeveralTokens));
    assert_eq!(api_key_text(lines(&[]), lines(&["a", "a"])), Err(Refusal::SeveralTokens));
    assert_eq!(api_key_text(lines(&["Bearer a"]), lines(&["a"])), Err(Refusal::SeveralTokens));
    assert_eq!(api_key_text(lines(&["Basic a"]), lines(&["a"])), Err(Refusal::SeveralTokens));
}

#[test]
fn an_api_key_may_come_in_either_line() {
    assert_eq!(api_key_text(lines(&["Bearer k"]), lines(&[])), Ok("k"));
    assert_eq!(api_key_text(lines(&[]), lines(&["k"])), Ok("k"));
    assert_eq!(api_key_text(lines(&[]), lines(&[""])), Err(Refusal::MissingToken));
    assert_eq!(api_key_text(lines(&[]), lines(&[])), Err(Refusal::MissingToken));
}

#[test]
fn bytes_that_are_no_text_are_malformed() {
    assert_eq!(bearer_text([&b"Bearer \xff"[..]]), Err(Refusal::Malformed));
}
