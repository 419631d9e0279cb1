//! What slips through a service is taken out by the collector: planted, seen to come in, and not passed on.

use serde_json::json;

use crate::collector::Collector;
use crate::until;

const PLANTED: [(&str, &str); 4] = [
    ("a card", "4111111111111111"),
    ("a card, written in fours", "4111 1111 1111 1111"),
    ("an address", "ada.lovelace@analytical-engine.example"),
    ("a token", "Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ0ZWFtOnQifQ.c2lnbmF0dXJl"),
];
/// What must get through: a collector that passes nothing on has redacted everything.
const HARMLESS: &str = "0193f0c2-7d1e-7a44-9c11-5f0e8f1b2a3c";

#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_a_secret_is_not_passed_on() {
    let Some(collector) = Collector::start() else { return };
    let http = testkit::client::plain();
    for (n, (_, secret)) in PLANTED.iter().chain([&("harmless", HARMLESS)]).enumerate() {
        let attributes = json!([{"key": "note", "value": {"stringValue": format!("seen {secret}!")}}]);
        let span = json!({"traceId": format!("{:032x}", n + 1), "spanId": format!("{:016x}", n + 1), "name": "planted",
            "kind": 1, "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes});
        let line = json!({"body": {"stringValue": format!("read {secret}.")}, "attributes": attributes});
        let spans = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
        let lines = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [line]}]}]});
        for (path, body) in [("traces", spans), ("logs", lines)] {
            let answer = http.post(format!("{}/v1/{path}", collector.url())).json(&body).send().await;
            assert_eq!(answer.expect("an answer").status(), 200);
        }
    }
    let through = |text: &str| text.matches(HARMLESS).count();
    until("all came in", async || through(&collector.received()) == 3).await;
    until("all was passed on", async || through(&collector.passed_on()) == 3).await;
    for (what, secret) in PLANTED {
        assert_eq!(collector.received().matches(secret).count(), 3, "{what} came in");
        assert_eq!(collector.passed_on().matches(secret).count(), 0, "{what} was passed on");
    }
}
