//! `/v1/customers/{id}/account` and `/deposits`: the customer's balance, which the payment provider keeps.

use actix_web::{HttpResponse, web};
use contracts::account::Entry;
use contracts::problem::Document;
use contracts::{Amount, Money};
use serde::{Deserialize, Serialize};
use service::Problem;
use service::extract::{Id, Json, Query};
use service::idempotent::IdempotencyKey;
use service::problem::Kind;
use service::viewer::Viewer;
use utoipa::ToSchema;

use super::page::{PageQuery, moment, or_missing};
use super::state::State;
use crate::clients::accounts::AccountError;
use crate::domain::customer::Customer;
use crate::store::customers;

/// A customer's account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    /// What is left on it.
    balance: Amount,
    /// RFC 3339.
    opened_at: String,
    /// What raised and lowered it, in the order of time.
    entries: Vec<ShownEntry>,
    /// For the next entries; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One change of the balance.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownEntry {
    /// `deposit` or `capture`.
    kind: String,
    /// The deposit's key, or UUID of the invoice that was paid.
    reference: String,
    /// Below zero when the balance went down.
    amount: Amount,
    /// RFC 3339.
    at: String,
}

/// Money to add to an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeDeposit {
    /// How much, in the currency of the account; more than zero.
    amount: Amount,
}

/// What became of a deposit.
#[derive(Debug, Serialize, ToSchema)]
pub struct DepositMade {
    /// What is on the account now.
    balance: Amount,
}

fn shown(entry: Entry) -> ShownEntry {
    let Entry { kind, reference, amount, currency, at } = entry;
    ShownEntry { kind, reference, amount: Amount(Money { minor: amount, currency }), at: moment(at) }
}

/// Get a customer's account, asked from the payment provider now.
#[utoipa::path(
    get, path = "/v1/customers/{id}/account", tag = "customers", params(("id" = i64, Path), PageQuery),
    responses(
        (status = 200, body = Account),
        (status = 404, body = Document, content_type = "application/problem+json", description = "No such customer, or it has no account."),
        (status = 409, body = Document, content_type = "application/problem+json", description = "The payment provider is a legacy one, which keeps no accounts."),
        (status = 503, body = Document, content_type = "application/problem+json", description = "The payment provider does not answer."),
    ),
)]
pub async fn get_account(
    state: web::Data<State>,
    viewer: Viewer,
    Id(id): Id,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<Account>, Problem> {
    let limit = query.length()?;
    let customer = customer(&state, &viewer, id).await?;
    let provider = state.provider.peer();
    let account = provider.account(&customer.uid).await.map_err(refused)?;
    let page = provider.entries(&customer.uid, query.cursor.as_deref(), limit).await.map_err(refused)?;
    Ok(web::Json(Account {
        balance: Amount(Money { minor: account.balance, currency: account.currency }),
        opened_at: moment(account.opened_at),
        entries: page.items.into_iter().map(shown).collect(),
        next_cursor: page.next_cursor,
    }))
}

/// Add money to a customer's account, which is opened if there is none.
#[utoipa::path(
    post, path = "/v1/customers/{id}/deposits", tag = "customers", request_body = MakeDeposit,
    params(
        ("id" = i64, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 100 characters. The same key adds the money once to this account."),
    ),
    responses(
        (status = 201, body = DepositMade),
        (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "The payment provider is a legacy one, which keeps no accounts."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "Names the field; `key-reused` when the key was used for another amount."),
        (status = 503, body = Document, content_type = "application/problem+json", description = "The payment provider does not answer; ask again with the same key."),
    ),
)]
pub async fn make_deposit(
    state: web::Data<State>,
    viewer: Viewer,
    Id(id): Id,
    key: IdempotencyKey,
    Json(body): Json<MakeDeposit>,
) -> Result<HttpResponse, Problem> {
    let invalid = |field: &str, message: &str| Err(Problem::field(Kind::Invalid, field, message));
    let amount = body.amount.0;
    let key = match key.of(&body)? {
        Some(keyed) if keyed.key.len() > 100 => {
            return invalid("Idempotency-Key", "give at most 100 characters");
        }
        Some(keyed) => keyed.key,
        None => service::id::uuid(state.clock.now()),
    };
    if amount.minor <= 0 {
        return invalid("amount", "give more than zero");
    }
    let customer = customer(&state, &viewer, id).await?;
    if customer.currency != amount.currency {
        return invalid("amount.currency", &format!("the customer pays in {}", customer.currency));
    }
    let provider = state.provider.peer();
    let mut made = provider.deposit(&customer.uid, key.clone(), amount).await;
    if made == Err(AccountError::None) {
        provider.open_account(&customer.uid, customer.currency).await.map_err(refused)?;
        made = provider.deposit(&customer.uid, key, amount).await;
    }
    let made = made.map_err(refused)?;
    let mut response = HttpResponse::Created();
    if made.replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    let balance = Amount(Money { minor: made.account.balance, currency: made.account.currency });
    Ok(response.json(DepositMade { balance }))
}

async fn customer(state: &State, viewer: &Viewer, id: i64) -> Result<Customer, Problem> {
    let user = viewer.user().map(str::to_owned);
    let found = state.db.read(move |conn| customers::get_of(conn, user.as_deref(), id)).await;
    found.map_err(|e| or_missing(e, "customer"))
}

fn refused(error: AccountError) -> Problem {
    match error {
        AccountError::None => Problem::because(Kind::NotFound, "the customer has no account: make a deposit"),
        AccountError::Legacy => Problem::because(Kind::Conflict, error.to_string()),
        AccountError::Refused(document) if document.kind.ends_with(":key-reused") => {
            Problem::fields(Kind::KeyReused, document.errors)
        }
        AccountError::Refused(document) if document.kind.ends_with(":malformed") => {
            Problem::fields(Kind::Malformed, document.errors)
        }
        AccountError::Refused(document) => Problem::fields(Kind::Invalid, document.errors),
        AccountError::Call(why) => {
            tracing::warn!(why, "the payment provider did not answer about an account");
            Problem::because(
                Kind::Unavailable,
                "the payment provider does not answer; ask again with the same key",
            )
        }
    }
}
