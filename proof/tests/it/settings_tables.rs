//! The tables of variables name every variable that is read, and no other.

use std::collections::BTreeSet;

use service::settings::{Var, Vars};
use testkit::shop::EventPorts;
use testkit::stack::{event_vars, invoice_app_vars, provider_vars};
use testkit::{Home, Team};

fn names(vars: &[Var]) -> BTreeSet<&'static str> {
    vars.iter().map(|var| var.name).collect()
}

#[test]
fn the_tables_are_complete() {
    let home = Home::new();
    let mut own = invoice_app_vars(&home, "sqlite://none", "https://localhost:1");
    own.extend(event_vars(&home, "invoice-app"));
    own.push(("EVENTS_TO", "orders=https://localhost:1".into()));
    let vars = Vars::fixed(own);
    service::run::logging(&vars, "invoice-app").unwrap();
    assert!(invoice_app::settings::Settings::read(&vars).is_ok());
    // Judged by keys, the key file is read; without, the permission to go without.
    let keys = [("AUTH", "keys"), ("API_JWKS_FILE", "/nonexistent")];
    let judged = Vars::fixed(keys);
    let listen = "127.0.0.1:1".parse().unwrap();
    assert!(service::api_auth::ApiAuth::read(&judged, listen).is_err());
    let mut asked = names(&vars.asked());
    asked.extend(names(&judged.asked()));
    assert_eq!(asked, names(&invoice_app::settings::vars()));

    let vars = Vars::fixed(provider_vars(&home, "sqlite://none"));
    assert!(payment_provider::settings::Settings::read(&vars).is_ok());
    let mut asked = names(&vars.asked());
    asked.extend(names(&judged.asked()));
    asked.insert(service::run::LOG.name);
    asked.extend(names(&service::telemetry::VARS));
    assert_eq!(asked, names(&payment_provider::settings::vars()));
}

#[test]
fn the_tables_of_team_commerce_are_complete() {
    let home = Home::new();
    let ports = EventPorts::default();
    for team in [Team::Users, Team::Orders, Team::Notifications] {
        let told: &[&str] = if team == Team::Notifications { &[] } else { &["notifications"] };
        let mut given = team.vars(&home, "sqlite://none");
        given.extend(ports.vars(&home, team.name(), told));
        given.extend([("AUTH", "keys".into()), ("API_JWKS_FILE", home.text("keys/operator/jwks.json"))]);
        let vars = Vars::fixed(given);
        let (read, table) = match team {
            Team::Users => (users::settings::Settings::read(&vars).map(|_| ()), users::settings::vars()),
            Team::Orders => (orders::settings::Settings::read(&vars).map(|_| ()), orders::settings::vars()),
            Team::Notifications => {
                (notifications::settings::Settings::read(&vars).map(|_| ()), notifications::settings::vars())
            }
        };
        assert_eq!(read, Ok(()), "{}", team.name());
        let mut asked = names(&vars.asked());
        // Only where nobody is asked for keys.
        asked.insert("INSECURE_PUBLIC_API");
        asked.insert(service::run::LOG.name);
        asked.extend(names(&service::telemetry::VARS));
        assert_eq!(asked, names(&table), "{}", team.name());
    }
}
