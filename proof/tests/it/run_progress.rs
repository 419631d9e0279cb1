//! A billing run as it is watched: server-sent events.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Engine, Stack, engines};

use crate::runs::{change, count, ended, invoices, run, slow, stack, start, until};

/// The stream of one run.
struct Events {
    response: reqwest::Response,
    read: String,
}

/// An event: its id, its name, and the run.
type Event = (String, String, Value);

impl Events {
    async fn of(stack: &Stack, run: i64, last: Option<&str>) -> Self {
        let mut request = stack.http.get(format!("{}/v1/billing-runs/{run}/progress", stack.invoices));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, read: String::new() }
    }

    /// What stands before the next empty line; none at the end of the stream.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let block = block.to_owned();
                self.read = rest.to_owned();
                return Some(block);
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn next(&mut self) -> Option<Event> {
        let block = self.block().await?;
        let lines: Vec<&str> = block.lines().collect();
        let [id, name, data] = lines[..] else { panic!("no event: {block}") };
        let rest = |line: &str, field: &str| line.strip_prefix(field).unwrap().to_owned();
        let data = serde_json::from_str(&rest(data, "data: ")).unwrap();
        Some((rest(id, "id: "), rest(name, "event: "), data))
    }

    /// Whether nothing comes for so long.
    async fn is_silent(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.block()).await.is_err()
    }
}

/// A run of which some is done, and which is paused.
async fn paused(engine: Engine) -> Stack {
    let stack = slow(engine, "large:60", 20);
    start(&stack, json!({"scope": "due"})).await;
    until("one is paid", || invoices(&stack, "state = 'PAID'") > 0).await;
    assert_eq!(change(&stack, 1, "pause").await.0, 200);
    until("nothing is in flight", || invoices(&stack, "state = 'CHARGING'") == 0).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    stack
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_watched_to_its_end_and_then_the_stream_ends() {
    for engine in engines() {
        let stack = slow(engine, "large:60", 20);
        start(&stack, json!({"scope": "due"})).await;
        let started = Instant::now();
        let mut watch = Events::of(&stack, 1, None).await;
        assert_eq!(watch.response.headers()["content-type"], "text/event-stream");
        assert_eq!(watch.response.headers()["cache-control"], "no-store");
        let mut seen: Vec<Event> = Vec::new();
        while let Some(event) = watch.next().await {
            seen.push(event);
        }
        let (last, before) = seen.split_last().unwrap();
        assert!(before.len() >= 2, "nothing was told on the way: {seen:?}");
        assert!(before.iter().all(|(_, name, run)| name == "progress" && run["state"] == "running"));
        assert_eq!((last.1.as_str(), &last.2), ("ended", &stack.get("/v1/billing-runs/1").await));
        assert!(seen.windows(2).all(|two| two[0].0 != two[1].0), "an event came twice: {seen:?}");
        let captured: Vec<i64> = seen.iter().map(|(_, _, run)| count(run, "captured")).collect();
        assert!(captured.is_sorted() && captured.last() == Some(&60), "{captured:?}");
        // Two looks a second, the first at once.
        let most = 2 + usize::try_from(started.elapsed().as_millis() / 500).unwrap();
        assert!(seen.len() <= most, "{} events in {:?}", seen.len(), started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_after_the_end_is_told_at_once_that_it_ended() {
    for engine in engines() {
        let stack = stack(engine, "pleo-go", "1");
        let done = run(&stack, "due").await;
        let mut watch = Events::of(&stack, 1, None).await;
        let (id, name, run) = watch.next().await.unwrap();
        assert_eq!((name.as_str(), run), ("ended", done));
        assert!(watch.next().await.is_none());
        let mut again = Events::of(&stack, 1, Some(&id)).await;
        assert_eq!(again.next().await.unwrap().1, "ended", "also whoever knows it, so as to stop asking");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_seen_is_not_sent_again() {
    for engine in engines() {
        let stack = paused(engine).await;
        let (id, name, run) = Events::of(&stack, 1, None).await.next().await.unwrap();
        assert_eq!((name.as_str(), &run["state"]), ("progress", &json!("paused")));
        let mut again = Events::of(&stack, 1, Some(&id)).await;
        assert!(again.is_silent(Duration::from_millis(1_200)).await, "it was repeated");
        let other = Events::of(&stack, 1, Some("running-0-0-0")).await.next().await.unwrap();
        assert_eq!(other.0, id, "whoever saw another one is told");
        assert_eq!(change(&stack, 1, "cancel").await.0, 200);
        let (_, name, run) = again.next().await.unwrap();
        assert_eq!((name.as_str(), &run["state"]), ("ended", &json!("cancelled")));
        assert!(again.next().await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_keeps_a_silent_stream_open_and_a_stop_ends_it() {
    let mut stack = paused(Engine::Sqlite).await;
    let mut watch = Events::of(&stack, 1, None).await;
    watch.next().await.unwrap();
    let started = Instant::now();
    assert_eq!(watch.block().await.unwrap(), ": keep-alive");
    let waited = started.elapsed();
    assert!((8..15).contains(&waited.as_secs()), "{waited:?}");
    let started = Instant::now();
    let (end, ()) = tokio::join!(watch.next(), stack.stop());
    assert!(end.is_none() && started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_resumed_is_told_to_the_same_watcher() {
    for engine in engines() {
        let stack = paused(engine).await;
        let mut watch = Events::of(&stack, 1, None).await;
        assert_eq!(watch.next().await.unwrap().2["state"], "paused");
        assert_eq!(change(&stack, 1, "resume").await.0, 200);
        assert_eq!(watch.next().await.unwrap().2["state"], "running");
        ended(&stack, 1).await;
        while let Some((_, name, _)) = watch.next().await {
            assert!(["progress", "ended"].contains(&name.as_str()));
        }
    }
}
