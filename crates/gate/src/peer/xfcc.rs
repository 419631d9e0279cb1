//! Envoy's `X-Forwarded-Client-Cert`: elements divided by `,`, each of `key=value` pairs divided
//! by `;`; a value that holds `,`, `;` or `=` stands in double quotes, and a quote in it is `\"`.

// Longer than any sidecar writes for us; bounds the work that a caller can cause.
const MAX_HEADER: usize = 16 * 1024;

/// The one URI of the last element; `None` when the header is broken anywhere, or the last element
/// has no URI or several. Broken is broken as a whole: a caller's unclosed quote in an earlier
/// element could otherwise swallow the sidecar's own words.
pub(super) fn last_uri(header: &str) -> Option<String> {
    if header.len() > MAX_HEADER {
        return None;
    }
    let mut rest = header;
    let mut uris = Vec::new();
    loop {
        let (key, after_key) = rest.split_once('=')?;
        let (value, after_value) = take_value(after_key)?;
        let key = key.trim();
        if !is_key(key) {
            return None;
        }
        if key.eq_ignore_ascii_case("uri") {
            uris.push(value);
        }
        rest = match after_value.as_bytes().first() {
            None => break,
            Some(b',') => {
                uris.clear();
                &after_value[1..]
            }
            // The only other thing that `take_value` stops at is a semicolon.
            Some(_) => &after_value[1..],
        };
    }
    let uri = uris.pop()?;
    uris.is_empty().then_some(uri)
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The value, and the rest: empty, or beginning with the `,` or `;` that ended the value.
fn take_value(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return take_quoted(quoted);
    }
    let end = text.find([',', ';']).unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    let clean = !value.contains(['"', '=']) && !value.contains(char::is_whitespace);
    clean.then(|| (value.to_owned(), rest))
}

fn take_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if chars.next_if(|(_, next)| *next == '"').is_some() => value.push('"'),
            '"' => {
                let rest = &text[at + 1..];
                return (rest.is_empty() || rest.starts_with([',', ';'])).then_some((value, rest));
            }
            other => value.push(other),
        }
    }
    None
}
