//! `/v1/billing-runs`.

use actix_web::{HttpResponse, web};
use contracts::problem::Document;
use db::idempotency::Outcome;
use serde::{Deserialize, Serialize};
use service::Problem;
use service::extract::{Id, Json, Query};
use service::idempotent::{IdempotencyKey, respond};
use service::problem::Kind;
use service::viewer::Caller;
use utoipa::ToSchema;

use super::page::{Page, PageQuery, or_missing, page};
use super::runs::{Preview, ShownRun, preview, run_json, shown_run};
use super::state::State;
use crate::domain::progress::Progress;
use crate::domain::run::{Run, RunState, Scope};
use crate::flows::change_run::change_run;
use crate::flows::preview_run::preview_run;
use crate::flows::start_run::{Refusal, start_run_once};
use crate::store::{runs, tallies};

/// Most invoices that a run can be given.
const MOST_IDS: usize = 1_000;

/// A run to start.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRun {
    /// `due`: what has fallen due. `retryable`: what was declined before, whenever its next attempt was planned.
    /// `unpaid`: all that waits to be charged, whenever it was planned. `ids`: the given ones.
    #[schema(example = "due")]
    scope: String,
    /// The invoices of the scope `ids`, 1 to 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ids: Vec<i64>,
    /// What it is for, 1 to 100 characters: two triggers of one key are one run. A key of its own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope_key: Option<String>,
    /// Start nothing, and tell what it would be about.
    #[serde(default)]
    dry_run: bool,
}

/// Start a billing run, or tell what it would be about. It goes on in the background.
#[utoipa::path(
    post, path = "/v1/billing-runs", tag = "billing", request_body = CreateRun,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same answer.")),
    responses(
        (status = 200, body = Preview, description = "With `dry_run`. Without it, the run that has this scope key already."),
        (status = 201, body = ShownRun),
        (status = 400, body = Document, content_type = "application/problem+json", description = "Not JSON."),
        (status = 409, body = Document, content_type = "application/problem+json", description = "A run over another scope has this scope key."),
        (status = 422, body = Document, content_type = "application/problem+json", description = "Names the field."),
    ),
)]
pub async fn create_billing_run(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    Json(mut body): Json<CreateRun>,
) -> Result<HttpResponse, Problem> {
    let keyed = key.of(&body)?;
    let scope = scope(&body)?;
    // An invoice that is named twice is one invoice.
    body.ids.sort_unstable();
    body.ids.dedup();
    let now = state.clock.now();
    if body.dry_run {
        let sums = preview_run(&state.db, scope, body.ids, state.policy.card_network, now).await?;
        return Ok(HttpResponse::Ok().json(preview(scope.as_str(), &sums, now)));
    }
    let scope_key = scope_key(body.scope_key, now)?;
    let new = state.new_run(scope_key, scope, caller.0);
    let outcome = start_run_once(&state.db, new, body.ids, keyed, now, run_json).await?;
    state.wake.notify_one();
    match outcome {
        Outcome::Refused(Refusal::Exists(there)) if there.0.scope == scope => {
            Ok(HttpResponse::Ok().json(shown_run(&there.0, &there.1)))
        }
        other => respond(other, refused),
    }
}

fn scope(body: &CreateRun) -> Result<Scope, Problem> {
    let scope = match body.scope.as_str() {
        "due" => Scope::Due,
        "retryable" => Scope::Retryable,
        "unpaid" => Scope::Unpaid,
        "ids" => Scope::Ids,
        _ => return Err(Problem::field(Kind::Invalid, "scope", "give due, retryable, unpaid or ids")),
    };
    let good =
        if scope == Scope::Ids { (1..=MOST_IDS).contains(&body.ids.len()) } else { body.ids.is_empty() };
    if good {
        return Ok(scope);
    }
    Err(Problem::field(
        Kind::Invalid,
        "ids",
        "give 1 to 1000 numbers with the scope ids, and none with another",
    ))
}

