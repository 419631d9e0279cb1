//! What is noted in spans, by the semantic conventions of OpenTelemetry.

/// `GET`, or `_OTHER`.
pub const METHOD: &str = "http.request.method";
/// The pattern of the path.
pub const ROUTE: &str = "http.route";
/// Such as 200.
pub const STATUS: &str = "http.response.status_code";
/// `http` or `https`.
pub const SCHEME: &str = "url.scheme";
/// Who is called.
pub const SERVER: &str = "server.address";
/// Where.
pub const PORT: &str = "server.port";
/// Why there is no answer, or what it says.
pub const ERROR: &str = "error.type";
/// How messages travel: `http`, `rabbitmq` or `smtp`.
pub const SYSTEM: &str = "messaging.system";
/// `send`, `receive` or `process`.
pub const OPERATION: &str = "messaging.operation.type";
/// Where messages go, or come from.
pub const DESTINATION: &str = "messaging.destination.name";
/// How many.
pub const MESSAGES: &str = "messaging.batch.message_count";
/// Which one.
pub const MESSAGE: &str = "messaging.message.id";
/// What kind of event it is.
pub const EVENT: &str = "cloudevents.event_type";
/// How many invoices are charged at once.
pub const INVOICES: &str = "antaeus.invoices";
/// The billing run.
pub const RUN: &str = "antaeus.billing_run";
