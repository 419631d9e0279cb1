//! docs/METRICS.md and docs/metrics.json say what the services measure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use contracts::event::{Kind, OrderState};
use invoice_app::domain::difference::{self, Standing};
use invoice_app::domain::failure::Failure;
use serde_json::{Value, json};
use service::metrics::{Described, Metrics, Type, labels};
use service::{Clock, Vars};
use testkit::shop::EventPorts;
use testkit::stack::{event_vars, invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, Team};

/// A service, or a role of one, and what it measures.
type Measuring = (&'static str, Vec<Described>);

/// All of them, put together as they start.
fn services() -> Vec<Measuring> {
    let home = Home::new();
    let fresh = |name: &str, migrations| Database::fresh(&home, Engine::Sqlite, name, migrations);
    let mut own = Vec::new();
    for role in ["serve", "worker"] {
        let database = fresh(role, invoice_app::store::MIGRATIONS);
        let mut vars = invoice_app_vars(&home, &database.url, "https://localhost:1");
        vars.extend(event_vars(&home, "invoice-app"));
        vars.push(("EVENTS_TO", "orders=https://localhost:1".into()));
        let vars = Vars::fixed(vars);
        own.push(if role == "serve" {
            let settings = invoice_app::settings::Settings::read(&vars).unwrap();
            let app = invoice_app::app::App::build(settings, Clock::system()).unwrap();
            ("invoice-app", app.metrics().described())
        } else {
            let settings = invoice_app::settings::WorkerSettings::read(&vars).unwrap();
            let worker = invoice_app::app::Worker::build(settings, Clock::system()).unwrap();
            ("invoice-app-worker", worker.metrics().described())
        });
    }
    let database = fresh("payment-provider", payment_provider::store::MIGRATIONS);
    let vars = Vars::fixed(provider_vars(&home, &database.url));
    let settings = payment_provider::settings::Settings::read(&vars).unwrap();
    let app = payment_provider::app::App::build(settings, Clock::system()).unwrap();
    own.push(("payment-provider", app.metrics().described()));
    own.extend([Team::Users, Team::Orders, Team::Notifications].map(|team| commerce(&home, team)));
    own
}

fn commerce(home: &Home, team: Team) -> Measuring {
    let told: &[&str] = if team == Team::Notifications { &[] } else { &["notifications"] };
    let database = Database::fresh(home, Engine::Sqlite, team.name(), team.migrations());
    let mut vars = team.vars(home, &database.url);
    vars.extend(EventPorts::default().vars(home, team.name(), told));
    let vars = Vars::fixed(vars);
    let measured = |metrics: &Metrics| metrics.described();
    let described = match team {
        Team::Users => {
            let settings = users::settings::Settings::read(&vars).unwrap();
            measured(&users::app::build(settings, Clock::system()).unwrap().metrics)
        }
        Team::Orders => {
            let settings = orders::settings::Settings::read(&vars).unwrap();
            measured(&orders::app::build(settings, Clock::system()).unwrap().metrics)
        }
        Team::Notifications => {
            let settings = notifications::settings::Settings::read(&vars).unwrap();
            measured(&notifications::app::build(settings, Clock::system()).unwrap().metrics)
        }
    };
    (team.name(), described)
}

/// Every metric with who has it.
fn by_name(services: &[Measuring]) -> BTreeMap<&'static str, (Described, Vec<&'static str>)> {
    let mut all: BTreeMap<&str, (Described, Vec<&str>)> = BTreeMap::new();
    for (service, described) in services {
        for one in described {
            let (known, who) = all.entry(one.name).or_insert((one.clone(), Vec::new()));
            assert_eq!(known, one, "one name has one meaning");
            who.push(service);
        }
    }
    all
}

/// For whoever checks panels and rules: one metric a line.
fn list(all: &BTreeMap<&str, (Described, Vec<&str>)>) -> String {
    let line = |(one, services): &(Described, Vec<&str>)| {
        let text = |value: Value| value.to_string();
        let Described { name, kind, help, labels } = one;
        format!(
            "  {{\"name\": {}, \"type\": {}, \"labels\": {}, \"services\": {}, \"help\": {}}}",
            text(json!(name)),
            text(json!(kind.as_str())),
            text(json!(labels)),
            text(json!(services)),
            text(json!(help))
        )
    };
    let lines: Vec<String> = all.values().map(line).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

const HEAD: &str = "# Metrics

Each service answers `/metrics` on its admin port, in Prometheus' text format. This page and [metrics.json](metrics.json)
are made from what the services register; a test compares. A label has no values but those that
`service::metrics::labels` declares ([0502](adr/0502-labels-are-declared-and-gauges-read-rows-in-one-place.md)), so the
number of series is known before anybody scrapes. Counters begin at 0 wherever each value of each label is a word of a
short list. Amounts are in minor units of their currency: 1215 is EUR 12.15, JPY 1215, BHD 1.215.

`http_route` is the pattern of the route, such as `/v1/invoices/{id}`. `reason` is one of the refusals of
[SECURITY.md](SECURITY.md), `kind` of an event one of the types in [EVENTS.md](EVENTS.md) or `unknown`.
";

/// The values of labels, as a reader wants them.
fn values(one: &Described) -> String {
    let said = |label: &&str| {
        let values = labels::values(one.name, label).unwrap();
        let words = values.words();
        let words = match words.len() {
            0 => values.said().to_owned(),
            1..=12 => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" "),
            many => format!("{many} words"),
        };
        format!("`{label}`: {words}")
    };
    one.labels.iter().map(said).collect::<Vec<_>>().join("<br>")
}

