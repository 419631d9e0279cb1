//! Problem documents (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Media type of [`Document`].
pub const MEDIA_TYPE: &str = "application/problem+json";
/// `type` of an answer that says: nothing was attempted, come back later.
pub const BUSY: &str = "urn:antaeus:problem:busy";

/// An RFC 9457 problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    /// Stable name of the kind of problem, a URN.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words, always the same.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in words: what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Fields to correct.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// W3C trace id of the request, to quote when asking for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// A field of the request and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Path of the field, such as `amount.value`.
    pub field: String,
    /// What to correct.
    pub message: String,
}
