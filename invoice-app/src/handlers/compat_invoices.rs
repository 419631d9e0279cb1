//! `/invoices`, as the oldest clients know it.

use actix_web::{HttpResponse, web};
use contracts::Decimal;
use serde::Serialize;
use service::Problem;

use super::state::State;
use super::stream::json_array;
use crate::domain::invoice::{Invoice, State as Stands};
use crate::domain::run::Scope;
use crate::store::invoices::{self, Filter};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Old {
    invoice_id: String,
    value: Decimal,
    currency: &'static str,
    is_paid: bool,
}

fn json(invoice: &Invoice) -> String {
    let old = Old {
        invoice_id: format!("I{}", invoice.id),
        value: Decimal(invoice.amount),
        currency: invoice.amount.currency.code(),
        is_paid: invoice.state == Stands::Paid,
    };
    serde_json::to_string(&old).unwrap_or_default()
}

/// `GET /invoices`: what `POST /invoices/pay` pays, so not the invoices of orders.
pub async fn list(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    json_array(&state.db, |conn, after, limit| {
        let page = invoices::page(conn, &Filter { of_runs: true, ..Filter::default() }, after, limit)?;
        Ok(page.iter().map(|invoice| (invoice.id, json(invoice))).collect())
    })
    .await
}

/// `POST /invoices/pay`: `{}` at once; rounds go on in the background until every invoice is paid.
pub async fn pay(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    state.start_rounds(Scope::Unpaid, state.max_rounds).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body("{}"))
}
