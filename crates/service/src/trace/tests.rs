use super::*;

const CAUSE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn only_well_formed_parents_are_followed() {
    let read = |text: &str| header::read(text, None).map(|context| header::text(&context));
    assert_eq!(read(CAUSE).as_deref(), Some(CAUSE));
    // Flags that are not known here are not passed on, and later versions may have more to say.
    let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more";
    assert_eq!(read(later).as_deref(), Some(CAUSE));
    for bad in [
        "",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0-01",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn a_state_is_kept_unless_it_is_broken_or_too_long() {
    let state = |text: &str| header::read(CAUSE, Some(text)).unwrap().trace_state().header();
    assert_eq!(state("a=1,b=2"), "a=1,b=2");
    assert_eq!(state("no state"), "");
    assert_eq!(state(&format!("a={}", "x".repeat(600))), "");
}

#[tokio::test]
async fn ids_are_there_although_nothing_is_exported_and_end_with_the_span() {
    assert_eq!((current(), parent()), (None, None));
    let span = Span::here(Kind::Internal, "work");
    let (trace, inner) = span
        .run(async {
            tokio::task::yield_now().await;
            let inner = Span::here(Kind::Client, "more work");
            (current().unwrap(), (inner.run(async { parent().unwrap() }).await, inner.traceparent()))
        })
        .await;
    assert_eq!(trace, span.trace_id());
    assert_eq!(inner.0, inner.1);
    assert!(
        inner.0.contains(&trace) && inner.0 != span.traceparent() && inner.0.ends_with("-00"),
        "{inner:?}"
    );
    assert_eq!(current(), None);
}

#[tokio::test]
async fn what_has_a_cause_is_part_of_its_trace_and_what_has_none_of_what_is_being_done() {
    let here = Span::here(Kind::Server, "request");
    let (caused, not) = here
        .run(async {
            let caused = Span::caused(Kind::Consumer, "process", Some(CAUSE)).traceparent();
            (caused, Span::caused(Kind::Consumer, "process", Some("nonsense")).trace_id())
        })
        .await;
    assert!(caused.starts_with(&CAUSE[..36]) && caused.ends_with("-01") && caused != CAUSE, "{caused}");
    assert_eq!(not, here.trace_id());
}

#[test]
fn a_batch_is_part_of_the_first_trace_that_is_recorded() {
    let unrecorded = "00-1bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let of = |causes: &[&str]| Span::of_batch(Kind::Internal, "charge", causes.iter().copied()).trace_id();
    assert_eq!(of(&[unrecorded, CAUSE, CAUSE]), CAUSE[3..35]);
    assert_eq!(of(&[unrecorded, "nonsense"]), unrecorded[3..35]);
    assert_eq!(of(&[]).len(), 32);
}
