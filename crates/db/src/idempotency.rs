//! `Idempotency-Key`: the same key and body give the same answer, for every POST that creates.

use diesel::prelude::*;

use crate::schema::idempotency_keys;
use crate::{AnyConnection, StoreError};

/// A request as it was first made under a key.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Who asks for what, such as `POST /v1/invoices`.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// The request's body in canonical JSON.
    pub request: serde_json::Value,
}

/// The answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body as JSON text.
    pub body: String,
}

/// What is known about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// Never seen: go on, then [`record`].
    New,
    /// Seen with the same body: give this answer again.
    Replay(Answer),
    /// Seen with another body: the names of the fields that differ.
    Differs(Vec<String>),
}

/// Looks a key up.
fn look_up(conn: &mut AnyConnection, keyed: &Keyed) -> Result<Known, StoreError> {
    use idempotency_keys::dsl;
    let row: Option<(String, i16, String)> = dsl::idempotency_keys
        .find((&keyed.scope, &keyed.key))
        .select((dsl::request, dsl::status, dsl::answer))
        .first(conn)
        .optional()?;
    let Some((request, status, body)) = row else { return Ok(Known::New) };
    let before: serde_json::Value =
        serde_json::from_str(&request).map_err(|e| StoreError::Bug(e.to_string()))?;
    let fields = differing(&before, &keyed.request);
    if fields.is_empty() {
        return Ok(Known::Replay(Answer { status: status.unsigned_abs(), body }));
    }
    Ok(Known::Differs(fields))
}

/// Keeps the answer in the transaction that did the work. A rival that was faster makes this `Busy`, so that
/// the transaction is run again and finds the rival's answer.
fn record(conn: &mut AnyConnection, keyed: &Keyed, answer: &Answer, now: i64) -> Result<(), StoreError> {
    use idempotency_keys::dsl;
    let status = i16::try_from(answer.status).map_err(|e| StoreError::Bug(e.to_string()))?;
    let row = (
        dsl::scope.eq(&keyed.scope),
        dsl::key.eq(&keyed.key),
        dsl::request.eq(keyed.request.to_string()),
        dsl::status.eq(status),
        dsl::answer.eq(&answer.body),
        dsl::created_at.eq(now),
    );
    match diesel::insert_into(dsl::idempotency_keys).values(row).execute(conn).map_err(StoreError::from) {
        Err(StoreError::Conflict(_)) => Err(StoreError::Busy("the same key is being used right now".into())),
        other => other.map(|_| ()),
    }
}

/// The names of the members that differ. A member that is null is as good as none: a service that has learnt a new
/// optional member writes null for it, and the bodies kept before do not have it.
fn differing(before: &serde_json::Value, now: &serde_json::Value) -> Vec<String> {
    if before == now {
        return Vec::new();
    }
    let (Some(before), Some(now)) = (before.as_object(), now.as_object()) else { return vec!["body".into()] };
    let differs = |name: &&String| {
        let said = |body: &serde_json::Map<_, _>| body.get(*name).filter(|value| !value.is_null()).cloned();
        said(before) != said(now)
    };
    let mut names: Vec<String> = before.keys().chain(now.keys()).filter(differs).cloned().collect();
    names.sort();
    names.dedup();
    names
}

/// What became of a request that creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<R> {
    /// It was done now; this is the answer.
    Done(Answer),
    /// It was done before; this is the answer of then.
    Replayed(Answer),
    /// The key was used with another body: the names of the fields that differ.
    KeyReused(Vec<String>),
    /// A rule forbids it; nothing was done.
    Refused(R),
}

/// Does the work once per key, in the caller's transaction. `work` gives the body of the 201 answer, or why not.
pub fn once<R>(
    conn: &mut AnyConnection,
    keyed: Option<&Keyed>,
    now: i64,
    work: impl FnOnce(&mut AnyConnection) -> Result<Result<String, R>, StoreError>,
) -> Result<Outcome<R>, StoreError> {
    match keyed.map(|keyed| look_up(conn, keyed)).transpose()? {
        Some(Known::Replay(answer)) => return Ok(Outcome::Replayed(answer)),
        Some(Known::Differs(fields)) => return Ok(Outcome::KeyReused(fields)),
        Some(Known::New) | None => {}
    }
    let answer = match work(conn)? {
        Ok(body) => Answer { status: 201, body },
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    if let Some(keyed) = keyed {
        record(conn, keyed, &answer, now)?;
    }
    Ok(Outcome::Done(answer))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::differing;

    fn body() -> impl Strategy<Value = serde_json::Map<String, Value>> {
        let value = prop_oneof![any::<i64>().prop_map(Value::from), "[a-z]{0,4}".prop_map(Value::from)];
        let pairs = proptest::collection::btree_map("[a-e]", value, 0..5);
        pairs.prop_map(|pairs| pairs.into_iter().collect())
    }

    proptest! {
        /// The same body is never another one, however it was written.
        #[test]
        fn a_body_does_not_differ_from_itself(body in body()) {
            let written: Value = serde_json::from_str(&Value::Object(body.clone()).to_string()).unwrap();
            prop_assert!(differing(&Value::Object(body), &written).is_empty());
        }

        /// A member that is null says no more than one that is left out: a service that has learnt a new optional
        /// member still knows the bodies that were kept before.
        #[test]
        fn a_null_is_as_good_as_nothing(body in body()) {
            let mut later = body.clone();
            later.insert("user".into(), Value::Null);
            let (before, later) = (Value::Object(body), Value::Object(later));
            prop_assert!(differing(&before, &later).is_empty() && differing(&later, &before).is_empty());
        }

        /// Two bodies differ in exactly the fields that differ, whichever came first.
        #[test]
        fn exactly_what_differs_is_named(first in body(), second in body()) {
            let (a, b) = (Value::Object(first.clone()), Value::Object(second.clone()));
            let names = differing(&a, &b);
            prop_assert_eq!(&names, &differing(&b, &a));
            for name in ["a", "b", "c", "d", "e"] {
                prop_assert_eq!(names.iter().any(|n| n == name), first.get(name) != second.get(name));
            }
        }
    }
}
