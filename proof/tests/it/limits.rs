//! The published limits, each from just inside and from just outside.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use testkit::{Engine, Options, Stack};

fn stack(vars: &[(&'static str, &str)]) -> Stack {
    let invoice_app = vars.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Stack::start(Engine::Sqlite, Options { invoice_app, ..Options::default() })
}

pub(crate) fn connect(stack: &Stack) -> TcpStream {
    let stream = TcpStream::connect(stack.invoices.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// The status of what comes back; 0 when the connection is closed without a word.
fn status(stream: &mut TcpStream) -> u16 {
    let mut head = [0; 12];
    let mut read = 0;
    while read < head.len() {
        match stream.read(&mut head[read..]) {
            Ok(0) | Err(_) => return 0,
            Ok(more) => read += more,
        }
    }
    String::from_utf8_lossy(&head[9..12]).parse().unwrap()
}

fn ask(stack: &Stack, headers: &str) -> u16 {
    let mut stream = connect(stack);
    let _ = write!(stream, "GET /rest/health HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    status(&mut stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_at_most_96_headers_and_128_kib() {
    let stack = stack(&[]);
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    assert_eq!(ask(&stack, &many(95)), 200);
    assert!([0, 400, 431].contains(&ask(&stack, &many(96))));
    let long = |size: usize| format!("X-Long: {}\r\n", "x".repeat(size));
    assert_eq!(ask(&stack, &long(64 * 1024)), 200);
    assert!([0, 400, 413, 431].contains(&ask(&stack, &long(160 * 1024))));
    assert_eq!(ask(&stack, ""), 200, "the server goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_arrive_in_5_seconds_is_not_waited_for() {
    let stack = stack(&[]);
    let mut stream = connect(&stack);
    let started = Instant::now();
    write!(stream, "GET /rest/health HTTP/1.1\r\n").unwrap();
    assert!([0, 408].contains(&status(&mut stream)));
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_not_waited_for() {
    let stack = stack(&[]);
    let mut stream = connect(&stack);
    let started = Instant::now();
    let head = "POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let trickle = std::thread::spawn(move || {
        while started.elapsed() < Duration::from_secs(15) && writer.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    assert_eq!(status(&mut stream), 408);
    assert!(started.elapsed() < Duration::from_secs(14), "{:?}", started.elapsed());
    drop(stream);
    trickle.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_too_many_waits_until_another_ends() {
    let stack = stack(&[("HTTP_WORKERS", "1"), ("HTTP_CONNECTIONS", "4")]);
    let mut held: Vec<TcpStream> = (0..4).map(|_| connect(&stack)).collect();
    for stream in &mut held {
        write!(stream, "GET /rest/health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert_eq!(status(stream), 200);
    }
    let mut late = connect(&stack);
    late.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    write!(late, "GET /rest/health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(status(&mut late), 0, "served beyond the limit");
    held.clear();
    late.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(status(&mut late), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_the_database_is_told_to_come_back() {
    let stack = stack(&[("DATABASE_WAIT_MS", "100")]);
    // The one writer of a SQLite file is kept busy from outside.
    let db = stack.invoices_db.clone();
    let holding = std::thread::spawn(move || {
        let hold = |_: &mut db::AnyConnection| {
            std::thread::sleep(Duration::from_secs(1));
            Ok(())
        };
        db.write_blocking(hold).unwrap();
    });
    std::thread::sleep(Duration::from_millis(100));
    let body = r#"{"currency":"EUR"}"#;
    let ask = || {
        stack.http.post(format!("{}/v1/customers", stack.invoices)).header("content-type", "application/json")
    };
    let calls = (0..3).map(|_| ask().body(body).send());
    let answers = futures_util::future::join_all(calls).await;
    let busy: Vec<_> =
        answers.into_iter().map(Result::unwrap).filter(|answer| answer.status() == 503).collect();
    assert!(!busy.is_empty(), "nobody was told to come back");
    assert_eq!(busy[0].headers()["retry-after"], "1");
    holding.join().unwrap();
}
