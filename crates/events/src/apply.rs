//! Applying events, each as part of its own trace, whatever brought them.

use contracts::event::Event;
use service::trace::{Kind, Span, names};

use crate::consumer::{Consumed, Consumer};

/// Applies what can be read; one result for each, in their order. `system` is what brought them.
pub(crate) async fn apply<C: Consumer>(
    consumer: &C,
    read: &[Result<Event, String>],
    system: &'static str,
) -> Vec<Consumed> {
    let mut good: Vec<Event> = read.iter().filter_map(|event| event.as_ref().ok()).cloned().collect();
    let spans: Vec<Option<Span>> = good.iter_mut().map(|event| continued(event, system)).collect();
    let consumed = if good.is_empty() { Vec::new() } else { consumer.consume(good).await };
    for (span, consumed) in spans.iter().zip(&consumed) {
        if let (Some(span), Consumed::Later(_) | Consumed::Refused(_)) = (span, consumed) {
            span.failed(consumed.as_str());
        }
    }
    let mut consumed = consumed.into_iter();
    let result = |event: &Result<Event, String>| match event {
        Ok(_) => consumed.next().unwrap_or_else(|| Consumed::Later("nothing became of it".into())),
        Err(why) => Consumed::Refused(why.clone()),
    };
    read.iter().map(result).collect()
}

/// The arrival of a batch that no request brought.
pub(crate) fn arrival(read: &[Result<Event, String>], queue: String) -> Span {
    let causes = read.iter().flatten().filter_map(|event| event.traceparent.as_deref());
    let span = Span::of_batch(Kind::Consumer, "receive events", causes);
    if span.is_recorded() {
        span.set(names::SYSTEM, "rabbitmq");
        span.set(names::OPERATION, "receive");
        span.set(names::MESSAGES, i64::try_from(read.len()).unwrap_or(i64::MAX));
        span.set(names::DESTINATION, queue);
    }
    span
}

/// What an event causes here is caused by our having heard it. One that nobody says the cause of is part of the
/// delivery.
fn continued(event: &mut Event, system: &'static str) -> Option<Span> {
    let Some(cause) = &event.traceparent else {
        event.traceparent = service::trace::parent();
        return None;
    };
    let span = Span::caused(Kind::Consumer, "process event", Some(cause));
    if span.is_recorded() {
        let kind = event.kind.name();
        span.rename(|| format!("process {kind}"));
        span.set(names::SYSTEM, system);
        span.set(names::OPERATION, "process");
        span.set(names::DESTINATION, event.source());
        span.set(names::MESSAGE, event.id.clone());
        span.set(names::EVENT, kind);
    }
    event.traceparent = Some(span.traceparent());
    Some(span)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use contracts::event::Kind;

    use super::{Consumed, Consumer, Event, Span, apply};

    const ORDER: &str = "01938a1e-0000-7000-8000-000000000001";
    const CAUSE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    /// Keeps the causes of what it is told.
    #[derive(Default)]
    struct Keeps(Mutex<Vec<String>>);

    impl Consumer for Keeps {
        fn kinds(&self) -> &'static [Kind] {
            &[Kind::OrderPlaced]
        }

        async fn consume(&self, events: Vec<Event>) -> Vec<Consumed> {
            let causes = events.iter().filter_map(|event| event.traceparent.clone());
            self.0.lock().unwrap().extend(causes);
            vec![Consumed::Done; events.len()]
        }
    }

    fn event(traceparent: Option<&str>) -> Result<Event, String> {
        let json = format!(
            r#"{{"specversion":"1.0","id":"{ORDER}","source":"/orders","type":"order.placed.v1","subject":"{ORDER}",
                "time":"2026-12-01T05:00:00Z","subjectversion":1,"data":{{"order":"{ORDER}","user":"{ORDER}",
                "amount":{{"value":10.50,"currency":"EUR"}},"description":"","state":"PLACED"}}}}"#
        );
        let event = Event::parse(&json).map_err(|e| e.to_string())?;
        Ok(Event { traceparent: traceparent.map(str::to_owned), ..event })
    }

    #[tokio::test]
    async fn what_an_event_causes_is_caused_by_our_hearing_it_in_the_trace_of_its_own_cause() {
        let (keeps, read) = (Keeps::default(), [event(Some(CAUSE)), Err("no".into()), event(None)]);
        let delivery = Span::here(service::trace::Kind::Server, "request");
        let consumed = delivery.run(apply(&keeps, &read, "http")).await;
        assert_eq!(consumed, [Consumed::Done, Consumed::Refused("no".into()), Consumed::Done]);
        let causes = keeps.0.into_inner().unwrap();
        assert!(causes[0].starts_with(&CAUSE[..36]) && causes[0] != CAUSE, "{causes:?}");
        assert_eq!(causes[1], delivery.traceparent());
    }
}
