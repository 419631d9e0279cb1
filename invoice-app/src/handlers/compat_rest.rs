//! `/rest/v1`, as older clients know it: their own error bodies, unknown fields and media types ignored.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use contracts::{Amount, Currency};
use db::StoreError;
use serde::Serialize;
use service::Problem;

use super::state::State;
use super::stream::json_array;
use crate::domain::customer::Customer;
use crate::domain::invoice::Invoice;
use crate::domain::run::Scope;
use crate::store::customers;
use crate::store::invoices::{self, Filter};

/// An answer in these paths' own form: a JSON string.
#[derive(Debug)]
pub struct Refused(StatusCode, String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.0
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.0).json(&self.1)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        if error == StoreError::NotFound {
            return Self(StatusCode::NOT_FOUND, "not found".into());
        }
        let problem = Problem::from(error);
        Self(problem.status_code(), problem.to_string())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OldInvoice {
    id: i64,
    customer_id: i64,
    amount: Amount,
    status: &'static str,
}

#[derive(Serialize)]
struct OldCustomer {
    id: i64,
    currency: Currency,
}

fn invoice_json(invoice: &Invoice) -> String {
    let (id, customer_id) = (invoice.id, invoice.customer_id);
    let old = OldInvoice { id, customer_id, amount: Amount(invoice.amount), status: invoice.status() };
    serde_json::to_string(&old).unwrap_or_default()
}

fn customer_json(customer: &Customer) -> String {
    serde_json::to_string(&OldCustomer { id: customer.id, currency: customer.currency }).unwrap_or_default()
}

fn json(body: String) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

/// The number in the path; whatever is no number is not found.
fn id(req: &HttpRequest) -> Result<i64, StoreError> {
    req.match_info().query("id").parse().map_err(|_| StoreError::NotFound)
}

/// `GET /rest/v1/invoices`: not those of orders, as the oldest list does.
pub async fn list_invoices(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    json_array(&state.db, |conn, after, limit| {
        let page = invoices::page(conn, &Filter { of_runs: true, ..Filter::default() }, after, limit)?;
        Ok(page.iter().map(|invoice| (invoice.id, invoice_json(invoice))).collect())
    })
    .await
}

/// `GET /rest/v1/invoices/{id}`.
pub async fn get_invoice(state: web::Data<State>, req: HttpRequest) -> Result<HttpResponse, Refused> {
    let id = id(&req)?;
    let invoice = state.db.read(move |conn| invoices::get(conn, id)).await?;
    Ok(json(invoice_json(&invoice)))
}

/// `GET /rest/v1/customers`.
pub async fn list_customers(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    json_array(&state.db, |conn, after, limit| {
        let page = customers::page(conn, None, after, limit)?;
        Ok(page.iter().map(|customer| (customer.id, customer_json(customer))).collect())
    })
    .await
}

/// `GET /rest/v1/customers/{id}`.
pub async fn get_customer(state: web::Data<State>, req: HttpRequest) -> Result<HttpResponse, Refused> {
    let id = id(&req)?;
    let customer = state.db.read(move |conn| customers::get(conn, id)).await?;
    Ok(json(customer_json(&customer)))
}

/// `POST /rest/v1/invoices/pay`: `true` when one round over every unpaid invoice is done.
pub async fn pay(state: web::Data<State>) -> Result<HttpResponse, Refused> {
    let run = state.start_rounds(Scope::Unpaid, 1).await?;
    state.finished(run).await?;
    Ok(json("true".into()))
}

/// `POST /rest/v1/billing`: a round over the invoices that were never tried, in the background.
pub async fn start_billing(state: web::Data<State>) -> Result<HttpResponse, Refused> {
    state.start_rounds(Scope::Untried, 1).await?;
    Ok(HttpResponse::Ok().finish())
}

/// `POST /rest/v1/billing/retry`: a round over the invoices whose outcome is unknown, in the background.
pub async fn retry_billing(state: web::Data<State>) -> Result<HttpResponse, Refused> {
    state.start_rounds(Scope::Unknown, 1).await?;
    Ok(HttpResponse::Ok().finish())
}
