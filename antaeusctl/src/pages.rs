//! The first items of a list.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::api::Api;

/// How many lines a list has unless more are asked for.
pub const ROWS: usize = 30;
/// Most items of one page.
const PAGE: usize = 1_000;

#[derive(Deserialize)]
struct Page {
    items: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// The first items, as they were written.
pub struct First {
    items: Vec<Box<RawValue>>,
    /// Whether there are more.
    pub more: bool,
}

impl First {
    /// What they say.
    pub fn read<T: DeserializeOwned>(&self) -> Result<Vec<T>, String> {
        let read = |item: &str| {
            serde_json::from_str(item).map_err(|e| format!("an item of the list is something else: {e}"))
        };
        self.items.iter().map(|item| read(item.get())).collect()
    }

    /// All in one list.
    pub fn json(&self) -> String {
        let items: Vec<&str> = self.items.iter().map(|item| item.get()).collect();
        format!("[{}]", items.join(",\n "))
    }
}

/// The first `limit` items of a list.
pub async fn first(api: &Api, path: &str, query: &[(&str, &str)], limit: usize) -> Result<First, String> {
    let mut first = First { items: Vec::new(), more: true };
    let mut cursor = None;
    while first.more && first.items.len() < limit {
        let room = (limit - first.items.len()).min(PAGE).to_string();
        let own = [("limit", Some(room)), ("cursor", cursor)];
        let own = own.iter().filter_map(|(name, value)| value.as_deref().map(|value| (*name, value)));
        let page: Page = api.get(&with_query(path, query.iter().copied().chain(own))).await?.read()?;
        first.items.extend(page.items);
        first.more = page.next_cursor.is_some();
        cursor = page.next_cursor;
    }
    Ok(first)
}

/// A path with a query, whose values may be anything.
pub fn with_query<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_query_may_be_anything() {
        assert_eq!(
            with_query("/v1/x", [("state", "A&limit=9"), ("limit", "1")]),
            "/v1/x?state=A%26limit%3D9&limit=1"
        );
    }

    #[test]
    fn items_are_passed_on_as_they_were_written() {
        let page: Page = serde_json::from_str(r#"{"items": [{"v": 4.00}, {"v":1.10}], "total": 2}"#).unwrap();
        let first = First { items: page.items, more: page.next_cursor.is_some() };
        assert_eq!((first.json().as_str(), first.more), ("[{\"v\": 4.00},\n {\"v\":1.10}]", false));
    }
}
