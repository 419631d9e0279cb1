//! What is scraped is what docs/metrics.json describes: every metric, every label, no other value of a label.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use service::metrics::labels::{Values, values};
use testkit::Engine;

use crate::prometheus::{Labels, Prometheus};
use crate::stage::WORKER;

const DESCRIBED: &str = include_str!("../../../docs/metrics.json");
/// Labels of the scrape, and those that Prometheus itself puts in.
const SCRAPE: [&str; 5] = ["__name__", "instance", "job", "namespace", "service"];
/// What Prometheus notes about each scrape, and about alerts.
const NOTES: [&str; 7] = [
    "ALERTS",
    "ALERTS_FOR_STATE",
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];
/// The processes that had it are gone by the end, and its type with them.
const GONE: &str = "broker_connected";
/// Metrics that a service has and never shows: who tells nobody, hears of nobody, or answers nobody.
const NEVER: [(&str, &str); 3] = [
    ("events_published_total", "notifications"),
    ("events_consumed_total", "users"),
    ("http_server_request_duration_seconds", WORKER),
];
/// Whoever was first has charged.
const SOMETIMES: [(&str, &str); 1] = [("invoice_charged_amount_total", WORKER)];

#[derive(Deserialize)]
struct Described {
    name: String,
    r#type: String,
    labels: BTreeSet<String>,
    services: BTreeSet<String>,
}

fn may_be(metric: &str, label: &str, value: &str) -> bool {
    let all_of = |good: fn(char) -> bool| !value.is_empty() && value.chars().all(good);
    match values(metric, label) {
        None => false,
        Some(Values::Each(words) | Values::Few(words)) => words.contains(&value),
        Some(Values::Listed(words)) => words().contains(&value),
        Some(Values::Currencies) => value.len() == 3 && all_of(|c| c.is_ascii_uppercase()),
        Some(Values::Routes) => value == "unmatched" || routes().contains(value),
        Some(Values::Statuses) => value.len() == 3 && all_of(|c| c.is_ascii_digit()),
        Some(Values::Versions) => all_of(|c| c.is_ascii_digit() || c == '.'),
    }
}

/// The patterns of all services' paths, and those of admin ports and of events.
fn routes() -> BTreeSet<&'static str> {
    let lists = [
        invoice_app::routes::routes(),
        payment_provider::routes::routes(),
        payment_provider::routes::compat_routes(),
        users::routes::routes(),
        orders::routes::routes(),
        notifications::routes::routes(),
    ];
    let of = lists.iter().flat_map(|list| list.endpoints()).map(|endpoint| endpoint.path);
    of.chain([contracts::event::EVENTS_PATH, "/livez", "/readyz", "/startupz", "/metrics"]).collect()
}

/// The metric that a series is part of.
fn metric<'a>(series: &'a str, described: &BTreeMap<String, Described>) -> Option<&'a str> {
    let parts = ["_bucket", "_sum", "_count"];
    let of = parts
        .iter()
        .find_map(|part| series.strip_suffix(part))
        .filter(|name| described.get(*name).is_some_and(|one| one.r#type == "histogram"));
    of.or(Some(series)).filter(|name| described.contains_key(*name))
}

fn faults(series: &Labels, described: &BTreeMap<String, Described>) -> Vec<String> {
    let name = &series["__name__"];
    let Some(of) = metric(name, described) else { return vec![format!("{name} is not described")] };
    let one = &described[of];
    let bucket = name.len() > of.len();
    let theirs = |label: &str| SCRAPE.contains(&label) || (bucket && label == "le");
    let ours = |label: &&String| !theirs(label);
    let labels: BTreeSet<String> = series.keys().filter(ours).cloned().collect();
    let mut faults = Vec::new();
    // A label without a value is not stored.
    if labels != one.labels {
        faults.push(format!("{name} has the labels {labels:?} and not {:?}", one.labels));
    }
    if !one.services.contains(&series["service"]) {
        faults.push(format!("{name} is exported by {}, which is not described", series["service"]));
    }
    let wrong = labels.iter().filter(|label| !may_be(of, label, &series[*label]));
    faults.extend(wrong.map(|label| format!("{name}: {label} is never {:?}", series[label])));
    faults
}

/// Metrics that a service describes and does not export, or the other way round.
fn missing(one: &Described, seen: &BTreeSet<(String, String)>, engine: Engine) -> Vec<String> {
    let here = |service: &&String| *service != WORKER || engine == Engine::Postgres;
    let is_in =
        |list: &[(&str, &str)], service: &String| list.contains(&(one.name.as_str(), service.as_str()));
    let as_it_should = |service: &&String| {
        let exported = seen.contains(&(one.name.clone(), (*service).clone()));
        is_in(&SOMETIMES, service) || exported != is_in(&NEVER, service)
    };
    let wrong = one.services.iter().filter(here).filter(|service| !as_it_should(service));
    wrong.map(|service| format!("{service}: {} is exported and never is, or is not", one.name)).collect()
}

/// Of every process that was there, in both directions.
pub(crate) async fn is_what_is_described(prometheus: &Prometheus, engine: Engine) {
    let list: Vec<Described> = serde_json::from_str(DESCRIBED).expect("docs/metrics.json");
    let described: BTreeMap<_, _> = list.into_iter().map(|one| (one.name.clone(), one)).collect();
    let (series, types) = (prometheus.series().await, prometheus.types().await);
    let ours = series.iter().filter(|series| !NOTES.contains(&series["__name__"].as_str()));
    let mut wrong: BTreeSet<String> = ours.flat_map(|series| faults(series, &described)).collect();
    let of = |series: &Labels| {
        Some((metric(&series["__name__"], &described)?.to_owned(), series["service"].clone()))
    };
    let seen = series.iter().filter_map(of).collect();
    for one in described.values() {
        wrong.extend(missing(one, &seen, engine));
        let known = types.get(&one.name);
        if known != Some(&one.r#type) && one.name != GONE {
            wrong.insert(format!("{} is of the type {known:?} and not {}", one.name, one.r#type));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (series, metrics) = (series.len(), described.len());
    println!("observability: {series} series of {metrics} metrics, as docs/metrics.json says");
}
