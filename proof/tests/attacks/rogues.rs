//! Row 22: somebody else in the payment provider's place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proof::processes::{Service, free_port};
use serde_json::Value;
use testkit::client::plain;
use testkit::stack::invoice_app_vars;
use testkit::{Database, Engine, Home, engines};

/// The head of an answer whose body never ends.
const ENDLESS: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n";
/// Most memory that invoice-app may have taken afterwards, KiB.
const MOST_MEMORY: u64 = 64 * 1024;

/// A server on the provider's port that answers every connection in one way, and counts them.
struct Rogue {
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    port: u16,
}

impl Rogue {
    /// With the identity in `dir`; every request gets `answer`, byte by byte.
    fn start(dir: &std::path::Path, answer: &'static str) -> Self {
        let identity = gate::tls::Identity::load(dir).unwrap();
        let identity = Arc::new(identity);
        let config = Arc::new(
            gate::tls::server_config(gate::tls::Current::new(move || Arc::clone(&identity))).unwrap(),
        );
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (seen, read) = (Arc::clone(&connections), Arc::clone(&requests));
        std::thread::spawn(move || {
            for tcp in listener.incoming() {
                seen.fetch_add(1, Ordering::SeqCst);
                let (config, read) = (Arc::clone(&config), Arc::clone(&read));
                std::thread::spawn(move || serve(tcp.unwrap(), config, answer, &read));
            }
        });
        Self { connections, requests, port }
    }
}

fn serve(tcp: std::net::TcpStream, config: Arc<rustls::ServerConfig>, answer: &str, read: &AtomicUsize) {
    use std::io::{Read, Write};
    tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut stream = rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), tcp);
    let mut buffer = [0; 65_536];
    // One read holds head and body: both are small and come at once.
    while stream.read(&mut buffer).is_ok_and(|size| size > 0) {
        read.fetch_add(1, Ordering::SeqCst);
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
        while answer == ENDLESS && stream.write_all(&buffer).is_ok() {}
    }
}

/// invoice-app, told that the provider is on this port, pays for one round; gives its invoices' states.
async fn pay(home: &Home, engine: Engine, port: u16) -> (Vec<String>, String) {
    let database = Database::fresh(home, engine, "invoice-app", invoice_app::store::MIGRATIONS);
    let set = "pleo-go".parse().unwrap();
    invoice_app::flows::seed::seed(&database.open(), set, service::Clock::system().now()).unwrap();
    let vars = invoice_app_vars(home, &database.url, &format!("https://localhost:{port}"));
    let own = free_port();
    let (http, mut service) = (plain(), Service::new(home, "invoice-app", own, vars));
    service.start(&http).await;
    let url = format!("http://localhost:{own}");
    assert_eq!(
        http.post(format!("{url}/rest/v1/invoices/pay")).send().await.unwrap().text().await.unwrap(),
        "true"
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    let page: Value = http.get(format!("{url}/v1/invoices")).send().await.unwrap().json().await.unwrap();
    let states =
        page["items"].as_array().unwrap().iter().map(|item| item["state"].as_str().unwrap().to_owned());
    assert!(service.rss_kib() < MOST_MEMORY, "{} KiB", service.rss_kib());
    (states.collect(), service.log())
}

#[tokio::test(flavor = "multi_thread")]
async fn row_22_a_rogue_provider_is_not_paid_at_and_not_asked_over_and_over() {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}";
    const REDIRECT: &str =
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n";
    const GARBAGE: &str = "SSH-2.0-OpenSSH_9.6\r\n\r\n";
    const OTHERS: &str = r#"HTTP/1.1 200 OK
Content-Length: 60

{"results":[{"key":"x:1","verdict":"captured","replayed":false"#;
    for engine in engines() {
        // Another workload of our CA, another CA, and the right identity with wrong answers.
        for (case, identity, answer, handshake) in [
            ("another workload", "pki/invoice-app", OK, false),
            ("another CA", "other/payment-provider", OK, false),
            ("a redirect to plain HTTP", "pki/payment-provider", REDIRECT, true),
            ("garbage", "pki/payment-provider", GARBAGE, true),
            ("an answer that never ends", "pki/payment-provider", ENDLESS, true),
            ("an empty answer", "pki/payment-provider", OK, true),
            ("answers to other questions", "pki/payment-provider", OTHERS, true),
        ] {
            let home = Home::new();
            home.run(&["pki", "init", "--dir", &home.text("other")]);
            let rogue = Rogue::start(&home.path(identity), answer);
            let (states, log) = pay(&home, engine, rogue.port).await;
            assert!(states.iter().all(|state| state == "CHARGING"), "{case}: {states:?}");
            let connections = rogue.connections.load(Ordering::SeqCst);
            assert!((1..=6).contains(&connections), "{case}: a storm of {connections} connections");
            let requests = rogue.requests.load(Ordering::SeqCst);
            assert!(requests <= 6 && (requests > 0) == handshake, "{case}: {requests} requests");
            assert!(!log.contains("panicked"), "{case}: {log}");
        }
    }
}
