//! Statements on SQLite that the connection prepares once: diesel's own UPDATE and INSERT are made anew for each row,
//! which costs more than the row.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};

/// A value in a [`Statement`].
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A whole number.
    Integer(i64),
    /// A whole number, or NULL.
    OptionalInteger(Option<i64>),
    /// Text.
    Text(&'a str),
    /// Text, or NULL.
    OptionalText(Option<&'a str>),
}

/// Tells one statement from another: a type of its own for each text.
pub trait Named: 'static {
    /// The statement, with a `?` for each value.
    const SQL: &'static str;
}

/// A statement with its values, in the order of their places.
pub struct Statement<'a, N, const VALUES: usize> {
    values: [Value<'a>; VALUES],
    name: std::marker::PhantomData<N>,
}

/// Runs a statement and tells how many rows it changed.
pub fn execute<N: Named, const VALUES: usize>(
    conn: &mut SqliteConnection,
    values: [Value<'_>; VALUES],
) -> QueryResult<usize> {
    Statement::<N, VALUES> { values, name: std::marker::PhantomData }.execute(conn)
}

impl<N: Named, const VALUES: usize> QueryFragment<Sqlite> for Statement<'_, N, VALUES> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut pieces = N::SQL.split('?');
        out.push_sql(pieces.next().unwrap_or_default());
        for (value, piece) in self.values.iter().zip(pieces) {
            match value {
                Value::Integer(value) => out.push_bind_param::<BigInt, _>(value)?,
                Value::OptionalInteger(value) => out.push_bind_param::<Nullable<BigInt>, _>(value)?,
                Value::Text(value) => out.push_bind_param::<Text, _>(*value)?,
                Value::OptionalText(value) => out.push_bind_param::<Nullable<Text>, _>(value)?,
            }
            out.push_sql(piece);
        }
        Ok(())
    }
}

/// The text is always the same, so the connection prepares it once.
impl<N: Named, const VALUES: usize> QueryId for Statement<'_, N, VALUES> {
    type QueryId = Statement<'static, N, VALUES>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<N, const VALUES: usize> RunQueryDsl<SqliteConnection> for Statement<'_, N, VALUES> {}
