//! Whatever strangers send, no label has a value that is not declared.

use contracts::event::{EVENTS_PATH, Kind};
use proof::scraped::{self, Series};
use serde_json::json;
use service::metrics::labels;
use service::routes::Routes;
use testkit::client::{signer, with_certificate, without_certificate};
use testkit::events::Teller;
use testkit::{Home, Shop, engines};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::shop::{placed, uuid};

/// Stands in whatever strangers send, and must stand in no metric.
const MARK: &str = "zq7";

/// Heads of requests that nobody meant.
fn heads(key: &str) -> Vec<String> {
    let paths = [
        "/",
        "/zq7",
        "/v1/zq7",
        "/v1/users/zq7",
        "/v1/users/../../zq7",
        "/v1/%2e%2e/%7a%717",
        "/v1/invoices/zq7",
        "/v1/billing-runs?zq7=1",
        "/v1//invoices//zq7",
        "/v1/invoices/1/zq7?zq7=zq7",
        "/v1/orders/%F0%9F%92%A9",
        "/v1/notifications/zq7",
        "/v1/users/{id}",
        "/{tail:.*}",
        "/metrics",
        "*",
        "http://zq7.example/v1/users",
    ];
    let mut heads: Vec<String> = Vec::new();
    for path in paths {
        for method in ["GET", "POST", "get", "zq7", "PROPFIND"] {
            heads.push(format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{key}"));
        }
    }
    heads.push(format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n{key}", MARK.repeat(900)));
    heads
}

/// Sends each of them over a connection of its own, and waits until it was answered.
async fn pester(url: &str, key: &str) {
    let address = url.strip_prefix("http://").unwrap();
    for head in heads(key) {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let body =
            json!({"currency": "ZQ7", "amount": {"value": 1, "currency": "zq7"}, "user": "zq7"}).to_string();
        let request = format!(
            "{head}Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        assert!(answer.starts_with(b"HTTP/1.1 "), "{head}: {}", String::from_utf8_lossy(&answer));
    }
}

fn keys(home: &Home) -> Vec<String> {
    let issue = |home: &Home, sub: &str, scope: &str| {
        let file = home.text("keys/operator/private.pem");
        let key = home.run(&["keys", "issue", "--key", &file, "--sub", sub, "--scope", scope, "--days", "1"]);
        format!("Authorization: Bearer {key}\r\n")
    };
    vec![
        String::new(),
        "Authorization: Bearer zq7.zq7.zq7\r\nX-API-Key: zq7\r\n".into(),
        issue(&Home::new(), "team:zq7", "invoices:read"),
        issue(home, "team:zq7", "notifications:read"),
        issue(home, "user:zq7", "invoices:read"),
    ]
}

/// Calls of workloads: with the wrong certificate, without one, with a token for something else.
async fn pester_provider(shop: &Shop) {
    let (home, url) = (&shop.stack.home, &shop.stack.provider);
    let token = signer(home).sign("GET", "/zq7", b"", service::Clock::system().seconds()).unwrap();
    for client in [
        with_certificate(&home.path("pki/users")),
        without_certificate(&home.path("pki/users")),
        with_certificate(&home.path("pki/invoice-app")),
    ] {
        for path in ["/zq7", "/pp/rest/v1/charges/zq7", "/pp/rest/v1/accounts/zq7/entries?zq7=1"] {
            for method in ["GET", "ZQ7"] {
                let request = client.request(method.parse().unwrap(), format!("{url}{path}"));
                // Without a certificate there is no answer; with one, it is no good one.
                let answer = request.bearer_auth(&token).send().await;
                assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status().is_client_error()));
            }
        }
    }
    let charge = json!({"items": [{"key": "zq7:1", "invoice": "zq7", "customer": "zq7", "amount": 1, "currency": "EUR",
        "method": "card"}]});
    crate::caller::post(&shop.stack, "/pp/rest/v1/charges", charge).await;
}

/// Events of no type, of somebody else's, and with a currency that there is not.
async fn pester_ears(shop: &Shop) {
    let home = &shop.stack.home;
    for from in ["users", "orders", "payment-provider"] {
        let Some(teller) = teller(home, from, &shop.stack.invoices_events) else { continue };
        let event = serde_json::to_value(placed(&uuid(), &uuid(), "1")).unwrap();
        for (name, value) in
            [("type", json!("zq7.v1")), ("type", json!(7)), ("id", json!("zq7")), ("source", json!("/zq7"))]
        {
            let mut spoilt = event.clone();
            spoilt[name] = value;
            teller.send(json!([spoilt, "zq7"]).to_string()).await;
        }
        teller.send(MARK.to_owned()).await;
    }
}

/// Nobody signs events with a key of the provider's.
fn teller(home: &Home, from: &str, base: &str) -> Option<Teller> {
    home.path("keys/event").join(from).exists().then(|| Teller::new(home, from, "invoice-app", base))
}

fn patterns(routes: &[Routes]) -> Vec<&'static str> {
    let of = |routes: &Routes| routes.endpoints().iter().map(|endpoint| endpoint.path).collect::<Vec<_>>();
    routes.iter().flat_map(of).chain([EVENTS_PATH]).collect()
}

