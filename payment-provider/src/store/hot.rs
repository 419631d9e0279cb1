//! The statements that are written per database, side by side.

use contracts::charge::{ChargeItem, Verdict};
use db::{AnyConnection, StoreError};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::schema::{captures, charges};
use crate::domain::charge::Decided;

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    key: String,
}

/// Inserts what is new and gives the keys of it; a key that is being inserted elsewhere is waited for.
pub fn insert_charges(
    conn: &mut AnyConnection,
    new: &[Decided],
    now: i64,
) -> Result<Vec<String>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => insert_charges_postgres(conn, new, now),
        AnyConnection::Sqlite(conn) => {
            let mut inserted = Vec::new();
            for charge in new {
                let (verdict, code) = columns(&charge.verdict);
                let rows = diesel::insert_into(charges::table)
                    .values((
                        charges::key.eq(&charge.item.key),
                        charges::invoice.eq(&charge.item.invoice),
                        charges::customer.eq(&charge.item.customer),
                        charges::amount.eq(charge.item.amount),
                        charges::currency.eq(charge.item.currency.code()),
                        charges::method.eq(charge.item.method.as_str()),
                        charges::verdict.eq(verdict),
                        charges::decline_code.eq(code),
                        charges::decided_at.eq(now),
                    ))
                    .on_conflict_do_nothing()
                    .execute(conn)?;
                if rows == 1 {
                    inserted.push(charge.item.key.clone());
                }
            }
            Ok(inserted)
        }
    }
}

fn insert_charges_postgres(
    conn: &mut PgConnection,
    new: &[Decided],
    now: i64,
) -> Result<Vec<String>, StoreError> {
    let texts = |pick: fn(&ChargeItem) -> &str| new.iter().map(|new| pick(&new.item)).collect::<Vec<_>>();
    let (verdicts, codes): (Vec<_>, Vec<_>) = new.iter().map(|new| columns(&new.verdict)).unzip();
    let rows: Vec<Key> = diesel::sql_query(
        "INSERT INTO charges (key, invoice, customer, amount, currency, method, verdict, decline_code, decided_at)
         SELECT *, $9 FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING key",
    )
    .bind::<Array<Text>, _>(texts(|item| &item.key))
    .bind::<Array<Text>, _>(texts(|item| &item.invoice))
    .bind::<Array<Text>, _>(texts(|item| &item.customer))
    .bind::<Array<BigInt>, _>(new.iter().map(|new| new.item.amount).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(texts(|item| item.currency.code()))
    .bind::<Array<Text>, _>(texts(|item| item.method.as_str()))
    .bind::<Array<Text>, _>(verdicts)
    .bind::<Array<Nullable<Text>>, _>(codes)
    .bind::<BigInt, _>(now)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.key).collect())
}

/// Captures each invoice that was not captured before and gives the keys of those.
pub fn insert_captures(
    conn: &mut AnyConnection,
    items: &[&ChargeItem],
    now: i64,
) -> Result<Vec<String>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => insert_captures_postgres(conn, items, now),
        AnyConnection::Sqlite(conn) => {
            let mut inserted = Vec::new();
            for item in items {
                let rows = diesel::insert_into(captures::table)
                    .values((
                        captures::invoice.eq(&item.invoice),
                        captures::key.eq(&item.key),
                        captures::amount.eq(item.amount),
                        captures::currency.eq(item.currency.code()),
                        captures::captured_at.eq(now),
                    ))
                    .on_conflict_do_nothing()
                    .execute(conn)?;
                if rows == 1 {
                    inserted.push(item.key.clone());
                }
            }
            Ok(inserted)
        }
    }
}

fn insert_captures_postgres(
    conn: &mut PgConnection,
    items: &[&ChargeItem],
    now: i64,
) -> Result<Vec<String>, StoreError> {
    let texts = |pick: fn(&ChargeItem) -> &str| items.iter().map(|item| pick(item)).collect::<Vec<_>>();
    let rows: Vec<Key> = diesel::sql_query(
        "INSERT INTO captures (invoice, key, amount, currency, captured_at)
         SELECT *, $5 FROM UNNEST($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING key",
    )
    .bind::<Array<Text>, _>(texts(|item| &item.invoice))
    .bind::<Array<Text>, _>(texts(|item| &item.key))
    .bind::<Array<BigInt>, _>(items.iter().map(|item| item.amount).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(texts(|item| item.currency.code()))
    .bind::<BigInt, _>(now)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.key).collect())
}

/// Verdict and decline code as stored; only what the acquirer decided is ever inserted.
fn columns(verdict: &Verdict) -> (&'static str, Option<&str>) {
    match verdict {
        Verdict::Declined { code } => ("declined", Some(code)),
        _ => ("captured", None),
    }
}
