//! The list of revoked keys when it cannot be read, and keys that were never to be signed.

use std::time::{Duration, Instant};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::{AnyConnection, Db};
use diesel::RunQueryDsl;
use gate::token::Scope;
use serde_json::{Value, json};
use service::routes::Access;
use service::{Clock, Vars};
use testkit::stack::invoice_app_vars;
use testkit::{Database, Home, engines};

use crate::owners::Shop;

const HIDE: &str = "ALTER TABLE revoked_keys RENAME TO hidden_keys";
const SHOW: &str = "ALTER TABLE hidden_keys RENAME TO revoked_keys";

fn alter(db: &Db, sql: &'static str) {
    let alter = |conn: &mut AnyConnection| {
        match conn {
            AnyConnection::Postgres(conn) => diesel::sql_query(sql).execute(conn)?,
            AnyConnection::Sqlite(conn) => diesel::sql_query(sql).execute(conn)?,
        };
        Ok(())
    };
    db.write_blocking(alter).unwrap();
}

impl Shop {
    fn revoke(&self, key: &str) {
        let file = self.home.text("key");
        std::fs::write(&file, key).unwrap();
        let url = self.stack.invoices_db_url();
        self.home.run(&["keys", "revoke", "--key-file", &file, "--why", "lost", "--database-url", url]);
    }

    async fn status(&self, key: &str) -> u16 {
        self.ask("GET", "/v1/invoices", key, None).await.0
    }

    async fn metric(&self, name: &str) -> f64 {
        let page = self.stack.http.get(format!("{}/metrics", self.stack.invoices_admin)).send();
        let page = page.await.unwrap().text().await.unwrap();
        let value = page.lines().find_map(|line| line.strip_prefix(name));
        value.map_or(0.0, |value| value.trim().parse().unwrap())
    }
}

/// Waits until what is asked for is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !so().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_list_cannot_be_read_the_last_one_stays_in_force() {
    for engine in engines() {
        let shop = Shop::stocked(engine).await;
        let (revoked, other) = (shop.key("team:a", "invoices:read"), shop.key("team:a", "invoices:read"));
        shop.revoke(&revoked);
        until("a revoked key is refused", async || shop.status(&revoked).await == 401).await;
        alter(&shop.stack.invoices_db, HIDE);
        let failed = "revocation_polls_total{result=\"failed\"}";
        let before = shop.metric(failed).await;
        until("two looks fail", async || shop.metric(failed).await >= before + 2.0).await;
        assert_eq!((shop.status(&revoked).await, shop.status(&other).await), (401, 200), "{engine:?}");
        alter(&shop.stack.invoices_db, SHOW);
        shop.revoke(&other);
        until("the list is read again", async || shop.status(&other).await == 401).await;
        assert_eq!(shop.status(&revoked).await, 401, "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_read_the_list_does_not_start() {
    for engine in engines() {
        let home = Home::new();
        let database = Database::fresh(&home, engine, "invoice-app", invoice_app::store::MIGRATIONS);
        let vars = Vars::fixed(invoice_app_vars(&home, &database.url, "https://localhost:1"));
        let build = || {
            let settings = invoice_app::settings::Settings::read(&vars).unwrap();
            invoice_app::app::App::build(settings, Clock::system())
        };
        alter(&database.open(), HIDE);
        let why = build().err().unwrap().to_string();
        assert!(why.contains("cannot read the revoked API keys"), "{engine:?}: {why}");
        alter(&database.open(), SHOW);
        assert!(build().is_ok(), "{engine:?}: nothing else was in the way");
    }
}

/// A key that `keys issue` refuses to make, signed with the operator's own key.
fn forged(shop: &Shop, sub: &str, scope: &str) -> String {
    let good = shop.key("team:a", "invoices:read");
    let part = |at: usize| -> Value {
        let text = good.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    let mut claims = part(1);
    (claims["sub"], claims["scope"]) = (json!(sub), json!(scope));
    let message = [part(0), claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let secret = pem::parse(std::fs::read_to_string(shop.home.path("keys/operator/private.pem")).unwrap());
    let pair = Ed25519KeyPair::from_pkcs8(secret.unwrap().contents()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
}

/// Signed well, and still no key: who signs such a thing has made a mistake that must not open half of a door.
#[tokio::test(flavor = "multi_thread")]
async fn a_users_key_with_a_teams_scope_opens_nothing_at_all() {
    for engine in engines() {
        let shop = Shop::stocked(engine).await;
        let read = "customers:read invoices:read";
        assert_eq!(shop.status(&forged(&shop, "user:42", read)).await, 200, "the forgery itself is good");
        let teams = Scope::ALL.iter().filter(|scope| !scope.is_for_users());
        let keys: Vec<_> = teams.map(|scope| forged(&shop, "user:42", &format!("{read} {scope}"))).collect();
        assert!(keys.len() >= 5, "{}", keys.len());
        for endpoint in invoice_app::routes::routes().endpoints() {
            let (Access::Own(_) | Access::Key(_)) = endpoint.access else { continue };
            let (method, path) = (endpoint.method.as_str(), endpoint.path.replace("{id}", "1"));
            for key in &keys {
                assert_eq!(shop.ask(method, &path, key, None).await.0, 401, "{engine:?} {method} {path}");
            }
        }
    }
}
