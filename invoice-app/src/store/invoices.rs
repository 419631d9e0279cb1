//! Invoices as rows.

use contracts::Money;
use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use jiff::civil::Date;
use service::clock::Micros;

use super::schema::{customers, invoices};
use crate::domain::invoice::{Invoice, LastOutcome, NewInvoice, Origin, State};

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoices)]
struct Row {
    id: i64,
    uid: String,
    customer_id: i64,
    amount: i64,
    currency: String,
    due_on: String,
    state: String,
    attempt: i32,
    last_outcome: Option<String>,
    last_code: Option<String>,
    created_at: i64,
    paid_at: Option<i64>,
    next_at: Option<i64>,
    leased_until: Option<i64>,
    origin: String,
    epoch: i64,
}

impl TryFrom<Row> for Invoice {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("invoice {} has an unreadable {what}", row.id));
        let currency = row.currency.parse().map_err(|_| bug("currency"))?;
        let last_outcome = match &row.last_outcome {
            Some(word) => Some(LastOutcome::parse(word).ok_or_else(|| bug("outcome"))?),
            None => None,
        };
        Ok(Self {
            state: State::parse(&row.state).ok_or_else(|| bug("state"))?,
            origin: Origin::parse(&row.origin).ok_or_else(|| bug("origin"))?,
            epoch: row.epoch,
            due_on: row.due_on.parse().map_err(|_| bug("due date"))?,
            amount: Money { minor: row.amount, currency },
            last_outcome,
            last_code: row.last_code,
            id: row.id,
            uid: row.uid,
            customer_id: row.customer_id,
            attempt: row.attempt,
            created_at: row.created_at,
            paid_at: row.paid_at,
            // Nobody asks before the lease of who is asking now has ended.
            next_at: row.leased_until.or(row.next_at),
        })
    }
}

/// Adds an invoice that is to be charged from `due_at` on.
pub fn insert(
    conn: &mut AnyConnection,
    new: &NewInvoice,
    uid: &str,
    (due_on, due_at): (Date, Micros),
    now: Micros,
) -> Result<Invoice, StoreError> {
    let id: i64 = diesel::insert_into(invoices::table)
        .values((
            invoices::uid.eq(uid),
            invoices::customer_id.eq(new.customer_id),
            invoices::amount.eq(new.amount.minor),
            invoices::currency.eq(new.amount.currency.code()),
            invoices::due_on.eq(due_on.to_string()),
            invoices::state.eq(State::Pending.as_str()),
            invoices::origin.eq(Origin::Api.as_str()),
            invoices::created_at.eq(now),
            invoices::next_at.eq(due_at),
        ))
        .returning(invoices::id)
        .get_result(conn)?;
    get(conn, id)
}

/// Adds the invoice of an order, which is to be charged at once, or never if it is not wanted any more.
pub fn insert_of_order(
    conn: &mut AnyConnection,
    order: &NewOrderInvoice<'_>,
    now: Micros,
) -> Result<Invoice, StoreError> {
    let (state, next_at, epoch, last_code) = match order.void {
        Some(reason) => (State::Void, None, 1, Some(reason)),
        None => (State::Pending, Some(now), 0, None),
    };
    let id: i64 = diesel::insert_into(invoices::table)
        .values((
            invoices::uid.eq(order.uid),
            invoices::customer_id.eq(order.customer_id),
            invoices::amount.eq(order.amount.minor),
            invoices::currency.eq(order.amount.currency.code()),
            invoices::due_on.eq(order.due_on.to_string()),
            invoices::state.eq(state.as_str()),
            invoices::epoch.eq(epoch),
            invoices::last_code.eq(last_code),
            invoices::origin.eq(Origin::Order.as_str()),
            invoices::created_at.eq(now),
            invoices::next_at.eq(next_at),
            invoices::traceparent.eq(order.traceparent),
        ))
        .returning(invoices::id)
        .get_result(conn)?;
    get(conn, id)
}

/// The invoice of an order.
#[derive(Debug, Clone, Copy)]
pub struct NewOrderInvoice<'a> {
    /// UUID of the order, which is the invoice's too.
    pub uid: &'a str,
    /// Who pays.
    pub customer_id: i64,
    /// How much.
    pub amount: Money,
    /// The customer's today.
    pub due_on: Date,
    /// Why it is never to be charged, if so.
    pub void: Option<&'a str>,
    /// W3C trace context of the order.
    pub traceparent: Option<&'a str>,
}

