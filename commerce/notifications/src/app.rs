//! Puts notifications together and runs it.

use std::sync::Arc;

use events::{Events, Parts};
use service::app::{Core, Service};
use service::{Clock, ConfigError, Vars, run};
use tokio::sync::Notify;

use crate::flows::send_due::Sending;
use crate::handlers::events::Worthy;
use crate::handlers::state::State;
use crate::jobs::gauges::Gauges;
use crate::jobs::send::Send;
use crate::routes;
use crate::settings::Settings;
use crate::store::MIGRATIONS;

/// The role `serve`.
pub async fn serve(vars: Vars) -> Result<(), ConfigError> {
    run::logging(&vars, "notifications")?;
    build(Settings::read(&vars)?, Clock::system())?.serve("notifications").await
}

/// Checks everything and binds the ports; needs a running tokio.
pub fn build(settings: Settings, clock: Clock) -> Result<Service, ConfigError> {
    let mut core = Core::open(&settings.public.database, MIGRATIONS, clock)?;
    core.reloads.watch(&settings.mailer)?;
    let wake = Arc::new(Notify::new());
    let help = "E-mails that were tried, by what came of it.";
    let outcomes = core.metrics.counter("notifications_total", help, &["outcome"]);
    let with = Sending {
        db: core.db.clone(),
        clock: core.clock.clone(),
        mailer: settings.mailer,
        outcomes: outcomes.map_err(ConfigError::internal)?,
    };
    let gauges = Gauges::new(&core.db, &core.clock, &core.metrics)?;
    let send = Send { with, wake: Arc::clone(&wake) };
    let worthy = Worthy { db: core.db.clone(), clock: core.clock.clone(), wake };
    let parts = Parts {
        db: &core.db,
        clock: &core.clock,
        metrics: &core.metrics,
        reloads: &mut core.reloads,
        identity: &settings.identity,
        capacity: settings.public.server.capacity,
        // Nobody is told anything from here.
        wake: Arc::default(),
    };
    let events = Events::build(settings.events, worthy, parts)?;
    let state = State { db: core.db.clone() };
    let mut service = core.listen(settings.public, routes::routes, state)?;
    events.join(&mut service);
    service.spawn(|shutdown| send.run(shutdown));
    service.spawn(|shutdown| gauges.run(shutdown));
    Ok(service)
}
