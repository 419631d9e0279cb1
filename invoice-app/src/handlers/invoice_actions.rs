//! `/v1/invoices/{id}/...`: history, and what a person may do.

use actix_web::{HttpResponse, web};
use contracts::problem::Document;
use serde::Serialize;
use service::Problem;
use service::extract::Id;
use service::problem::Kind;
use service::viewer::{Caller, Viewer};
use utoipa::ToSchema;

use super::invoices::{Invoice, explained};
use super::page::{moment, or_missing};
use super::runs::{ShownRun, shown_run};
use super::state::State;
use crate::domain::attempt;
use crate::domain::invoice;
use crate::domain::run::{Run, Scope};
use crate::flows;
use crate::flows::void_invoice::Telling;
use crate::store::{attempts, invoices, tallies};

/// An attempt that is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attempt {
    /// Counted from 1.
    attempt: i32,
    /// The run that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<i64>,
    /// When the provider was asked, RFC 3339.
    started_at: String,
    /// When the verdict was known, RFC 3339.
    ended_at: String,
    /// `captured`, `already_captured`, `declined`, `unknown_customer`, `reconciled`, ...
    outcome: String,
    /// Why the money was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_code: Option<String>,
    /// When the next attempt was planned for, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
}

/// The history of an invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attempts {
    /// In order; an attempt that is still open is not among them.
    items: Vec<Attempt>,
}

fn shown(attempt: attempt::Attempt) -> Attempt {
    Attempt {
        attempt: attempt.attempt,
        run_id: attempt.run_id,
        started_at: moment(attempt.started_at),
        ended_at: moment(attempt.ended_at),
        outcome: attempt.outcome,
        decline_code: attempt.decline_code,
        next_at: attempt.next_at.map(moment),
    }
}

/// List the attempts to charge an invoice.
#[utoipa::path(
    get, path = "/v1/invoices/{id}/attempts", tag = "invoices", params(("id" = i64, Path)),
    responses((status = 200, body = Attempts), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn list_attempts(
    state: web::Data<State>,
    viewer: Viewer,
    Id(id): Id,
) -> Result<web::Json<Attempts>, Problem> {
    let history = state.db.read(move |conn| {
        invoices::get_of(conn, viewer.user(), id)?;
        attempts::history(conn, id)
    });
    let items = history.await.map_err(|e| or_missing(e, "invoice"))?;
    Ok(web::Json(Attempts { items: items.into_iter().map(shown).collect() }))
}

/// Void an invoice that waits to be charged: it never will be. One that is void already stays so.
#[utoipa::path(
    post, path = "/v1/invoices/{id}/void", tag = "invoices", params(("id" = i64, Path)),
    responses(
        (status = 200, body = Invoice),
        (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It is paid, an attempt is open, or it was set aside (release it first)."),
    ),
)]
pub async fn void_invoice(state: web::Data<State>, Id(id): Id) -> Result<web::Json<Invoice>, Problem> {
    let telling = Telling { wanted: state.tells, traceparent: service::trace::parent() };
    let done = flows::void_invoice::void_invoice(&state.db, id, telling, state.clock.now()).await;
    state.told.notify_one();
    answer(&state, done)
}

/// Release an invoice that was set aside: it may be charged again from now on.
#[utoipa::path(
    post, path = "/v1/invoices/{id}/release", tag = "invoices", params(("id" = i64, Path)),
    responses(
        (status = 200, body = Invoice),
        (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It was not set aside."),
    ),
)]
pub async fn release_invoice(state: web::Data<State>, Id(id): Id) -> Result<web::Json<Invoice>, Problem> {
    let (budget, now) = (state.policy.card_network, state.clock.now());
    answer(&state, flows::release_invoice::release_invoice(&state.db, id, budget, now).await)
}

/// Collect an invoice that waits to be charged: a billing run over it alone, in the background.
#[utoipa::path(
    post, path = "/v1/invoices/{id}/collect", tag = "invoices", params(("id" = i64, Path)),
    responses(
        (status = 202, body = ShownRun),
        (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It does not wait to be charged, or is an order's, which is charged by itself."),
    ),
)]
pub async fn collect_invoice(
    state: web::Data<State>,
    caller: Caller,
    Id(id): Id,
) -> Result<HttpResponse, Problem> {
    let invoice = state.db.read(move |conn| invoices::get(conn, id)).await;
    let invoice = invoice.map_err(|e| or_missing(e, "invoice"))?;
    if invoice.origin == invoice::Origin::Order {
        return Err(Problem::because(Kind::Conflict, "it is an order's, which is charged by itself"));
    }
    if invoice.state != invoice::State::Pending {
        return Err(stands(invoice.state));
    }
    let run = collecting(&state, &invoice, caller).await?;
    let number = run.id;
    let progress = state.db.read(move |conn| tallies::progress(conn, number, None)).await?;
    Ok(HttpResponse::Accepted().json(shown_run(&run, &progress)))
}

/// The run over an invoice alone. Of one attempt there is one, however often it is asked for; unless that one ended
/// without it, because it was cancelled, or the card networks did not allow it yet.
async fn collecting(state: &State, invoice: &invoice::Invoice, caller: Caller) -> Result<Run, Problem> {
    let mut key = format!("collect/{}/{}", invoice.uid, invoice.attempt + 1);
    loop {
        let run = state.start_run(key.clone(), Scope::Ids, vec![invoice.id], caller.0.clone()).await?;
        if !run.state.is_final() {
            return Ok(run);
        }
        key = format!("{key}/{}", run.id);
    }
}

fn stands(state: invoice::State) -> Problem {
    Problem::because(Kind::Conflict, format!("the invoice is {}", state.as_str()))
}

fn answer(
    state: &State,
    done: Result<Result<invoice::Invoice, invoice::State>, db::StoreError>,
) -> Result<web::Json<Invoice>, Problem> {
    match done.map_err(|e| or_missing(e, "invoice"))? {
        Ok(invoice) => Ok(web::Json(explained(&invoice, None, state.retries()))),
        Err(state) => Err(stands(state)),
    }
}
