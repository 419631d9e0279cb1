use super::*;
use crate::api::ApiArgs;
use crate::billing::sample;
use crate::canned::{Canned, Reply, event, stream, whole};

/// What came of watching, and what was told meanwhile.
async fn watched(url: &str, patience: Patience) -> (Result<Ended, String>, Vec<News>) {
    let api = Api::new(&ApiArgs { url: url.to_owned(), ca_file: None, key_file: None }).unwrap();
    let (tell, mut told) = mpsc::channel(100);
    let ended = attach(&api, 7, patience, tell).await;
    let mut news = Vec::new();
    while let Ok(one) = told.try_recv() {
        news.push(one);
    }
    (ended, news)
}

/// Quick, so that tests are; long enough for a slow machine.
fn quick() -> Patience {
    Patience {
        silence: Duration::from_secs(5),
        give_up: Duration::from_secs(10),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(4),
    }
}

fn progress(id: u32) -> String {
    event(id, "progress", &sample::json("running"))
}

fn ended(id: u32) -> String {
    event(id, "ended", &sample::json("finished"))
}

fn losses(news: &[News]) -> usize {
    news.iter().filter(|one| matches!(one, News::Lost(_))).count()
}

#[tokio::test]
async fn after_a_lost_connection_it_goes_on_where_it_was() {
    let server = Canned::serve(vec![
        Reply::Close(stream(&format!("{}: keep-alive\n\n{}", progress(1), progress(2)))),
        Reply::Close(stream(&ended(3))),
    ]);
    let (end, news) = watched(&server.url, quick()).await;
    assert_eq!(end.unwrap().run, sample::run("finished"));
    let run = || News::Run(Box::new(sample::run("running")));
    assert_eq!(news, [run(), run(), News::Lost("the stream ended before the run".into())]);
    let requests = server.requests();
    assert!(requests[0].starts_with("get /v1/billing-runs/7/progress "), "{requests:?}");
    assert!(!requests[0].contains("last-event-id"), "{requests:?}");
    assert!(requests[1].contains("\r\nlast-event-id: 2\r\n"), "{requests:?}");
}

#[tokio::test]
async fn a_loss_is_told_once_however_many_attempts_it_takes() {
    let busy = || Reply::Close(whole("503 Service Unavailable", ""));
    let server = Canned::serve(vec![
        Reply::Close(stream(&progress(1))),
        busy(),
        Reply::Close(String::new()),
        Reply::Close(stream(": nothing but a comment\n\n")),
        Reply::Close(stream(&progress(2))),
        busy(),
        Reply::Close(stream(&ended(3))),
    ]);
    let (end, news) = watched(&server.url, quick()).await;
    assert!(end.unwrap().run.is_finished());
    assert_eq!(losses(&news), 2, "{news:?}");
    assert!(server.requests()[4].contains("last-event-id: 1"));
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_taken_for_lost() {
    let server = Canned::serve(vec![Reply::Hold(stream(&progress(1))), Reply::Close(stream(&ended(2)))]);
    let patience = Patience { silence: Duration::from_millis(200), ..quick() };
    let (end, news) = watched(&server.url, patience).await;
    assert!(end.unwrap().run.is_finished());
    assert!(news.contains(&News::Lost("nothing was heard".into())), "{news:?}");
}

#[tokio::test]
async fn where_nobody_answers_any_more_it_is_given_up() {
    let server = Canned::serve(vec![Reply::Close(stream(&progress(1)))]);
    let patience = Patience { give_up: Duration::from_millis(500), ..quick() };
    let begun = Instant::now();
    let (end, news) = watched(&server.url, patience).await;
    let sentence = end.unwrap_err();
    assert!(
        sentence.contains("does not answer") && sentence.ends_with("antaeusctl billing watch 7"),
        "{sentence}"
    );
    assert_eq!(losses(&news), 1);
    assert!(begun.elapsed() >= Duration::from_millis(490), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_that_answers_and_never_says_anything_is_given_up_as_well() {
    let server = Canned::serve((0..100).map(|_| Reply::Hold(stream(""))).collect());
    let patience =
        Patience { silence: Duration::from_millis(100), give_up: Duration::from_millis(500), ..quick() };
    let (end, _) = watched(&server.url, patience).await;
    assert!(end.unwrap_err().contains("nothing was heard"));
    assert!(server.requests().len() >= 2);
}

#[tokio::test]
async fn what_another_connection_would_be_told_too_is_told_at_once() {
    let problem =
        r#"{"type": "urn:x", "title": "not found", "status": 404, "detail": "there is no such run"}"#;
    let cases = [
        (whole("404 Not Found", problem), "there is no such run"),
        (whole("403 Forbidden", "RBAC: access denied"), "billing:run"),
        (whole("200 OK", "<html>"), "something else than events"),
        (stream("event: progress\ndata: {}\n\n"), "something else than a run"),
    ];
    for (reply, said) in cases {
        let server = Canned::serve(vec![Reply::Close(reply)]);
        let (end, news) = watched(&server.url, quick()).await;
        let sentence = end.unwrap_err();
        assert!(sentence.contains(said), "{sentence}");
        assert_eq!((news.len(), server.requests().len()), (0, 1));
    }
}
