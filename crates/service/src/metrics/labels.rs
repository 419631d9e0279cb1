//! Which values each label can have. A label whose values anybody can make up would fill the memory of whoever
//! scrapes: what is not declared here is not registered.

use contracts::Currency;
use contracts::event::Kind;
use gate::Refusal;

use Values::{Currencies, Each, Few, Listed, Routes, Statuses, Versions};

/// The values of a label.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// These words, and each of them in every process that has the metric: its series begin at 0.
    Each(&'static [&'static str]),
    /// These words, of which a process may have few.
    Few(&'static [&'static str]),
    /// The words of an enum, likewise.
    Listed(fn() -> Vec<&'static str>),
    /// ISO 4217 codes.
    Currencies,
    /// Patterns of the service's routes, and `unmatched`.
    Routes,
    /// HTTP status codes.
    Statuses,
    /// Versions of the program, by semantic versioning.
    Versions,
}

/// Services, as events and certificates name them.
pub const SERVICES: &[&str] = &["invoice-app", "payment-provider", "users", "orders", "notifications"];
pub(super) const METHODS: &[&str] = &["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "_OTHER"];
/// Who an event is for; `nobody` where it is of no known type, `broker` where a broker knows better.
pub const RECEIVERS: &[&str] = &["invoice-app", "orders", "notifications", "broker", "nobody", "other"];
/// Who was refused; `none` where nobody was identified.
const PRINCIPALS: &[&str] =
    &["invoice-app", "payment-provider", "users", "orders", "notifications", "team", "user", "other", "none"];
/// What is read again when its files change; `pair` in tests.
const CREDENTIALS: &[&str] =
    &["api_jwks", "caller", "charge_jwks", "event_jwks", "event_sender", "identity", "mail", "pair"];
const CHARGED: &[&str] = &["captured", "declined", "parked", "unknown", "not_attempted"];
const FAILURES: &[&str] = &[
    "none",
    "soft",
    "hard",
    "customer_not_found",
    "currency_mismatch",
    "invalid",
    "conflict",
    "abandoned",
    "unreadable",
    "turned_away",
    "network",
];
const RUN_STATES: &[&str] =
    &["expected", "captured", "declined", "parked", "unknown", "in_flight", "remaining"];
const RUN_AMOUNTS: &[&str] = &["expected", "captured", "declined", "parked", "unknown", "remaining"];
const DIFFERENCES: &[&str] = &[
    "captured_not_paid",
    "amount_differs",
    "unknown_invoice",
    "captured_void",
    "paid_not_captured",
    "captured_twice",
];
const VERDICTS: &[&str] = &[
    "captured",
    "declined",
    "already_captured",
    "conflict",
    "unknown_customer",
    "currency_mismatch",
    "invalid",
    "abandoned",
];

/// Metric, or nothing where it is the same for every one; label; values.
type Row = (&'static str, &'static str, Values);

const TABLE: &[Row] = &[
    ("", "http_request_method", Few(METHODS)),
    ("", "http_route", Routes),
    ("", "http_response_status_code", Statuses),
    ("", "currency", Currencies),
    ("", "version", Versions),
    ("http_client_request_duration_seconds", "peer", Few(SERVICES)),
    ("http_client_request_duration_seconds", "outcome", Few(&["answered", "refused", "unknown"])),
    ("auth_refusals_total", "layer", Few(&["application"])),
    ("auth_refusals_total", "reason", Listed(reasons)),
    ("auth_refusals_total", "principal", Few(PRINCIPALS)),
    ("api_keys_accepted_total", "remaining", Each(&["week", "longer"])),
    ("db_client_connections", "state", Each(&["used", "idle"])),
    ("", "what", Few(CREDENTIALS)),
    ("identity_reloads_total", "result", Few(&["taken_over", "refused"])),
    ("revocation_polls_total", "result", Each(&["ok", "failed"])),
    ("telemetry_exported_total", "signal", Each(&["traces", "logs"])),
    ("telemetry_exported_total", "result", Each(&["sent", "failed", "dropped"])),
    ("events_published_total", "kind", Listed(kinds)),
    ("events_published_total", "outcome", Few(&["done", "later", "refused", "unreachable"])),
    ("events_consumed_total", "kind", Listed(kinds)),
    ("events_consumed_total", "outcome", Few(&["done", "later", "refused"])),
    ("events_published_total", "receiver", Few(RECEIVERS)),
    ("events_held", "receiver", Each(RECEIVERS)),
    ("events_held", "state", Each(&["waiting", "parked"])),
    ("broker_connected", "use", Few(&["publish", "consume"])),
    ("invoice_charges_total", "outcome", Each(CHARGED)),
    ("invoice_charges_total", "kind", Each(FAILURES)),
    ("invoice_charged_amount_total", "outcome", Few(&["captured", "declined"])),
    ("billing_runs", "state", Each(&["running", "paused"])),
    ("billing_run_invoices", "state", Each(RUN_STATES)),
    ("billing_run_amount", "state", Few(RUN_AMOUNTS)),
    ("reconciliations_total", "result", Each(&["done", "failed"])),
    ("reconciliation_differences", "kind", Each(DIFFERENCES)),
    ("reconciliation_differences", "standing", Each(&["open", "repaired", "parked"])),
    ("provider_charges_total", "verdict", Each(VERDICTS)),
    ("orders_total", "state", Each(&["placed", "cancelling", "confirmed", "rejected", "cancelled"])),
    ("notifications_total", "outcome", Each(&["sent", "again", "failed"])),
];

fn reasons() -> Vec<&'static str> {
    Refusal::ALL.iter().map(|refusal| refusal.reason()).collect()
}

