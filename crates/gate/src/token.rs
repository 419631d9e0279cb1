//! Signed tokens. Each kind has its own `typ`, issuer and keys; one strict verifier reads them all.

pub mod api_key;
mod body;
pub mod charge;
pub mod event;
mod header;
mod presented;
mod request;
mod scope;
mod strict;
mod subject;

pub use body::{BodyHash, BodyHasher};
pub use presented::{api_key_text, bearer_text};
pub use request::VerifiedRequest;
pub use scope::{NotScope, Scope};
pub use strict::{LEEWAY, MAX_TOKEN};
pub use subject::{NotSubject, Subject};

/// Why a token was not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The asked lifetime is zero, negative, or longer than this kind may live.
    #[error("a key lives from 1 second to {} days", api_key::MAX_LIFETIME / 86_400)]
    Lifetime,
    /// A key without a scope opens nothing.
    #[error("name at least one scope")]
    NoScope,
    /// The time given is before 1970 or absurdly far away.
    #[error("the time given cannot stand in a token; check the clock")]
    Clock,
    /// The token would be longer than the verifier reads.
    #[error("the token would be longer than {MAX_TOKEN} bytes; sign fewer or shorter claims")]
    TooLong,
    /// The cryptographic library refused.
    #[error("the key could not sign")]
    Key,
}

fn new_jti(now: i64) -> Result<String, SignError> {
    let seconds = u64::try_from(now).map_err(|_| SignError::Clock)?;
    let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0);
    Ok(uuid::Uuid::new_v7(time).to_string())
}
