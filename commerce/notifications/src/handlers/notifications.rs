//! `/v1/notifications`.

use actix_web::web;
use contracts::Locale;
use contracts::problem::Document;
use serde::{Deserialize, Serialize};
use service::Problem;
use service::extract::{Query, Uid};
use service::page::{Page, Wanted, moment, or_missing};
use service::viewer::Viewer;
use utoipa::{IntoParams, ToSchema};

use super::state::State;
use crate::domain::notification;
use crate::store::notifications::{self, Filter};

/// A message to a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notification {
    /// UUIDv7, also in the e-mail's `Message-ID`.
    id: String,
    /// Whom it is for.
    user: String,
    /// The order that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    /// `order.confirmed`, `order.rejected`, `order.cancelled`, `invoice.paid` or `invoice.uncollectible`.
    template: &'static str,
    /// Language.
    #[schema(value_type = String)]
    locale: Locale,
    /// Subject.
    subject: String,
    /// Text.
    body: String,
    /// `QUEUED`, `SENT` or `FAILED`.
    state: &'static str,
    /// How often sending was tried.
    attempts: i32,
    /// When the mail server took it, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<String>,
    /// When it is tried again, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
    /// What went wrong the last time; for teams only.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// When its event came, RFC 3339.
    created_at: String,
}

fn show(found: &notification::Notification, viewer: &Viewer) -> Notification {
    Notification {
        id: found.id.clone(),
        user: found.is.user.clone(),
        order: found.is.order.clone(),
        template: found.is.template.as_str(),
        locale: found.is.locale,
        subject: found.is.subject.clone(),
        body: found.is.body.clone(),
        state: found.state.as_str(),
        attempts: found.attempts,
        sent_at: found.sent_at.map(moment),
        next_at: found.next_at.map(moment),
        // It may name our mail server.
        last_error: found.last_error.clone().filter(|_| viewer.user().is_none()),
        created_at: moment(found.created_at),
    }
}

/// Which messages to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationsQuery {
    /// Only those to this user.
    user: Option<String>,
    /// Only those about this order.
    order: Option<String>,
    /// `next_cursor` of the page before; from the beginning when not given.
    cursor: Option<String>,
    /// 1 to 1,000 items; 100 when not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// List messages in the order in which their events came. A user's key lists its own.
#[utoipa::path(get, path = "/v1/notifications", tag = "notifications", params(NotificationsQuery), responses((status = 200, body = Page<Notification>)))]
pub async fn list_notifications(
    state: web::Data<State>,
    viewer: Viewer,
    Query(query): Query<NotificationsQuery>,
) -> Result<web::Json<Page<Notification>>, Problem> {
    let wanted = Wanted::read(query.cursor.as_deref(), query.limit)?;
    let found = match viewer.narrowed(query.user) {
        Some(user) => {
            let filter = Filter { user, order: query.order };
            let (after, rows) = (wanted.after.clone(), wanted.rows());
            state.db.read(move |conn| notifications::page(conn, &filter, &after, rows)).await?
        }
        None => Vec::new(),
    };
    Ok(web::Json(wanted.page(found, |found| &found.id, |found| show(found, &viewer))))
}

/// Get a message.
#[utoipa::path(
    get, path = "/v1/notifications/{id}", tag = "notifications", params(("id" = String, Path, description = "UUID.")),
    responses((status = 200, body = Notification), (status = 404, body = Document, content_type = "application/problem+json")),
)]
pub async fn get_notification(
    state: web::Data<State>,
    viewer: Viewer,
    Uid(id): Uid,
) -> Result<web::Json<Notification>, Problem> {
    let user = viewer.user().map(str::to_owned);
    let found = state.db.read(move |conn| notifications::get(conn, user.as_deref(), &id)).await;
    found.map(|found| web::Json(show(&found, &viewer))).map_err(|e| or_missing(e, "notification"))
}