/// What a service shows, after each value of each label was found among those that are declared.
async fn checked(shop: &Shop, admin: &str, routes: &[Routes]) -> String {
    let text = shop.stack.http.get(format!("{admin}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(!text.to_lowercase().contains(MARK), "{text}");
    let patterns = patterns(routes);
    let types: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let series = scraped::series(&text);
    for Series { name, labels, .. } in &series {
        let of = |line: &&&str| {
            let (base, kind) = line.split_once(' ').unwrap();
            let ends = ["_bucket", "_sum", "_count"].map(|end| format!("{base}{end}"));
            name == base || (kind == "histogram" && ends.contains(name))
        };
        let line = types.iter().find(of).unwrap_or_else(|| panic!("{name} has no type"));
        let (base, kind) = line.split_once(' ').unwrap();
        for (label, value) in labels.iter().filter(|(label, _)| kind != "histogram" || *label != "le") {
            let declared =
                labels::values(base, label).unwrap_or_else(|| panic!("{base} has a label {label}"));
            assert!(declared.allows(value, &patterns), "{name} has {label}={value}");
        }
    }
    assert!(series.len() < 2_000, "{} series", series.len());
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stranger_adds_a_value_to_a_label() {
    for engine in engines() {
        let home = Home::new();
        let judged = |home: &Home| {
            vec![("AUTH", "keys".to_owned()), ("API_JWKS_FILE", home.text("keys/operator/jwks.json"))]
        };
        let mut shop = Shop::open(engine, judged(&home));
        for service in [&mut shop.users, &mut shop.orders, &mut shop.notifications] {
            service.restart_with(judged(&home)).await;
        }
        for key in keys(&home) {
            for url in [&shop.stack.invoices, &shop.users.url, &shop.orders.url, &shop.notifications.url] {
                pester(url, &key).await;
            }
        }
        pester(&shop.stack.compat, "").await;
        pester_provider(&shop).await;
        pester_ears(&shop).await;

        let ours = checked(&shop, &shop.stack.invoices_admin, &[invoice_app::routes::routes()]).await;
        let compat = payment_provider::routes::compat_routes();
        let provider = [payment_provider::routes::routes(), compat];
        let theirs = checked(&shop, &shop.stack.provider_admin, &provider).await;
        checked(&shop, &shop.users.admin, &[users::routes::routes()]).await;
        checked(&shop, &shop.orders.admin, &[orders::routes::routes()]).await;
        checked(&shop, &shop.notifications.admin, &[notifications::routes::routes()]).await;

        // They were here, and all of them together are one value.
        let requests = "http_server_request_duration_seconds_count";
        for of in [("http_route", "unmatched"), ("http_request_method", "_OTHER")] {
            assert!(scraped::sum(&ours, requests, &[of]) > 20, "{ours}");
        }
        for principal in ["none", "team", "user"] {
            assert!(
                scraped::sum(&ours, "auth_refusals_total", &[("principal", principal)]) > 0,
                "{principal}"
            );
        }
        assert!(
            scraped::sum(&theirs, "auth_refusals_total", &[("principal", "users"), ("reason", "wrong_peer")])
                > 0
        );
        assert!(
            scraped::sum(&ours, "events_consumed_total", &[("kind", "unknown"), ("outcome", "refused")]) > 0
        );
        let placed = [("kind", Kind::OrderPlaced.name())];
        assert!(scraped::sum(&ours, "events_consumed_total", &placed) > 0);
    }
}
