//! Puts orders together and runs it.

use std::sync::Arc;

use events::{Events, Parts};
use service::app::{Core, Service};
use service::{Clock, ConfigError, Vars, run};
use tokio::sync::Notify;

use crate::flows::counts::Counts;
use crate::handlers::events::Invoices;
use crate::handlers::state::State;
use crate::routes;
use crate::settings::Settings;
use crate::store::MIGRATIONS;

/// The role `serve`.
pub async fn serve(vars: Vars) -> Result<(), ConfigError> {
    run::logging(&vars, "orders")?;
    build(Settings::read(&vars)?, Clock::system())?.serve("orders").await
}

/// Checks everything and binds the ports; needs a running tokio.
pub fn build(settings: Settings, clock: Clock) -> Result<Service, ConfigError> {
    let mut core = Core::open(&settings.public.database, MIGRATIONS, clock)?;
    let wake = Arc::new(Notify::new());
    let counts = Counts::new(&core.metrics)?;
    let invoices = Invoices {
        db: core.db.clone(),
        clock: core.clock.clone(),
        wake: Arc::clone(&wake),
        counts: counts.clone(),
    };
    let parts = Parts {
        db: &core.db,
        clock: &core.clock,
        metrics: &core.metrics,
        reloads: &mut core.reloads,
        identity: &settings.identity,
        capacity: settings.public.server.capacity,
        wake: Arc::clone(&wake),
    };
    let events = Events::build(settings.events, invoices, parts)?;
    let state = State { db: core.db.clone(), clock: core.clock.clone(), wake, counts };
    let mut service = core.listen(settings.public, routes::routes, state)?;
    events.join(&mut service);
    Ok(service)
}
