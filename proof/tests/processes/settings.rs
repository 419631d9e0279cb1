//! Bad settings: exit code 78 and one sentence that says what to do.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proof::processes::{Service, binary, free_port};
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home};

const LEGACY: (&str, &str) = ("PAYMENT_PROVIDER_ENDPOINT", "http://localhost:1/");

/// Longest wait for a refusal.
const PATIENCE: Duration = Duration::from_secs(20);

type Vars = Vec<(&'static str, String)>;

fn run(name: &str, vars: Vars, changes: &[(&'static str, &str)]) -> (i32, String) {
    let changes = changes.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let mut command = Command::new(binary(name));
    command.arg("serve").env_clear().envs(vars).envs(changes).stderr(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().expect("a process");
    let begun = Instant::now();
    while child.try_wait().expect("a process").is_none() && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    // One that likes its settings would go on for ever.
    let _ = child.kill();
    let output = child.wait_with_output().expect("a process that ends");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

#[test]
fn bad_settings_end_with_78_and_one_sentence() {
    let home = Home::new();
    let invoices = Database::fresh(&home, Engine::Sqlite, "invoice-app", invoice_app::store::MIGRATIONS);
    let provider =
        Database::fresh(&home, Engine::Sqlite, "payment-provider", payment_provider::store::MIGRATIONS);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let garbage = home.text("garbage");
    std::fs::create_dir(&garbage).expect("a folder");
    for file in ["cert.pem", "key.pem", "ca.pem"] {
        std::fs::write(home.path("garbage").join(file), "no certificate").expect("a file");
    }
    let provider_identity = home.text("pki/payment-provider");
    let (empty_file, two_lines) = (home.text("empty"), home.text("two-lines"));
    std::fs::write(&empty_file, "\n").expect("a file");
    std::fs::write(&two_lines, "one\ntwo\n").expect("a file");
    let policy = include_str!("../../../invoice-app/retry-policy.toml");
    let (misspelt, senseless) = (home.text("misspelt.toml"), home.text("senseless.toml"));
    std::fs::write(&misspelt, policy.replace("morning", "evening")).expect("a file");
    std::fs::write(&senseless, policy.replace("[1, 3, 5, 7]", "[]")).expect("a file");
    let empty = format!("sqlite://{}", home.text("empty.sqlite"));
    let both: &[(&[(&str, &str)], &str)] = &[
        (&[("DATABASE_URL", "mysql://localhost/x")], "sqlite:// or postgres://"),
        (&[("DATABASE_URL", &empty)], "migrate"),
        (&[("LISTEN", &taken)], "in use by another process"),
        (&[("LISTEN", "nowhere")], "LISTEN"),
        (&[("TLS_MODE", "off")], "rustls or mesh"),
        (&[("TLS_MODE", "")], "set TLS_MODE"),
        (&[("TLS_DIR", "")], "set TLS_DIR"),
        (&[("TLS_DIR", "/nonexistent")], "antaeusctl pki init"),
        (&[("TLS_DIR", &garbage)], "antaeusctl pki init"),
        (&[("HTTP_WORKERS", "0")], "from 1 to 64"),
        (&[("DATABASE_POOL_SIZE", "many")], "DATABASE_POOL_SIZE"),
        (&[("RELOAD_MS", "99")], "from 100 to 600000"),
        (&[("RELOAD_MS", "600001")], "from 100 to 600000"),
        (&[("RUST_LOG", "antaeus=loud")], "RUST_LOG"),
    ];
    let own: &[(&[(&str, &str)], &str)] = &[
        (&[("CHARGE_KEY_FILE", "")], "set CHARGE_KEY_FILE"),
        (&[("CHARGE_KEY_FILE", "/nonexistent")], "CHARGE_KEY_FILE"),
        (&[("PAYMENT_PROVIDER_ENDPOINT", "http://localhost:1")], "must begin with https://"),
        (&[("PAYMENT_PROVIDER_ENDPOINT", "https://localhost:1/path")], "scheme, host and port only"),
        (&[("PAYMENT_PROVIDER_ENDPOINT", "http://pay.example/payments/pay")], "unless the host is loopback"),
        (&[("PAYMENT_PROVIDER_ENDPOINT", "https://a@localhost:1/")], "give scheme, host and port"),
        (&[("PAYMENT_PROVIDER_KEY_FILE", &empty_file)], "PAYMENT_PROVIDER_ENDPOINT has no path"),
        (&[LEGACY, ("PAYMENT_PROVIDER_KEY_FILE", "/nonexistent")], "PAYMENT_PROVIDER_KEY_FILE"),
        (&[LEGACY, ("PAYMENT_PROVIDER_KEY_FILE", &empty_file)], "one line of visible characters"),
        (&[LEGACY, ("PAYMENT_PROVIDER_KEY_FILE", &two_lines)], "one line of visible characters"),
        (&[("TLS_DIR", &provider_identity)], "WORKLOAD_ID"),
        (&[("LISTEN", "0.0.0.0:0"), ("AUTH", "off")], "AUTH"),
        (&[("AUTH", "keys")], "API_JWKS_FILE"),
        (&[("AUTH", "maybe")], "keys or off"),
        (&[("BILLING_SCHEDULE", "every day")], "BILLING_SCHEDULE"),
        (&[("BILLING_SCHEDULE", "0 0 * * * *")], "it has 6 fields"),
        (&[("BILLING_SCHEDULE", "61 * * * *")], "minute 0-59"),
        (&[("BILLING_SCHEDULE", "0 0 30 2 *")], "its day never comes"),
        (&[("RETRY_POLICY_FILE", "/nonexistent")], "RETRY_POLICY_FILE"),
        (&[("RETRY_POLICY_FILE", &empty_file)], "missing field"),
        (&[("RETRY_POLICY_FILE", &two_lines)], "line 1"),
        (&[("RETRY_POLICY_FILE", &misspelt)], "evening"),
        (&[("RETRY_POLICY_FILE", &senseless)], "soft_decline.wait_days"),
        (&[("EVENTS", "kafka")], "outbox or off"),
        (&[("BROKER_URL", "amqp://broker.example")], "only this machine"),
        (&[("BROKER_URL", "amqps://broker.example")], "set BROKER_CA_FILE"),
        (&[("BROKER_URL", "amqp://localhost")], "set BROKER_PASSWORD_FILE"),
        (&[("BROKER_URL", "amqp://localhost"), ("BROKER_PASSWORD_FILE", &empty_file)], "it is empty"),
        (&[("QUEUE_URL", "amqp://guest:guest@localhost")], "leave user and password out"),
        (
            &[
                ("BROKER_URL", "amqp://localhost"),
                ("BROKER_PASSWORD_FILE", &two_lines),
                ("EVENTS_TO", "orders=https://localhost:1"),
            ],
            "remove one of them",
        ),
        (&[("RECONCILE_EVERY_MS", "99")], "from 100 to 86400000"),
        (&[("RECONCILE_EVERY_MS", "86400001")], "from 100 to 86400000"),
    ];
    let theirs: &[(&[(&str, &str)], &str)] = &[
        (&[("CHARGE_JWKS_FILE", "")], "set CHARGE_JWKS_FILE"),
        (&[("ALLOWED_CALLER", "invoice-app")], "ALLOWED_CALLER"),
        (&[("ACQUIRER_SUCCESS_RATE", "1.5")], "from 0 to 1"),
        (&[("ACQUIRER_FAULT_RATE", "-1")], "from 0 to 1"),
        (&[("ACQUIRER_DECLINES", "broke")], "insufficient_funds=7"),
        (&[("ACQUIRER_SCRIPT_FILE", "/nonexistent")], "ACQUIRER_SCRIPT_FILE"),
        (&[("HTTP_CONNECTIONS", "1")], "from 2 to 100000"),
        (&[("COMPAT_LISTEN", "0.0.0.0:0")], "AUTH"),
    ];
    let invoice_app = || invoice_app_vars(&home, &invoices.url, "https://localhost:1");
    let payment_provider = || provider_vars(&home, &provider.url);
    for (changes, wanted) in both.iter().chain(own) {
        check("invoice-app", invoice_app(), changes, wanted);
    }
    for (changes, wanted) in both.iter().chain(theirs) {
        check("payment-provider", payment_provider(), changes, wanted);
    }
}

fn check(name: &str, vars: Vars, changes: &[(&'static str, &str)], wanted: &str) {
    let (code, sentence) = run(name, vars, changes);
    assert_eq!(code, 78, "{name} {changes:?}: {sentence}");
    assert!(sentence.contains(wanted), "{name} {changes:?} does not say {wanted:?}: {sentence}");
    assert_eq!(sentence.lines().count(), 1, "{name} {changes:?}: {sentence}");
}

#[test]
fn a_newer_schema_and_a_second_process_on_one_file_are_refused() {
    use diesel::prelude::*;
    let home = Home::new();
    let database = Database::fresh(&home, Engine::Sqlite, "invoice-app", invoice_app::store::MIGRATIONS);
    let vars = || invoice_app_vars(&home, &database.url, "https://localhost:1");
    let lock = db::FileLock::take(&database.parsed()).expect("a lock");
    check("invoice-app", vars(), &[], "in use by another process");
    drop(lock);
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')";
    let add = |conn: &mut db::AnyConnection| Ok(diesel::sql_query(newer).execute(conn)?);
    database.open().write_blocking(add).expect("a row");
    check("invoice-app", vars(), &[], "newer than this program");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_provider_is_warned_about_at_the_start_and_the_batch_api_is_not() {
    for (endpoint, warned) in [(LEGACY.1, true), ("https://localhost:1", false)] {
        let home = Home::new();
        let database = Database::fresh(&home, Engine::Sqlite, "invoice-app", invoice_app::store::MIGRATIONS);
        let vars = invoice_app_vars(&home, &database.url, endpoint);
        let mut service = Service::new(&home, "invoice-app", free_port(), vars);
        service.start(&testkit::client::plain()).await;
        let log = service.log();
        assert_eq!(log.contains("only an Idempotency-Key that it honours"), warned, "{log}");
        service.kill();
    }
}
