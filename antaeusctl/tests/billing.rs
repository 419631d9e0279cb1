//! `antaeusctl billing` as a process: what it asks, what it prints where, and how it ends.
#![expect(clippy::unwrap_used, reason = "in a test a failed set-up is a failed test")]

mod canned;

use std::process::{Command, Output};

use canned::{Canned, Reply, event, stream, whole};

fn run(state: &str) -> String {
    format!(
        r#"{{"id": 7, "scope": "due", "state": "{state}", "created_at": "2026-12-01T05:00:01Z",
            "invoices": {{"expected": 2, "captured": 2, "declined": 0, "parked": 0, "remaining": 0}},
            "amounts": [{{"currency": "EUR", "expected": 4.00, "captured": 4.00}}]}}"#
    )
    .replace('\n', "")
}

fn shown(state: &str) -> Reply {
    Reply::Close(whole("200 OK", &run(state)))
}

fn billing(server: &Canned, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_antaeusctl"));
    command.env_clear().arg("billing").args(words).args(["--url", &server.url]).output().unwrap()
}

fn watch(server: &Canned, words: &[&str]) -> Output {
    billing(server, &[&["watch"], words].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_lost_connection_is_told_once_and_the_run_is_watched_to_its_end() {
    let server = Canned::serve(vec![
        shown("running"),
        Reply::Close(stream(&event(1, "progress", &run("running")))),
        Reply::Close(whole("503 Service Unavailable", "")),
        Reply::Hold(stream(&event(2, "ended", &run("finished")))),
    ]);
    let done = watch(&server, &["7"]);
    let (out, err) = (text(&done.stdout), text(&done.stderr));
    assert_eq!(done.status.code(), Some(0), "{err}");
    assert!(out.starts_with("billing run 7: finished\n") && out.contains("EUR           4.00"), "{out}");
    assert!(err.starts_with("billing run 7: running: 2 of 2 invoices (100 %)"), "{err}");
    assert_eq!(err.matches("attaching again").count(), 1, "{err}");
    assert!(server.requests()[3].contains("last-event-id: 1"));
}

#[test]
fn a_run_that_was_cancelled_is_a_finding_and_the_newest_is_found_by_itself() {
    let newest = format!(r#"{{"items": [{}], "next_cursor": "6"}}"#, run("cancelled"));
    let server = Canned::serve(vec![Reply::Close(whole("200 OK", &newest)), shown("cancelled")]);
    let done = watch(&server, &["-o", "json"]);
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(text(&done.stdout).trim_end(), run("cancelled"), "as it was written");
    assert!(text(&done.stderr).starts_with("billing run 7: cancelled\n"), "the summary is talk beside JSON");
    let requests = server.requests();
    assert!(requests[0].starts_with("get /v1/billing-runs?limit=1 "), "{requests:?}");
}

#[test]
fn a_run_that_cannot_be_looked_at_is_neither() {
    let problem =
        r#"{"type": "urn:x", "title": "not found", "status": 404, "detail": "there is no such run"}"#;
    let server = Canned::serve(vec![Reply::Close(whole("404 Not Found", problem))]);
    let done = watch(&server, &["8"]);
    assert_eq!((done.status.code(), text(&done.stdout).as_str()), (Some(2), ""));
    assert!(text(&done.stderr).contains("there is no such run"));
}

#[test]
fn a_run_is_started_and_watched_to_its_end() {
    let server = Canned::serve(vec![
        Reply::Close(whole("201 Created", &run("running"))),
        shown("running"),
        Reply::Close(stream(&event(1, "ended", &run("finished")))),
    ]);
    let done = billing(&server, &["run", "--ids", "1,2", "--watch"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    assert!(text(&done.stdout).starts_with("billing run 7: finished\n"));
    let requests = server.requests();
    assert!(requests[0].starts_with("post /v1/billing-runs "), "{requests:?}");
    assert!(requests[0].ends_with(r#"{"scope":"ids","ids":[1,2]}"#), "{requests:?}");
}

#[test]
fn a_state_that_does_not_allow_it_is_told_in_the_words_of_the_problem() {
    let problem = r#"{"type": "urn:x", "title": "conflict", "status": 409, "detail": "the run is finished"}"#;
    let server = Canned::serve(vec![Reply::Close(whole("409 Conflict", problem))]);
    let done = billing(&server, &["pause", "7"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).ends_with("409 Conflict: the run is finished\n"), "{}", text(&done.stderr));
    assert!(server.requests()[0].starts_with("post /v1/billing-runs/7/pause "));
}

#[test]
fn a_certificate_that_is_not_reconciled_is_a_finding() {
    for (reconciled, code) in [(true, 0), (false, 1)] {
        let certificate = format!(
            r#"{{"run": {}, "history": {{"agrees": true}}, "provider": {{"agrees": {reconciled}, "amounts": []}},
                "reconciled": {reconciled}, "issued_at": "2026-12-01T06:00:00Z"}}"#,
            run("finished")
        );
        let server = Canned::serve(vec![Reply::Close(whole("200 OK", &certificate))]);
        let done = billing(&server, &["certificate", "7"]);
        assert_eq!(done.status.code(), Some(code), "{}", text(&done.stderr));
    }
}
