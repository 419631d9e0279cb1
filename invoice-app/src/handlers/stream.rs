//! A whole table as one JSON array, read and sent page by page: older clients know no pages.

use actix_web::HttpResponse;
use bytes::Bytes;
use db::{AnyConnection, Db, StoreError};
use service::Problem;

const PAGE: i64 = 1_000;

/// Reads the rows after a number: each with its number and its JSON.
pub type Rows = fn(&mut AnyConnection, after: i64, limit: i64) -> Result<Vec<(i64, String)>, StoreError>;

/// Answers with all rows. The first page is read before the answer begins, so that a database that is down is a 503.
pub async fn json_array(db: &Db, rows: Rows) -> Result<HttpResponse, Problem> {
    let first = db.read(move |conn| rows(conn, 0, PAGE)).await?;
    let begin = (db.clone(), Some(first), true);
    let pages = futures_util::stream::try_unfold(begin, move |(db, page, is_first)| async move {
        let Some(page) = page else { return Ok::<_, StoreError>(None) };
        let full = page.len() == usize::try_from(PAGE).unwrap_or_default();
        let next = match page.last().filter(|_| full).map(|last| last.0) {
            Some(after) => Some(db.read(move |conn| rows(conn, after, PAGE)).await?),
            None => None,
        };
        let text = text(&page, is_first, next.is_none());
        Ok(Some((Bytes::from(text), (db, next, false))))
    });
    Ok(HttpResponse::Ok().content_type("application/json").streaming(pages))
}

fn text(page: &[(i64, String)], is_first: bool, is_last: bool) -> String {
    let rows: Vec<&str> = page.iter().map(|(_, json)| json.as_str()).collect();
    let before = if is_first {
        "["
    } else if page.is_empty() {
        ""
    } else {
        ","
    };
    format!("{before}{}{}", rows.join(","), if is_last { "]" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn pages_join_to_one_array() {
        let page = |ids: &[i64]| ids.iter().map(|id| (*id, id.to_string())).collect::<Vec<_>>();
        assert_eq!(text(&page(&[]), true, true), "[]");
        assert_eq!(text(&page(&[1, 2]), true, true), "[1,2]");
        assert_eq!(text(&page(&[1, 2]), true, false) + &text(&page(&[3]), false, true), "[1,2,3]");
        assert_eq!(text(&page(&[1, 2]), true, false) + &text(&page(&[]), false, true), "[1,2]");
    }
}
