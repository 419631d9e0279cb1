//! Every URL of the payment provider.

use contracts::account::ACCOUNTS_PATH;
use contracts::capture::TOTALS_PATH;
use contracts::charge::{CHARGES_PATH, HEALTH_PATH};
use gate::token::Scope;
use service::routes::{Access, Routes};
use utoipa::OpenApi;

use crate::handlers::{accounts, captures, charges, compat};

const GATE: Access = Access::Gate;

/// The business port: behind the gate, without exception.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .at(CHARGES_PATH, |at| at.post(GATE, charges::charge_batch).get(GATE, captures::list_captures))
        .at("/pp/rest/v1/charges/{key}", |at| at.get(GATE, charges::get_charge))
        .at("/pp/rest/v1/charges/{key}/abandon", |at| at.post(GATE, charges::abandon_charge))
        .at(TOTALS_PATH, |at| at.get(GATE, captures::totals))
        .at(ACCOUNTS_PATH, |at| at.post(GATE, accounts::open_account).get(GATE, accounts::list_accounts))
        .at("/pp/rest/v1/accounts/{customer}", |at| at.get(GATE, accounts::get_account))
        .at("/pp/rest/v1/accounts/{customer}/deposits", |at| at.post(GATE, accounts::make_deposit))
        .at("/pp/rest/v1/accounts/{customer}/entries", |at| at.get(GATE, accounts::list_entries))
        .at(HEALTH_PATH, |at| at.get(GATE, charges::health))
}

/// The older paths, on a port of their own.
#[must_use]
pub fn compat_routes() -> Routes {
    let key = Access::Key(Scope::ChargeCompat);
    Routes::new()
        .at("/", |at| at.post(key, compat::charge))
        .at("/pp/rest/v1/charge", |at| at.post(key, compat::charge))
        .at("/payments/pay", |at| at.post(key, compat::pay))
        .at(HEALTH_PATH, |at| at.get(Access::Public, charges::health))
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Payment provider"),
    paths(
        charges::charge_batch,
        charges::get_charge,
        charges::abandon_charge,
        captures::list_captures,
        captures::totals,
        accounts::open_account,
        accounts::list_accounts,
        accounts::get_account,
        accounts::make_deposit,
        accounts::list_entries,
    )
)]
struct Document;

/// The OpenAPI document of the charge API.
#[must_use]
pub fn openapi() -> String {
    Document::openapi().to_pretty_json().unwrap_or_default()
}
