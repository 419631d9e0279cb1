//! Pages that the server touched, found in its memory or read: the same number in each run.

use std::fmt::{Display, Formatter, Result};

use db::{AnyConnection, Db};
use diesel::prelude::*;
use diesel::sql_types::Double;

/// What the steps of an invoice touched, per invoice.
pub type Buffers = Touched;

/// Of tables and of indexes.
#[derive(Clone, Copy)]
pub struct Touched {
    heap: f64,
    index: f64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Double)]
    heap: f64,
    #[diesel(sql_type = Double)]
    index: f64,
}

/// Whatever this connection has counted is told at once.
const FLUSH: &str = "SELECT pg_stat_force_next_flush()";
const TOUCHED: &str = "SELECT coalesce(sum(heap_blks_hit + heap_blks_read), 0)::float8 AS heap,
         coalesce(sum(idx_blks_hit + idx_blks_read), 0)::float8 AS index
     FROM pg_statio_user_tables";

/// Touched so far, by the one connection that there is.
pub fn so_far(db: &Db) -> Touched {
    let read = |conn: &mut AnyConnection| {
        let AnyConnection::Postgres(conn) = conn else { return Ok(Row { heap: 0.0, index: 0.0 }) };
        diesel::sql_query(FLUSH).execute(conn)?;
        Ok(diesel::sql_query(TOUCHED).get_result::<Row>(conn)?)
    };
    let row = db.read_blocking(read).expect("counters");
    Touched { heap: row.heap, index: row.index }
}

impl Touched {
    /// Both.
    pub fn all(&self) -> f64 {
        self.heap + self.index
    }

    /// Per invoice since an earlier look.
    pub fn since(self, before: Self, invoices: f64) -> Self {
        Self { heap: (self.heap - before.heap) / invoices, index: (self.index - before.index) / invoices }
    }
}

impl Display for Touched {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "{:.2} of tables and {:.2} of indexes", self.heap, self.index)
    }
}
