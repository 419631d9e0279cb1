//! Requests that go out.

use contracts::event::is_uuid;
use opentelemetry::trace::TraceContextExt;
use reqwest::header::HeaderValue;
use reqwest::{Request, RequestBuilder, Response};

use super::header::{self, TRACEPARENT, TRACESTATE};
use super::{Kind, Span, names};

/// Sends a request as a span of its own, of which the other side learns. What is signed of a request are method, path
/// and body.
pub async fn send(request: RequestBuilder) -> Result<Response, reqwest::Error> {
    let (client, request) = request.build_split();
    let mut request = request?;
    let span = Span::here(Kind::Client, "request");
    describe(&span, &request);
    inject(&span, &mut request);
    let answer = span.run(client.execute(request)).await;
    end(&span, &answer);
    answer
}

fn describe(span: &Span, request: &Request) {
    if !span.is_recorded() {
        return;
    }
    let (method, url) = (request.method().as_str(), request.url());
    span.rename(|| format!("{method} {}", pattern(url.path())));
    span.set(names::METHOD, method.to_owned());
    span.set(names::SCHEME, url.scheme().to_owned());
    span.set(names::SERVER, url.host_str().unwrap_or_default().to_owned());
    span.set(names::PORT, i64::from(url.port_or_known_default().unwrap_or_default()));
}

fn inject(span: &Span, request: &mut Request) {
    let context = span.context.span().span_context().clone();
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            request.headers_mut().insert(name, value);
        }
    };
    put(TRACEPARENT, header::text(&context));
    let state = context.trace_state().header();
    if !state.is_empty() {
        put(TRACESTATE, state);
    }
}

fn end(span: &Span, answer: &Result<Response, reqwest::Error>) {
    match answer {
        Ok(answer) => {
            let status = answer.status();
            span.set(names::STATUS, i64::from(status.as_u16()));
            if status.is_client_error() || status.is_server_error() {
                span.set(names::ERROR, status.as_str().to_owned());
                span.failed("");
            }
        }
        // The error's own words hold the URL.
        Err(error) => {
            let what = if error.is_timeout() {
                "timeout"
            } else if error.is_connect() {
                "connect"
            } else {
                "no_answer"
            };
            span.set(names::ERROR, what);
            span.failed("");
        }
    }
}

/// A path without what is in it only this once.
fn pattern(path: &str) -> String {
    let segment = |part| if is_uuid(part) { "{id}" } else { part };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn a_name_has_no_ids() {
        let path = "/v1/accounts/01938a1e-0000-7000-8000-000000000001/deposits";
        assert_eq!(pattern(path), "/v1/accounts/{id}/deposits");
        assert_eq!(pattern("/v1/charges"), "/v1/charges");
        assert_eq!(pattern("/"), "/");
    }
}
