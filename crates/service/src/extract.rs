//! Reading requests: bounded in size and time, and every refusal names the field.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::BytesMut;
use contracts::problem::FieldError;
use futures_util::StreamExt;
use gate::token::{BodyHash, BodyHasher};
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::problem::Kind;

/// Largest body of the public APIs.
pub const BODY_LIMIT: usize = 64 * 1024;
/// Longest time that a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Longest time that a body may take that nobody will look at.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// A JSON body of at most `LIMIT` bytes. Where the gate bound the token to a body, it must be that body.
pub struct Json<T, const LIMIT: usize = BODY_LIMIT>(pub T);

impl<T: DeserializeOwned, const LIMIT: usize> FromRequest for Json<T, LIMIT> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let body = body(&req, payload, LIMIT).await?;
            media_type_is_json(&req)?;
            parse(&body).map(Self)
        })
    }
}

/// No body: where the gate bound the token to a body, that was the empty one.
pub struct Empty;

impl FromRequest for Empty {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move { body(&req, payload, 0).await.map(|_| Self) })
    }
}

fn media_type_is_json(req: &HttpRequest) -> Result<(), Problem> {
    let header = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = header.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::because(Kind::UnsupportedMediaType, "send the body as application/json"))
}

/// Reads the whole body within the limits, and holds it against the hash in the caller's token, if there is one.
pub async fn body(req: &HttpRequest, mut payload: Payload, limit: usize) -> Result<BytesMut, Problem> {
    let expected = req.extensions().get::<BodyHash>().copied();
    let mut hasher = BodyHasher::new();
    let mut body = BytesMut::new();
    let reading = async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::because(Kind::Malformed, "the body broke off"))?;
            if body.len() + chunk.len() > limit {
                return Err(Problem::because(Kind::TooLarge, format!("send at most {limit} bytes")));
            }
            hasher.update(&chunk);
            body.extend_from_slice(&chunk);
        }
        Ok(())
    };
    let in_time = tokio::time::timeout(BODY_TIME, reading).await;
    in_time.map_err(|_| Problem::because(Kind::TooSlow, "send the body within 10 seconds"))??;
    let checked = expected.map_or(Ok(()), |expected| expected.check(hasher.finish()));
    checked.map_err(|refusal| crate::peer::refuse(req, refusal))?;
    Ok(body)
}

/// Reads what is left of a small body and throws it away, for answers that do not depend on it. Closing a connection
/// with bytes unread resets it, and a proxy in between may lose the answer with it.
pub async fn discard(mut payload: Payload) {
    let mut read = 0;
    let reading = async {
        while let Some(Ok(chunk)) = payload.next().await {
            read += chunk.len();
            if read > BODY_LIMIT {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIME, reading).await;
}

/// JSON text as `T`: 400 when it is no JSON, 422 naming the field when it is other JSON than wanted.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // Keeping the path of every field takes longer than reading it: only where something is wrong.
    serde_json::from_slice(body).or_else(|_| explained(body))
}

fn explained<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let text = plain(&inner.to_string());
        match inner.classify() {
            serde_json::error::Category::Data => Problem::fields(
                Kind::Invalid,
                vec![FieldError { field: field_of(&path, &text), message: text }],
            ),
            _ => Problem::because(Kind::Malformed, format!("the body is not JSON: {text}")),
        }
    })?;
    reader.end().map_err(|e| {
        Problem::because(Kind::Malformed, format!("the body is not JSON: {}", plain(&e.to_string())))
    })?;
    Ok(value)
}

/// Without serde's position, which means nothing to whoever typed a field.
fn plain(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

/// serde names an unknown or missing field in the message only, and its parent in the path.
fn field_of(path: &str, message: &str) -> String {
    let named = ["unknown field `", "missing field `", "duplicate field `"];
    let name = named.iter().find_map(|start| message.strip_prefix(start)?.split('`').next());
    match (path, name) {
        (".", Some(name)) => name.to_owned(),
        (".", None) => "body".to_owned(),
        (path, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    }
}

/// The query string as `T`; refuses what `T` does not know.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let reader = serde_urlencoded::Deserializer::new(parts(req.query_string()));
        let read = serde_path_to_error::deserialize(reader).map(Self);
        std::future::ready(read.map_err(|error| {
            let message = error.inner().to_string();
            Problem::field(Kind::Malformed, field_of(&error.path().to_string(), &message), message)
        }))
    }
}

fn parts(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// The `{id}` of the path as a whole number.
pub struct Id(pub i64);

impl FromRequest for Id {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().query("id").parse();
        std::future::ready(
            id.map(Self).map_err(|_| Problem::field(Kind::Malformed, "id", "give a whole number")),
        )
    }
}

/// The `{id}` of the path as a UUID.
pub struct Uid(pub String);

impl FromRequest for Uid {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = crate::id::canonical(req.match_info().query("id"));
        std::future::ready(id.map(Self).ok_or_else(|| Problem::field(Kind::Malformed, "id", "give a UUID")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code, reason = "only read")]
        amount: contracts::Amount,
    }

    fn refusal(body: &str) -> (Kind, String) {
        let problem = parse::<Order>(body.as_bytes()).unwrap_err();
        (problem.kind, problem.errors.first().map_or_else(String::new, |error| error.field.clone()))
    }

    #[test]
    fn a_refused_body_names_its_field() {
        let invalid = |field: &str| (Kind::Invalid, field.to_owned());
        assert_eq!(refusal(r#"{"amount":{"value":"1","currency":"EUR"}}"#), invalid("amount"));
        assert_eq!(refusal(r#"{"amount":{"value":1,"currency":"eur"}}"#), invalid("amount.currency"));
        assert_eq!(refusal(r#"{"amount":{"value":1.001,"currency":"EUR"}}"#), invalid("amount"));
        assert_eq!(refusal(r#"{"amount":{"value":1,"currency":"EUR","tip":1}}"#), invalid("amount.tip"));
        assert_eq!(refusal(r#"{"amount":{"value":1}}"#), invalid("amount.currency"));
        assert_eq!(refusal("{}"), invalid("amount"));
        assert_eq!(refusal("[]"), invalid("body"));
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in ["", "{", "{}{}", "{\"amount\":NaN}", "\u{feff}{}"] {
            assert_eq!(
                refusal(body).0,
                if body == "{}{}" { Kind::Invalid } else { Kind::Malformed },
                "{body}"
            );
        }
    }
}