fn kinds() -> Vec<&'static str> {
    Kind::ALL.into_iter().map(Kind::name).chain(["unknown"]).collect()
}

/// Which values a label of a metric can have, if it is declared.
#[must_use]
pub fn values(metric: &str, label: &str) -> Option<Values> {
    let of = |row: &&Row| row.1 == label && (row.0 == metric || row.0.is_empty());
    TABLE.iter().find(of).map(|row| row.2)
}

/// The value itself where it is one of a closed list, and else `other`.
#[must_use]
pub fn known<'a>(list: &[&'static str], value: &'a str) -> &'a str {
    if list.contains(&value) { value } else { "other" }
}

/// A receiver of events, as labels name it.
#[must_use]
pub fn receiver(name: &str) -> &str {
    known(RECEIVERS, name)
}

/// Every combination of values, where each value of each label occurs.
pub(super) fn each(metric: &str, labels: &[&str], mut begin: impl FnMut(&[&str])) {
    let mut all: Vec<Vec<&str>> = vec![Vec::new()];
    for label in labels {
        let Some(Each(words)) = values(metric, label) else { return };
        let longer = |begun: &Vec<&'static str>| {
            words.iter().map(|word| [begun.as_slice(), &[*word]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all.iter().for_each(|values| begin(values));
}

impl Values {
    /// Whether this is one of them; `routes` are the patterns of the service.
    #[must_use]
    pub fn allows(self, value: &str, routes: &[&str]) -> bool {
        let number = |text: &str| text.parse::<u32>().is_ok();
        match self {
            Each(words) | Few(words) => words.contains(&value),
            Listed(words) => words().contains(&value),
            Currencies => value.parse::<Currency>().is_ok(),
            Routes => value == "unmatched" || routes.contains(&value),
            Statuses => value.len() == 3 && value.parse().is_ok_and(|code: u16| (100..600).contains(&code)),
            Versions => value.split('.').count() == 3 && value.split('.').all(number),
        }
    }

    /// What they are, for the documents.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Each(words) | Few(words) => words.to_vec(),
            Listed(words) => words(),
            Currencies | Routes | Statuses | Versions => Vec::new(),
        }
    }

    /// What they are where they are not listed.
    #[must_use]
    pub fn said(self) -> &'static str {
        match self {
            Each(_) | Few(_) | Listed(_) => "",
            Currencies => "ISO 4217",
            Routes => "the service's routes, or `unmatched`",
            Statuses => "HTTP status codes",
            Versions => "semantic versions",
        }
    }
}
