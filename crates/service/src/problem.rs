//! RFC 9457 problem documents: what the caller is told. What the operator is told goes to the log.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use contracts::problem::{BUSY, Document, FieldError, MEDIA_TYPE};
use db::StoreError;

/// The kinds of problem a caller can meet; each is a stable URN, a status and a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be read as what this endpoint takes.
    Malformed,
    /// The request can be read, and says something that may not be.
    Invalid,
    /// No or no good credentials.
    Unauthorized,
    /// Good credentials for something else.
    Forbidden,
    /// Nothing is there.
    NotFound,
    /// Another method is needed.
    MethodNotAllowed,
    /// The state of things does not allow it now.
    Conflict,
    /// The `Idempotency-Key` was used with another body.
    KeyReused,
    /// The body is larger than the published limit.
    TooLarge,
    /// The body has another media type than this endpoint reads.
    UnsupportedMediaType,
    /// The body did not arrive in time.
    TooSlow,
    /// Nothing was attempted; the caller may come back.
    Busy,
    /// The outcome is not known; the caller may ask again with the same key.
    Unavailable,
    /// A defect of ours.
    Internal,
}

impl Kind {
    fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request cannot be read"),
            Self::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "The request breaks a rule"),
            Self::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "Nothing is here"),
            Self::MethodNotAllowed => {
                ("method", StatusCode::METHOD_NOT_ALLOWED, "This method is not known here")
            }
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "The state does not allow this"),
            Self::KeyReused => (
                "key-reused",
                StatusCode::UNPROCESSABLE_ENTITY,
                "This Idempotency-Key was used with another body",
            ),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::UnsupportedMediaType => {
                ("media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "This media type is not read here")
            }
            Self::TooSlow => ("too-slow", StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time"),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "Come back later, nothing was done"),
            Self::Unavailable => (
                "unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "The outcome is unknown, ask again with the same key",
            ),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something broke on our side"),
        }
    }
}

/// An error on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind it is.
    pub kind: Kind,
    /// What to do about this occurrence.
    pub detail: Option<String>,
    /// The fields to correct.
    pub errors: Vec<FieldError>,
    allow: Option<String>,
}

impl Problem {
    /// A problem of a kind, without further words.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, detail: None, errors: Vec::new(), allow: None }
    }

    /// A problem with a sentence that says what to do.
    pub fn because(kind: Kind, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(kind) }
    }

    /// A problem with one field.
    pub fn field(kind: Kind, field: impl Into<String>, message: impl Into<String>) -> Self {
        let error = FieldError { field: field.into(), message: message.into() };
        Self { errors: vec![error], ..Self::new(kind) }
    }

    /// A problem with many fields.
    #[must_use]
    pub fn fields(kind: Kind, errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(kind) }
    }

    /// 405 with the methods that are known here.
    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        let detail = Some(format!("use one of: {allow}"));
        Self { detail, allow: Some(allow), ..Self::new(Kind::MethodNotAllowed) }
    }

    /// The document as it goes over the wire.
    #[must_use]
    pub fn document(&self) -> Document {
        let (name, status, title) = self.kind.parts();
        debug_assert!(self.kind != Kind::Busy || BUSY.ends_with(name));
        Document {
            kind: format!("urn:antaeus:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            trace_id: crate::trace::current(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, ..) = self.kind.parts();
        write!(f, "{name}: {}", self.detail.as_deref().unwrap_or_default())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.parts().1
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type(MEDIA_TYPE);
        if matches!(self.kind, Kind::Busy | Kind::Unavailable) {
            response.insert_header((RETRY_AFTER, HeaderValue::from_static("1")));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((ALLOW, allow.as_str()));
        }
        response.body(serde_json::to_string(&self.document()).unwrap_or_default())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::new(Kind::NotFound),
            StoreError::Conflict(_) => Self::new(Kind::Conflict),
            StoreError::Busy(why) => {
                tracing::warn!(why, "database busy");
                Self::new(Kind::Busy)
            }
            StoreError::Unavailable(why) => {
                tracing::error!(why, "database unavailable");
                Self::new(Kind::Unavailable)
            }
            StoreError::Bug(why) => {
                tracing::error!(why, "unexpected database error");
                Self::new(Kind::Internal)
            }
        }
    }
}

impl From<gate::Refusal> for Problem {
    /// The caller learns only which of the two it is; cause and identity go to the log.
    fn from(refusal: gate::Refusal) -> Self {
        Self::new(match refusal.kind() {
            gate::Kind::Unauthorized => Kind::Unauthorized,
            gate::Kind::Forbidden => Kind::Forbidden,
        })
    }
}
