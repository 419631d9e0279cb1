//! Orders as rows.

use contracts::{Currency, Money};
use db::{AnyConnection, StoreError};
use diesel::prelude::*;

use super::schema::orders;
use crate::domain::order::{NewOrder, Order, State};

#[derive(Queryable)]
struct Row {
    id: String,
    user_id: String,
    amount: i64,
    currency: String,
    description: String,
    state: String,
    reason: Option<String>,
    version: i64,
    placed_at: i64,
    changed_at: i64,
}

impl TryFrom<Row> for Order {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("order {} has an unreadable {what}", row.id));
        let currency: Currency = row.currency.parse().map_err(|_| bug("currency"))?;
        let state = State::parse(&row.state).ok_or_else(|| bug("state"))?;
        let amount = Money { minor: row.amount, currency };
        Ok(Self {
            id: row.id,
            is: NewOrder { user: row.user_id, amount, description: row.description },
            state,
            reason: row.reason,
            version: row.version,
            placed_at: row.placed_at,
            changed_at: row.changed_at,
        })
    }
}

/// Adds an order.
pub fn insert(conn: &mut AnyConnection, order: &Order) -> Result<(), StoreError> {
    diesel::insert_into(orders::table)
        .values((
            orders::id.eq(&order.id),
            orders::user_id.eq(&order.is.user),
            orders::amount.eq(order.is.amount.minor),
            orders::currency.eq(order.is.amount.currency.code()),
            orders::description.eq(&order.is.description),
            orders::state.eq(order.state.as_str()),
            orders::reason.eq(&order.reason),
            orders::version.eq(order.version),
            orders::placed_at.eq(order.placed_at),
            orders::changed_at.eq(order.changed_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes where an order stands now.
pub fn save(conn: &mut AnyConnection, order: &Order) -> Result<(), StoreError> {
    diesel::update(orders::table.find(&order.id))
        .set((
            orders::state.eq(order.state.as_str()),
            orders::reason.eq(&order.reason),
            orders::version.eq(order.version),
            orders::changed_at.eq(order.changed_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// One order, if it is this user's or everybody is asked for: somebody else's is as good as missing.
pub fn get(conn: &mut AnyConnection, user: Option<&str>, id: &str) -> Result<Order, StoreError> {
    visible(orders::table.find(id).first::<Row>(conn)?.try_into()?, user)
}

/// The same, locked until the transaction ends.
pub fn lock(conn: &mut AnyConnection, user: Option<&str>, id: &str) -> Result<Order, StoreError> {
    let row: Row = match conn {
        AnyConnection::Postgres(conn) => orders::table.find(id).for_update().first(conn)?,
        // The transaction holds the whole file's write lock.
        AnyConnection::Sqlite(conn) => orders::table.find(id).first(conn)?,
    };
    visible(row.try_into()?, user)
}

fn visible(order: Order, user: Option<&str>) -> Result<Order, StoreError> {
    let visible = user.is_none_or(|user| user == order.is.user);
    if visible { Ok(order) } else { Err(StoreError::NotFound) }
}

/// Which orders are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this user.
    pub user: Option<String>,
    /// In this state.
    pub state: Option<State>,
}

/// The next orders in the order in which they were placed.
pub fn page(
    conn: &mut AnyConnection,
    filter: &Filter,
    after: &str,
    rows: i64,
) -> Result<Vec<Order>, StoreError> {
    let mut query = orders::table.filter(orders::id.gt(after)).into_boxed();
    if let Some(user) = &filter.user {
        query = query.filter(orders::user_id.eq(user));
    }
    if let Some(state) = filter.state {
        query = query.filter(orders::state.eq(state.as_str()));
    }
    let rows: Vec<Row> = query.order(orders::id).limit(rows).load(conn)?;
    rows.into_iter().map(Order::try_from).collect()
}
