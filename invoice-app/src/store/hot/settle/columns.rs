//! A batch's changes and events, column by column, as PostgreSQL takes them.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use service::clock::Micros;

use super::{Change, Event};

/// Changes, column by column.
pub(super) struct Changes<'a> {
    ids: Vec<i64>,
    runs: Vec<Option<i64>>,
    outcomes: Vec<&'static str>,
    reasons: Vec<&'a str>,
    currencies: Vec<&'static str>,
    invoices: Vec<i64>,
    amounts: Vec<i64>,
    at: Vec<i64>,
}

/// Events, column by column.
pub(super) struct Events<'a> {
    invoices: Vec<i64>,
    ids: Vec<&'a str>,
    kinds: Vec<&'static str>,
    subjects: Vec<&'a str>,
    versions: Vec<i64>,
    data: Vec<&'a str>,
    traceparents: Vec<Option<&'a str>>,
}

impl<'a> Changes<'a> {
    pub fn of(changes: &'a [Change<'a>], now: Micros) -> Self {
        let each = || changes.iter();
        Self {
            ids: each().map(|change| change.invoice).collect(),
            runs: each().map(|change| change.run).collect(),
            outcomes: each().map(|change| change.outcome).collect(),
            reasons: each().map(|change| change.reason).collect(),
            currencies: each().map(|change| change.currency.code()).collect(),
            invoices: each().map(|change| change.count.invoices).collect(),
            amounts: each().map(|change| change.count.amount).collect(),
            at: each().map(|change| change.at.unwrap_or(now)).collect(),
        }
    }

    pub fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.runs)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.outcomes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.reasons)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.currencies)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.invoices)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.amounts)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.at)
    }
}

impl<'a> Events<'a> {
    pub fn of(events: &'a [Event]) -> Self {
        let each = || events.iter().map(|event| &event.row);
        Self {
            invoices: events.iter().map(|event| event.invoice).collect(),
            ids: each().map(|event| event.id.as_str()).collect(),
            kinds: each().map(|event| event.kind.name()).collect(),
            subjects: each().map(|event| event.subject.as_str()).collect(),
            versions: each().map(|event| event.version).collect(),
            data: each().map(|event| event.data.as_str()).collect(),
            traceparents: each().map(|event| event.traceparent.as_deref()).collect(),
        }
    }

    pub fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Array<BigInt>, _>(&self.invoices)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.kinds)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.subjects)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.versions)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.data)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.traceparents)
    }
}
