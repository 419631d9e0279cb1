//! Puts users together and runs it.

use std::sync::Arc;

use events::{Events, Nobody, Parts};
use service::app::{Core, Service};
use service::{Clock, ConfigError, Vars, run};
use tokio::sync::Notify;

use crate::handlers::state::State;
use crate::routes;
use crate::settings::Settings;
use crate::store::MIGRATIONS;

/// The role `serve`.
pub async fn serve(vars: Vars) -> Result<(), ConfigError> {
    run::logging(&vars, "users")?;
    build(Settings::read(&vars)?, Clock::system())?.serve("users").await
}

/// Checks everything and binds the ports; needs a running tokio.
pub fn build(settings: Settings, clock: Clock) -> Result<Service, ConfigError> {
    let mut core = Core::open(&settings.public.database, MIGRATIONS, clock)?;
    let wake = Arc::new(Notify::new());
    let parts = Parts {
        db: &core.db,
        clock: &core.clock,
        metrics: &core.metrics,
        reloads: &mut core.reloads,
        identity: &settings.identity,
        capacity: settings.public.server.capacity,
        wake: Arc::clone(&wake),
    };
    let events = Events::build(settings.events, Nobody, parts)?;
    let registered = core.metrics.total("users_registered_total", "Users that registered.");
    let registered = registered.map_err(ConfigError::internal)?;
    let state = State { db: core.db.clone(), clock: core.clock.clone(), wake, registered };
    let mut service = core.listen(settings.public, routes::routes, state)?;
    events.join(&mut service);
    Ok(service)
}
