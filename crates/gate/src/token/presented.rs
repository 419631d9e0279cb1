//! Finding the one token among a request's header lines.

use crate::refusal::Refusal;

const SCHEME: &str = "bearer ";

/// The token of the one `Authorization: Bearer` line.
///
/// # Errors
/// When there is no such line, or more than one `Authorization` line.
pub fn bearer_text<'a>(authorization: impl IntoIterator<Item = &'a [u8]>) -> Result<&'a str, Refusal> {
    let line = only(authorization)?.ok_or(Refusal::MissingToken)?;
    let (scheme, token) = line.split_at_checked(SCHEME.len()).ok_or(Refusal::MissingToken)?;
    if !scheme.eq_ignore_ascii_case(SCHEME) || token.is_empty() {
        return Err(Refusal::MissingToken);
    }
    Ok(token)
}

/// The API key, from either `Authorization: Bearer` or `X-API-Key`.
///
/// # Errors
/// When neither line is there, or more than one line in all.
pub fn api_key_text<'a>(
    authorization: impl IntoIterator<Item = &'a [u8]>,
    x_api_key: impl IntoIterator<Item = &'a [u8]>,
) -> Result<&'a str, Refusal> {
    let mut authorization = authorization.into_iter().peekable();
    let Some(key) = only(x_api_key)? else {
        return bearer_text(authorization);
    };
    if authorization.peek().is_some() {
        return Err(Refusal::SeveralTokens);
    }
    if key.is_empty() { Err(Refusal::MissingToken) } else { Ok(key) }
}

fn only<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<&'a str>, Refusal> {
    let mut lines = lines.into_iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(Refusal::SeveralTokens);
    }
    std::str::from_utf8(line).map(Some).map_err(|_| Refusal::Malformed)
}
