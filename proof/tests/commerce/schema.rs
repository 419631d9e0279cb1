//! Migrations: taken back and made again; the tables of events are the same everywhere.

use db::AnyConnection;
use diesel_migrations::MigrationHarness;
use testkit::{Database, Home, Team, engines};

const TEAMS: [Team; 3] = [Team::Users, Team::Orders, Team::Notifications];

fn revert(database: &Database, team: Team) {
    let revert = |conn: &mut AnyConnection| {
        let reverted = match conn {
            AnyConnection::Postgres(conn) => conn.revert_all_migrations(team.migrations().postgres),
            AnyConnection::Sqlite(conn) => conn.revert_all_migrations(team.migrations().sqlite),
        };
        reverted.map(|_| ()).map_err(|e| db::StoreError::Bug(e.to_string()))
    };
    database.open().write_blocking(revert).unwrap();
}

#[test]
fn every_schema_can_be_taken_back_and_made_again() {
    for engine in engines() {
        let home = Home::new();
        for team in TEAMS {
            let database = Database::fresh(&home, engine, team.name(), team.migrations());
            revert(&database, team);
            let applied = team.migrations().run(&database.parsed()).unwrap();
            let manifest = env!("CARGO_MANIFEST_DIR");
            let folder = format!("{manifest}/../commerce/{}/migrations/sqlite", team.name());
            assert_eq!(applied.len(), std::fs::read_dir(folder).unwrap().count(), "{applied:?}");
        }
    }
}

#[test]
fn the_tables_of_events_are_the_same_everywhere() {
    let read = |team: Team, engine: &str| {
        let path = format!(
            "{}/../commerce/{}/migrations/{engine}/2026-11-21-000002_events/up.sql",
            env!("CARGO_MANIFEST_DIR"),
            team.name()
        );
        std::fs::read_to_string(path).unwrap()
    };
    let first = read(Team::Users, "sqlite");
    assert!(first.contains("CREATE TABLE held_events"), "{first}");
    for team in TEAMS {
        for engine in ["sqlite", "postgres"] {
            assert_eq!(read(team, engine), first, "{} {engine}", team.name());
        }
    }
}
