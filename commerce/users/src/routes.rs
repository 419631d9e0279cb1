//! Every URL of users.

use gate::token::Scope;
use service::routes::{Access, Routes};
use utoipa::OpenApi;

use crate::handlers::users;

const OWN_USERS: Access = Access::Own(Scope::UsersRead);
const USERS_WRITE: Access = Access::Key(Scope::UsersWrite);

/// The public API.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .at("/v1/users", |at| at.get(OWN_USERS, users::list_users).post(USERS_WRITE, users::register_user))
        .at("/v1/users/{id}", |at| at.get(OWN_USERS, users::get_user))
}

#[derive(OpenApi)]
#[openapi(info(title = "Users"), paths(users::register_user, users::list_users, users::get_user))]
struct Document;

/// The OpenAPI document of the `/v1` API.
#[must_use]
pub fn openapi() -> String {
    Document::openapi().to_pretty_json().unwrap_or_default()
}
