//! What to do about an answer that is none.

use contracts::problem::Document;
use reqwest::{Method, StatusCode};

use crate::table::plain;

/// Longest text of an answer that is no problem document, such as a proxy's page.
const SHOWN: usize = 200;

/// One sentence that says what to do next.
pub(super) fn refused(method: &Method, url: &str, status: StatusCode, text: &str) -> String {
    let problem: Option<Document> = serde_json::from_str(text).ok();
    let why = problem.as_ref().map_or_else(|| text.chars().take(SHOWN).collect(), why);
    let advice = match status.as_u16() {
        401 => "give --key-file with an API key that is good here".to_owned(),
        403 => {
            format!("give --key-file with a key of scope {} (`antaeusctl keys issue`)", scope(method, url))
        }
        429 | 502 | 503 | 504 => "try again in a moment".to_owned(),
        500.. => problem.and_then(|p| p.trace_id).map_or_else(
            || "see invoice-app's log".to_owned(),
            |trace| format!("see invoice-app's log for trace {trace}"),
        ),
        _ => String::new(),
    };
    let said = [why, advice].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    plain(&format!("{url} answered {status}: {said}"))
}

/// The problem in words, the fields to correct last.
fn why(problem: &Document) -> String {
    let words = problem.detail.as_ref().unwrap_or(&problem.title);
    let fields = problem.errors.iter().map(|error| format!("{}: {}", error.field, error.message));
    std::iter::once(words.clone()).chain(fields).collect::<Vec<_>>().join("; ")
}

/// The scope that opens it.
fn scope(method: &Method, url: &str) -> &'static str {
    let about = |part: &str| url.contains(part);
    if *method != Method::GET {
        "billing:run"
    } else if about("/v1/billing-runs") || about("/v1/reconciliation") {
        "billing:run or invoices:read"
    } else if about("/v1/customers") {
        "customers:read"
    } else {
        "invoices:read"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "http://localhost:8081/v1/billing-runs/7/pause";

    fn said(method: &Method, url: &str, status: u16, text: &str) -> String {
        refused(method, url, StatusCode::from_u16(status).unwrap(), text)
    }

    fn problem(status: u16, more: &str) -> String {
        format!(r#"{{"type": "urn:x", "title": "a title", "status": {status}, "new": 1{more}}}"#)
    }

    #[test]
    fn a_conflict_is_told_in_the_words_of_the_problem() {
        let conflict = problem(409, r#", "detail": "the run is finished""#);
        assert_eq!(
            said(&Method::POST, RUN, 409, &conflict),
            format!("{RUN} answered 409 Conflict: the run is finished")
        );
    }

    #[test]
    fn who_may_not_is_told_the_scope_that_may() {
        let told = |method: &Method, url: &str| said(method, url, 403, &problem(403, ""));
        assert_eq!(
            told(&Method::POST, RUN),
            format!(
                "{RUN} answered 403 Forbidden: a title; \
                 give --key-file with a key of scope billing:run (`antaeusctl keys issue`)"
            )
        );
        assert!(told(&Method::GET, "http://x/v1/customers/1").contains("scope customers:read"));
        assert!(told(&Method::GET, "http://x/v1/invoices").contains("scope invoices:read"));
        assert!(told(&Method::GET, "http://x/v1/reconciliation").contains("scope billing:run"));
    }

    #[test]
    fn a_wrong_field_is_named() {
        let wrong = problem(422, r#", "errors": [{"field": "ids", "message": "give 1 to 1000"}]"#);
        assert!(said(&Method::POST, RUN, 422, &wrong).ends_with(": a title; ids: give 1 to 1000"));
    }

    #[test]
    fn what_the_mesh_says_is_shown_and_cannot_steer_the_terminal() {
        let said = said(&Method::GET, RUN, 503, "upstream \u{1b}[1m gone\n");
        assert!(
            said.ends_with("503 Service Unavailable: upstream  [1m gone ; try again in a moment"),
            "{said}"
        );
    }

    #[test]
    fn a_failure_names_the_trace_to_look_for() {
        let failed = problem(500, r#", "trace_id": "abc""#);
        assert!(said(&Method::GET, RUN, 500, &failed).ends_with("for trace abc"));
    }
}