/// Voids an invoice that waits to be charged, under a new epoch; false when it does not wait (any more). One statement
/// asks and changes: an attempt that is being opened is waited for, and then this changes nothing.
pub fn void(conn: &mut AnyConnection, id: i64, reason: &str) -> Result<bool, StoreError> {
    let pending = invoices::state.eq(State::Pending.as_str());
    let change = (
        invoices::state.eq(State::Void.as_str()),
        invoices::epoch.eq(invoices::epoch + 1),
        invoices::next_at.eq(None::<Micros>),
        invoices::last_code.eq(reason),
    );
    Ok(diesel::update(invoices::table.filter(invoices::id.eq(id).and(pending))).set(change).execute(conn)?
        == 1)
}

/// One invoice by its UUID.
pub fn of_uid(conn: &mut AnyConnection, uid: &str) -> Result<Option<Invoice>, StoreError> {
    let row = invoices::table.filter(invoices::uid.eq(uid)).select(Row::as_select()).first::<Row>(conn);
    row.optional()?.map(Invoice::try_from).transpose()
}

/// One invoice.
pub fn get(conn: &mut AnyConnection, id: i64) -> Result<Invoice, StoreError> {
    invoices::table.find(id).select(Row::as_select()).first::<Row>(conn)?.try_into()
}

/// One invoice, if it is one of this user's customers' or everybody is asked for.
pub fn get_of(conn: &mut AnyConnection, user: Option<&str>, id: i64) -> Result<Invoice, StoreError> {
    let invoice = get(conn, id)?;
    super::customers::get_of(conn, user, invoice.customer_id)?;
    Ok(invoice)
}

/// Moves an invoice from one state that no attempt is open in to another; false when it is not there (any more).
pub fn change_state(
    conn: &mut AnyConnection,
    id: i64,
    (from, to): (State, State),
    next_at: Option<Micros>,
) -> Result<bool, StoreError> {
    let there = invoices::table.filter(invoices::id.eq(id).and(invoices::state.eq(from.as_str())));
    let change = (invoices::state.eq(to.as_str()), invoices::next_at.eq(next_at));
    Ok(diesel::update(there).set(change).execute(conn)? == 1)
}

/// Which invoices a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this user's customers.
    pub user: Option<String>,
    /// Only those of this customer.
    pub customer_id: Option<i64>,
    /// Only those that stand here.
    pub state: Option<State>,
    /// Only those that runs are about: an order's invoice is charged for its order alone.
    pub of_runs: bool,
}

/// The next invoices by number.
pub fn page(
    conn: &mut AnyConnection,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<Invoice>, StoreError> {
    let mut query = invoices::table.select(Row::as_select()).filter(invoices::id.gt(after)).into_boxed();
    if let Some(user) = &filter.user {
        let own = customers::table.filter(customers::user_id.eq(user)).select(customers::id);
        query = query.filter(invoices::customer_id.eq_any(own));
    }
    if let Some(customer) = filter.customer_id {
        query = query.filter(invoices::customer_id.eq(customer));
    }
    if let Some(state) = filter.state {
        query = query.filter(invoices::state.eq(state.as_str()));
    }
    if filter.of_runs {
        query = query.filter(invoices::origin.ne(Origin::Order.as_str()));
    }
    let rows: Vec<Row> = query.order(invoices::id).limit(limit).load(conn)?;
    rows.into_iter().map(Invoice::try_from).collect()
}

/// The highest number so far.
pub fn max_id(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    let id: Option<i64> = invoices::table.select(diesel::dsl::max(invoices::id)).first(conn)?;
    Ok(id.unwrap_or_default())
}

/// Whether anything is still ahead of an invoice up to this number, other than of an order's.
pub fn any_open(conn: &mut AnyConnection, max_id: i64) -> Result<bool, StoreError> {
    let of_runs = invoices::origin.ne(Origin::Order.as_str());
    let open = invoices::next_at.is_not_null().and(invoices::id.le(max_id)).and(of_runs);
    Ok(diesel::select(diesel::dsl::exists(invoices::table.filter(open))).get_result(conn)?)
}

/// Which of these are no invoices.
pub fn missing(conn: &mut AnyConnection, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let there: Vec<i64> = invoices::table.filter(invoices::id.eq_any(ids)).select(invoices::id).load(conn)?;
    Ok(ids.iter().filter(|id| !there.contains(id)).copied().collect())
}
