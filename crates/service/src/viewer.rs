//! Who looks: a team sees everything that its scopes open, a user sees what is its own.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use gate::token::api_key::Grant;

use crate::Problem;
use crate::problem::Kind;

/// Who asks, for the record: `team:billing`, `user:42`, or `local` where no key is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(pub String);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let subject = req.extensions().get::<Grant>().map(|grant| grant.subject.to_string());
        std::future::ready(Ok(Self(subject.unwrap_or_else(|| "local".to_owned()))))
    }
}

/// Whose rows a request may see; taken by every handler behind `Access::Own`, and handed to its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// All rows.
    All,
    /// The rows of this user.
    User(String),
}

impl Viewer {
    /// The user to whom a query is narrowed.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::User(id) => Some(id),
        }
    }

    /// The user to whom a list is narrowed that asks for `wanted`; nothing where a user asks for somebody else.
    #[must_use]
    pub fn narrowed(&self, wanted: Option<String>) -> Option<Option<String>> {
        match self {
            Self::All => Some(wanted),
            Self::User(own) => wanted.is_none_or(|wanted| wanted == *own).then(|| Some(own.clone())),
        }
    }
}

impl FromRequest for Viewer {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    /// Left by the guard of the matched route; without one nobody sees anything.
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let viewer = req.extensions().get::<Self>().cloned();
        std::future::ready(viewer.ok_or_else(|| Problem::new(Kind::Internal)))
    }
}