fn scope_key(given: Option<String>, now: i64) -> Result<String, Problem> {
    let Some(key) = given else { return Ok(format!("api/{}", service::id::uuid(now))) };
    // The schedule's keys are its own: a run under one of them would take the schedule's place.
    let taken = ["due/", "collect/", "compat/"].iter().any(|own| key.starts_with(own));
    if (1..=100).contains(&key.chars().count()) && !key.chars().any(char::is_control) && !taken {
        return Ok(key);
    }
    let message = "give 1 to 100 characters that do not begin with due/, collect/ or compat/";
    Err(Problem::field(Kind::Invalid, "scope_key", message))
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Exists(there) => Problem::because(
            Kind::Conflict,
            format!("run {} over {} has this scope key", there.0.id, there.0.scope.as_str()),
        ),
        Refusal::Unknown(ids) => {
            let some: Vec<String> = ids.iter().take(10).map(i64::to_string).collect();
            Problem::field(Kind::Invalid, "ids", format!("there is no invoice {}", some.join(", ")))
        }
    }
}

/// List billing runs, the newest first.
#[utoipa::path(get, path = "/v1/billing-runs", tag = "billing", params(PageQuery), responses((status = 200, body = Page<ShownRun>)))]
pub async fn list_billing_runs(
    state: web::Data<State>,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<Page<ShownRun>>, Problem> {
    let (cursor, limit) = query.bounds()?;
    let before = if cursor == 0 { i64::MAX } else { cursor };
    let found = state.db.read(move |conn| {
        let all = runs::page(conn, before, limit + 1)?;
        let with = |run: Run| Ok((tallies::progress(conn, run.id, None)?, run));
        all.into_iter().map(with).collect::<Result<Vec<(Progress, Run)>, db::StoreError>>()
    });
    let rows = found.await?;
    Ok(web::Json(page(rows, limit, |(_, run)| run.id, |(progress, run)| shown_run(run, progress))))
}

/// A run with its progress.
pub(super) async fn find(state: &State, id: i64) -> Result<(Run, Progress), Problem> {
    let found = state.db.read(move |conn| Ok((runs::get(conn, id)?, tallies::progress(conn, id, None)?)));
    found.await.map_err(|e| or_missing(e, "billing run"))
}

/// Get a billing run with its progress.
#[utoipa::path(
    get, path = "/v1/billing-runs/{id}", tag = "billing", params(("id" = i64, Path)),
    responses((status = 200, body = ShownRun), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn get_billing_run(state: web::Data<State>, Id(id): Id) -> Result<web::Json<ShownRun>, Problem> {
    let (run, progress) = find(&state, id).await?;
    Ok(web::Json(shown_run(&run, &progress)))
}

async fn become_(state: &State, id: i64, wanted: RunState) -> Result<web::Json<ShownRun>, Problem> {
    let done = change_run(&state.db, id, wanted, state.clock.now()).await;
    match done.map_err(|e| or_missing(e, "billing run"))? {
        Ok(run) => {
            state.wake.notify_one();
            let (_, progress) = find(state, id).await?;
            Ok(web::Json(shown_run(&run, &progress)))
        }
        Err(stands) => Err(Problem::because(Kind::Conflict, format!("the run is {}", stands.as_str()))),
    }
}

/// Pause a billing run: what is in flight is settled, nothing more is claimed.
#[utoipa::path(
    post, path = "/v1/billing-runs/{id}/pause", tag = "billing", params(("id" = i64, Path)),
    responses((status = 200, body = ShownRun), (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It has ended.")),
)]
pub async fn pause_billing_run(state: web::Data<State>, Id(id): Id) -> Result<web::Json<ShownRun>, Problem> {
    become_(&state, id, RunState::Paused).await
}

/// Resume a billing run that was paused.
#[utoipa::path(
    post, path = "/v1/billing-runs/{id}/resume", tag = "billing", params(("id" = i64, Path)),
    responses((status = 200, body = ShownRun), (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It has ended.")),
)]
pub async fn resume_billing_run(state: web::Data<State>, Id(id): Id) -> Result<web::Json<ShownRun>, Problem> {
    become_(&state, id, RunState::Running).await
}

/// Cancel a billing run for good: what it has not claimed is left to later runs, what it has is settled.
#[utoipa::path(
    post, path = "/v1/billing-runs/{id}/cancel", tag = "billing", params(("id" = i64, Path)),
    responses((status = 200, body = ShownRun), (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It is finished.")),
)]
pub async fn cancel_billing_run(state: web::Data<State>, Id(id): Id) -> Result<web::Json<ShownRun>, Problem> {
    become_(&state, id, RunState::Cancelled).await
}
