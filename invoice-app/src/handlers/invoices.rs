//! `/v1/invoices`.

use actix_web::{HttpResponse, web};
use contracts::Amount;
use contracts::problem::Document;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use service::Problem;
use service::extract::{Id, Json, Query};
use service::idempotent::{IdempotencyKey, respond};
use service::problem::Kind;
use service::viewer::Viewer;
use utoipa::{IntoParams, ToSchema};

use super::page::{Page, PageQuery, moment, or_missing, page};
use super::state::State;
use crate::domain::attempt::Attempt;
use crate::domain::explain::explain;
use crate::domain::invoice::{self, NewInvoice};
use crate::flows;
use crate::flows::create_invoice::Refusal;
use crate::store::attempts;
use crate::store::invoices::{self, Filter};

/// An invoice to create.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvoice {
    /// Who pays.
    customer_id: i64,
    /// How much, more than zero, in the customer's currency.
    amount: Amount,
    /// On which of the customer's days it falls due, `YYYY-MM-DD`; today when not given.
    #[schema(value_type = Option<String>, format = Date)]
    due_on: Option<Date>,
}

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invoice {
    /// Number, also in URLs.
    id: i64,
    /// UUIDv7; what the payment provider knows it by.
    uid: String,
    /// Who pays.
    customer_id: i64,
    /// How much.
    amount: Amount,
    /// On which of the customer's days it falls due, `YYYY-MM-DD`.
    due_on: String,
    /// `PENDING`, `CHARGING`, `PAID`, `VOID` or `PARKED`.
    state: &'static str,
    /// The status as older clients know it, such as `ERROR_NO_BALANCE`.
    status: &'static str,
    /// Why it was not paid: a decline code, or what the provider could not take.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// How often it was tried.
    attempts: i32,
    /// When something happens next, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
    /// When it was paid, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_at: Option<String>,
    /// RFC 3339.
    created_at: String,
    /// What happens next, and why, in one sentence; in lists it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
}

fn show(invoice: &invoice::Invoice) -> Invoice {
    Invoice {
        id: invoice.id,
        uid: invoice.uid.clone(),
        customer_id: invoice.customer_id,
        amount: Amount(invoice.amount),
        due_on: invoice.due_on.to_string(),
        state: invoice.state.as_str(),
        status: invoice.status(),
        reason: invoice.last_code.clone(),
        attempts: invoice.attempt,
        next_at: invoice.next_at.map(moment),
        paid_at: invoice.paid_at.map(moment),
        created_at: moment(invoice.created_at),
        explanation: None,
    }
}

/// An invoice that is shown alone; `last` is its last attempt that is over.
pub(super) fn explained(invoice: &invoice::Invoice, last: Option<&Attempt>, retries: usize) -> Invoice {
    Invoice { explanation: Some(explain(invoice, last, retries)), ..show(invoice) }
}

fn json(invoice: &invoice::Invoice) -> String {
    // Retries are not spoken of before the first attempt.
    serde_json::to_string(&explained(invoice, None, 0)).unwrap_or_default()
}

/// Create an invoice.
#[utoipa::path(
    post, path = "/v1/invoices", tag = "invoices", request_body = CreateInvoice,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same answer.")),
    responses(
        (status = 201, body = Invoice),
        (status = 400, body = Document, content_type = "application/problem+json", description = "Not JSON."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "Names the field."),
    ),
)]
pub async fn create_invoice(
    state: web::Data<State>,
    key: IdempotencyKey,
    Json(body): Json<CreateInvoice>,
) -> Result<HttpResponse, Problem> {
    let keyed = key.of(&body)?;
    if body.amount.0.minor <= 0 {
        return Err(Problem::field(Kind::Invalid, "amount.value", "give more than zero"));
    }
    let new = NewInvoice { customer_id: body.customer_id, amount: body.amount.0, due_on: body.due_on };
    let now = state.clock.now();
    let outcome = flows::create_invoice::create_invoice(&state.db, new, keyed, now, json).await?;
    respond(outcome, refused)
}

fn refused(refusal: Refusal) -> Problem {
    let (field, message) = match refusal {
        Refusal::UnknownCustomer => ("customer_id", "there is no such customer".to_owned()),
        Refusal::CustomerPaysIn(currency) => ("amount.currency", format!("this customer pays in {currency}")),
        Refusal::ImpossibleDate => ("due_on", "this date cannot be reached".to_owned()),
    };
    Problem::field(Kind::Invalid, field, message)
}

/// Which invoices to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoicesQuery {
    /// Only those of this customer.
    customer_id: Option<i64>,
    /// Only those in this state: `PENDING`, `CHARGING`, `PAID`, `VOID` or `PARKED`.
    state: Option<String>,
    /// `next_cursor` of the page before; from the beginning when not given.
    cursor: Option<String>,
    /// 1 to 1,000 items; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// List invoices. A user's key lists those of its own customers.
#[utoipa::path(get, path = "/v1/invoices", tag = "invoices", params(InvoicesQuery), responses((status = 200, body = Page<Invoice>)))]
pub async fn list_invoices(
    state: web::Data<State>,
    viewer: Viewer,
    Query(query): Query<InvoicesQuery>,
) -> Result<web::Json<Page<Invoice>>, Problem> {
    let known = |word: String| {
        let message = "give PENDING, CHARGING, PAID, VOID or PARKED";
        invoice::State::parse(&word).ok_or_else(|| Problem::field(Kind::Malformed, "state", message))
    };
    let filter = Filter {
        user: viewer.user().map(str::to_owned),
        customer_id: query.customer_id,
        state: query.state.map(known).transpose()?,
        of_runs: false,
    };
    let (after, limit) = PageQuery { cursor: query.cursor, limit: query.limit }.bounds()?;
    let rows = state.db.read(move |conn| invoices::page(conn, &filter, after, limit + 1)).await?;
    Ok(web::Json(page(rows, limit, |invoice| invoice.id, show)))
}

/// Get an invoice.
#[utoipa::path(
    get, path = "/v1/invoices/{id}", tag = "invoices", params(("id" = i64, Path)),
    responses((status = 200, body = Invoice), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn get_invoice(
    state: web::Data<State>,
    viewer: Viewer,
    Id(id): Id,
) -> Result<web::Json<Invoice>, Problem> {
    let found = state.db.read(move |conn| {
        let invoice = invoices::get_of(conn, viewer.user(), id)?;
        Ok((attempts::last(conn, id)?, invoice))
    });
    let (last, invoice) = found.await.map_err(|e| or_missing(e, "invoice"))?;
    Ok(web::Json(explained(&invoice, last.as_ref(), state.retries())))
}
