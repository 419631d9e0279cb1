//! Accounts that customers keep here, their deposits and their entries.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use contracts::account::{Account, Accounts, Deposit, DepositResult, Entries, Entry, OpenAccount};
use contracts::problem::Document;
use db::StoreError;
use serde::Deserialize;
use service::Problem;
use service::extract::{Json, Query};
use service::problem::Kind;
use utoipa::IntoParams;

use super::page::{after, cursor, cut, limit};
use super::state::State;
use crate::domain::charge::name_fault;
use crate::domain::wallet::Wallet;
use crate::flows;
use crate::flows::make_deposit::Deposited;
use crate::store::{movements, wallets};

fn show(wallet: Wallet) -> Account {
    let Wallet { customer, currency, balance, opened_at } = wallet;
    Account { customer, currency, balance, opened_at }
}

fn or_missing(error: StoreError) -> Problem {
    match error {
        StoreError::NotFound => Problem::because(Kind::NotFound, "the customer has no account: open one"),
        other => other.into(),
    }
}

fn named(field: &str, text: &str) -> Result<(), Problem> {
    name_fault(field, text).map_or(Ok(()), |fault| Err(Problem::field(Kind::Invalid, field, fault)))
}

/// Open an account. The same once more changes nothing.
#[utoipa::path(
    post, path = "/pp/rest/v1/accounts", tag = "accounts", request_body = OpenAccount,
    responses(
        (status = 201, body = Account, description = "Opened."),
        (status = 200, body = Account, description = "It was open."),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It is open in another currency."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "Names the field."),
    ),
)]
pub async fn open_account(
    state: web::Data<State>,
    Json(body): Json<OpenAccount>,
) -> Result<HttpResponse, Problem> {
    named("customer", &body.customer)?;
    let now = state.clock.now();
    let opened = flows::open_account::open_account(&state.db, body.customer, body.currency, now).await?;
    if opened.wallet.currency != body.currency {
        let kept = format!("the customer's account is kept in {}", opened.wallet.currency.code());
        return Err(Problem::field(Kind::Conflict, "currency", kept));
    }
    let status = if opened.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(show(opened.wallet)))
}

/// A page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 1,000 items; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// List accounts.
#[utoipa::path(get, path = "/pp/rest/v1/accounts", tag = "accounts", params(PageQuery), responses((status = 200, body = Accounts)))]
pub async fn list_accounts(
    state: web::Data<State>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<Accounts>, Problem> {
    let (after, limit) = (query.cursor.unwrap_or_default(), limit(query.limit)?);
    let rows = state.db.read(move |conn| wallets::page(conn, &after, limit + 1)).await?;
    let (rows, next_cursor) = cut(rows, limit, |last| last.customer.clone());
    Ok(web::Json(Accounts { items: rows.into_iter().map(show).collect(), next_cursor }))
}

/// Get an account.
#[utoipa::path(
    get, path = "/pp/rest/v1/accounts/{customer}", tag = "accounts", params(("customer" = String, Path, description = "Percent-encoded.")),
    responses((status = 200, body = Account), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn get_account(
    state: web::Data<State>,
    customer: web::Path<String>,
) -> Result<web::Json<Account>, Problem> {
    let found = state.db.read(move |conn| wallets::get(conn, &customer)).await;
    found.map(|wallet| web::Json(show(wallet))).map_err(or_missing)
}

/// Add money to an account, once per key.
#[utoipa::path(
    post, path = "/pp/rest/v1/accounts/{customer}/deposits", tag = "accounts", request_body = Deposit,
    params(("customer" = String, Path, description = "Percent-encoded.")),
    responses(
        (status = 200, body = DepositResult),
        (status = 404, body = Document, content_type = "application/problem+json", description = "No account."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "Names the field; `key-reused` when the key was used for another amount."),
    ),
)]
pub async fn make_deposit(
    state: web::Data<State>,
    customer: web::Path<String>,
    Json(deposit): Json<Deposit>,
) -> Result<web::Json<DepositResult>, Problem> {
    named("key", &deposit.key)?;
    let invalid = |field: &str, message: &str| Err(Problem::field(Kind::Invalid, field, message));
    if deposit.amount <= 0 {
        return invalid("amount", "give more than zero minor units");
    }
    let now = state.clock.now();
    let done = flows::make_deposit::make_deposit(&state.db, customer.into_inner(), deposit, now).await;
    match done.map_err(or_missing)? {
        Deposited::Done(wallet, replayed) => Ok(web::Json(DepositResult { account: show(wallet), replayed })),
        Deposited::OtherCurrency => invalid("currency", "the account is kept in another currency"),
        Deposited::TooLarge => invalid("amount", "the balance would become too large"),
        Deposited::KeyReused => Err(Problem::field(Kind::KeyReused, "amount", "differs")),
    }
}

/// List an account's entries in the order of time.
#[utoipa::path(
    get, path = "/pp/rest/v1/accounts/{customer}/entries", tag = "accounts", params(("customer" = String, Path, description = "Percent-encoded."), PageQuery),
    responses((status = 200, body = Entries), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn list_entries(
    state: web::Data<State>,
    customer: web::Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<Entries>, Problem> {
    let (after, limit) = (after(query.cursor.as_deref(), 0)?, limit(query.limit)?);
    let rows = state.db.read(move |conn| {
        wallets::get(conn, &customer)?;
        movements::entries(conn, &customer, after, limit + 1)
    });
    let (rows, next_cursor) =
        cut(rows.await.map_err(or_missing)?, limit, |last| cursor(last.at, &last.reference));
    Ok(web::Json(Entries { items: rows.into_iter().map(own_reference).collect(), next_cursor }))
}

/// A deposit is stored under its customer and its key; the customer knows it by the key.
fn own_reference(entry: Entry) -> Entry {
    let reference = entry.reference.rsplit(' ').next().unwrap_or_default().to_owned();
    Entry { reference, ..entry }
}
