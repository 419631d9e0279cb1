//! `/v1/billing-runs/{id}/certificate`: what a run came to, held against our own history and the provider's books.

use std::collections::BTreeMap;

use actix_web::web;
use contracts::capture::Total;
use contracts::problem::Document;
use contracts::{Currency, Decimal, Money};
use serde::Serialize;
use service::Problem;
use service::clock::{Micros, SECOND};
use service::extract::Id;
use service::problem::Kind;
use utoipa::ToSchema;

use super::billing_runs::find;
use super::captures::{must_list, no_answer};
use super::page::moment;
use super::runs::{ShownRun, shown_run};
use super::state::State;
use crate::domain::progress::{Line, Progress};
use crate::store::{attempts, tallies};

/// The provider's clock may differ from ours by so much.
const CLOCKS: Micros = 60 * SECOND;

/// A billing run that has ended, and whether everything agrees with it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Certificate {
    /// The run.
    run: ShownRun,
    /// Our own history, attempt by attempt.
    history: Agreement,
    /// The provider's books over the time of the run.
    provider: Comparison,
    /// Every invoice has its verdict, and both agree.
    reconciled: bool,
    /// RFC 3339.
    issued_at: String,
}

/// Whether the attempts that the run made add up to what it counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Agreement {
    /// They do.
    agrees: bool,
}

/// Everything that was captured in the time of the run, by either side.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// Both sides have the same numbers and sums.
    agrees: bool,
    /// One per currency.
    amounts: Vec<Sides>,
}

/// One currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sides {
    /// ISO 4217 code.
    #[schema(value_type = String)]
    currency: Currency,
    /// What we hold to be paid.
    #[schema(value_type = f64)]
    ours: Decimal,
    /// What the provider captured.
    #[schema(value_type = f64)]
    provider: Decimal,
    /// How many invoices we hold to be paid.
    invoices_ours: i64,
    /// How many it captured.
    invoices_provider: i64,
}

/// Get the certificate of a billing run that has ended. The provider is asked for its sums now.
#[utoipa::path(
    get, path = "/v1/billing-runs/{id}/certificate", tag = "billing", params(("id" = i64, Path)),
    responses(
        (status = 200, body = Certificate),
        (status = 404, body = Document, content_type = "application/problem+json"),
        (status = 409, body = Document, content_type = "application/problem+json", description = "It has not ended, or the payment provider is a legacy one, which lists nothing."),
        (status = 503, body = Document, content_type = "application/problem+json", description = "The payment provider does not answer."),
    ),
)]
pub async fn get_certificate(state: web::Data<State>, Id(id): Id) -> Result<web::Json<Certificate>, Problem> {
    let (run, progress) = find(&state, id).await?;
    let Some(ended_at) = run.ended_at else {
        return Err(Problem::because(Kind::Conflict, format!("the run is {}", run.state.as_str())));
    };
    must_list(&state)?;
    let window = run.created_at - CLOCKS..ended_at + CLOCKS;
    let theirs = state.provider.peer().totals(window.clone()).await.map_err(no_answer)?;
    let found =
        state.db.read(move |conn| Ok((tallies::captured(conn, window)?, attempts::verdicts(conn, id)?)));
    let (ours, history) = found.await?;
    let history = Agreement { agrees: history == counted(&progress) };
    let provider = Comparison { agrees: ours == theirs, amounts: sides(&ours, &theirs) };
    let all = progress.invoices(Line::open) == 0;
    Ok(web::Json(Certificate {
        reconciled: all && history.agrees && provider.agrees,
        run: shown_run(&run, &progress),
        history,
        provider,
        issued_at: moment(state.clock.now()),
    }))
}

/// What the run counted, in the form in which its attempts are added up.
fn counted(progress: &Progress) -> attempts::Verdicts {
    let lines = progress.lines.iter().filter(|(_, line)| line.verdicts().invoices != 0);
    let counted = |line: &Line| (line.captured, line.declined.invoices + line.parked.invoices);
    lines.map(|(currency, line)| (*currency, counted(line))).collect()
}

fn sides(ours: &[Total], theirs: &[Total]) -> Vec<Sides> {
    let mut all: BTreeMap<Currency, (i64, i64, i64, i64)> = BTreeMap::new();
    for Total { currency, count, amount } in ours {
        let sides = all.entry(*currency).or_default();
        (sides.0, sides.2) = (*amount, *count);
    }
    for Total { currency, count, amount } in theirs {
        let sides = all.entry(*currency).or_default();
        (sides.1, sides.3) = (*amount, *count);
    }
    let decimal = |minor, currency| Decimal(Money { minor, currency });
    let side = |(currency, (ours, theirs, invoices_ours, invoices_provider))| Sides {
        currency,
        ours: decimal(ours, currency),
        provider: decimal(theirs, currency),
        invoices_ours,
        invoices_provider,
    };
    all.into_iter().map(side).collect()
}