fn page(services: &[Measuring]) -> String {
    let shared = |one: &Described| services.iter().all(|(_, all)| all.contains(one));
    let mut page = HEAD.to_owned();
    let mut table = |title: &str, rows: Vec<&Described>| {
        write!(
            page,
            "\n## {title}\n\n| metric | type | labels | meaning | unit |\n| --- | --- | --- | --- | --- |\n"
        )
        .unwrap();
        for one in rows {
            let (name, kind, help) = (one.name, one.kind.as_str(), one.help);
            writeln!(page, "| {name} | {kind} | {} | {help} | {} |", values(one), one.unit()).unwrap();
        }
    };
    table("Every process", services[0].1.iter().filter(|one| shared(one)).collect());
    for (service, described) in services {
        table(service, described.iter().filter(|one| !shared(one)).collect());
    }
    page
}

fn compare(path: &str, wanted: &str) {
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path);
    if std::fs::read_to_string(&there).unwrap_or_default() != wanted {
        let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(there.file_name().unwrap());
        std::fs::write(&made, wanted).unwrap();
        panic!("{path} is old: cp {} {path}\nit should be:\n{wanted}", made.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_say_what_the_services_measure() {
    let services = services();
    compare("docs/metrics.json", &list(&by_name(&services)));
    compare("docs/METRICS.md", &page(&services));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_charges_measures_charges_and_only_serve_counts_rows() {
    let all = by_name(&services());
    let who = |name: &str| all[name].1.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(who("invoice_charges_total"), BTreeSet::from(["invoice-app", "invoice-app-worker"]));
    for rows in ["billing_runs", "unreconciled_amount", "oldest_due_invoice_seconds", "duplicate_captures"] {
        assert_eq!(who(rows), BTreeSet::from(["invoice-app"]), "{rows}");
    }
}

/// What Prometheus' own linter asks for.
#[tokio::test(flavor = "multi_thread")]
async fn names_say_type_and_unit_as_prometheus_wants_them() {
    for (name, (one, _)) in by_name(&services()) {
        assert_eq!(name.ends_with("_total"), one.kind == Type::Counter, "{name}");
        assert!(["_count", "_sum", "_bucket"].iter().all(|end| !name.ends_with(end)), "{name}");
        assert!(one.kind != Type::Histogram || name.ends_with("_seconds"), "{name}");
        let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
        assert!(
            one.labels.iter().chain([&name]).all(|word| word.bytes().all(plain)),
            "{name} {:?}",
            one.labels
        );
        assert!(one.help.ends_with('.') && one.help.len() < 200, "{name}");
    }
}

/// The table of labels names the words of enums that it cannot see.
#[test]
fn the_words_of_labels_are_those_of_the_code() {
    let of = |metric, label| labels::values(metric, label).unwrap().words();
    fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|one| word(*one)).collect()
    }
    assert_eq!(of("invoice_charges_total", "kind"), words(Failure::ALL, Failure::as_str));
    assert_eq!(
        of("reconciliation_differences", "kind"),
        words(difference::Kind::ALL, difference::Kind::as_str)
    );
    assert_eq!(of("reconciliation_differences", "standing"), words(Standing::ALL, Standing::as_str));
    let states = |state: &OrderState| state.as_str().to_lowercase();
    assert_eq!(of("orders_total", "state"), OrderState::ALL.iter().map(states).collect::<Vec<_>>());
    let senders: BTreeSet<&str> = Kind::ALL.into_iter().map(Kind::sender).collect();
    let receivers = Kind::ALL.into_iter().flat_map(|kind| kind.receivers().iter().copied());
    let all: BTreeSet<&str> = senders.into_iter().chain(receivers).chain(["payment-provider"]).collect();
    assert_eq!(labels::SERVICES.iter().copied().collect::<BTreeSet<_>>(), all);
}
