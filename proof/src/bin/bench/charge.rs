//! `bench charge`: how many charges go through the whole gate into the ledger, per second.

use std::time::Duration;

use antaeusctl::verify::verify;
use testkit::{Database, Engine, Home};

use super::figure::Figure;
use super::load::Target;
use super::{Options, cpu, postgres, sqlite};

/// Sizes of a batch and how many callers send them: as many as pgbench has where a commit is the cost.
const POSTGRES: &[(usize, usize)] = &[(1, 16), (10, 16), (100, 8), (1_000, 4)];
const SQLITE: (usize, usize) = (100, 8);

pub async fn run(options: Options) {
    if postgres::is_here() {
        on_postgres(options).await;
    } else {
        println!("SKIPPED on PostgreSQL: set TEST_DATABASE_URL");
    }
    on_sqlite(options).await;
}

async fn on_postgres(options: Options) {
    let target = Target::start(Engine::Postgres).await;
    let db = target.database.open();
    let reference = postgres::Reference::prepare(&db, &target.database.url);
    if !options.json {
        println!("postgres: {}", postgres::durability(&db));
    }
    let mut figures: Vec<Figure> = POSTGRES.iter().map(|(size, _)| figure("postgres", *size)).collect();
    let mut plain = figure("postgres/plain-sql", 100);
    for _ in 0..options.rounds.unwrap_or(5) {
        for ((size, callers), figure) in POSTGRES.iter().zip(&mut figures) {
            let updates = reference.updates_per_second(options.seconds);
            let rate = measured(&target, *size, *callers, options, figure).await;
            figure.rounds.push((rate, updates));
        }
        let updates = reference.updates_per_second(options.seconds);
        plain.rounds.push((reference.plain_per_second(options.seconds), updates));
    }
    figures.iter().chain([&plain]).for_each(|figure| figure.print(options.json));
    holds(&target);
}

async fn on_sqlite(options: Options) {
    let target = Target::start(Engine::Sqlite).await;
    let home = Home::new();
    let mut reference = sqlite::Reference::prepare(&home.path("reference.sqlite"));
    if !options.json {
        println!("sqlite: journal_mode=wal synchronous=full, ours and the reference");
    }
    let mut figure = figure("sqlite", SQLITE.0);
    for _ in 0..options.rounds.unwrap_or(5) {
        let raw = reference.per_second(Duration::from_secs(options.seconds));
        let rate = measured(&target, SQLITE.0, SQLITE.1, options, &mut figure).await;
        figure.rounds.push((rate, raw));
    }
    figure.print(options.json);
    holds(&target);
}

fn figure(database: &str, size: usize) -> Figure {
    let (case, unit) = (format!("{database}/{size}"), "charges/s");
    Figure { bench: "charge", case, unit, rounds: Vec::new(), beside: String::new() }
}

/// One measurement, and where the CPU time of each charge went.
async fn measured(
    target: &Target,
    size: usize,
    callers: usize,
    options: Options,
    figure: &mut Figure,
) -> f64 {
    target.refuses().await;
    let names = ["payment-provider", "bench", "postgres"];
    let before = names.map(cpu::of);
    let time = Duration::from_secs(options.seconds);
    let rate = target.charges_per_second(size, callers, time).await;
    let charges = rate * time.as_secs_f64();
    let spent = |at: usize| cpu::of(names[at]).since(&before[at]).as_secs_f64() * 1e6 / charges;
    figure.beside = format!(
        "; CPU us per charge: provider {:.0}, caller {:.0}, database {:.0}",
        spent(0),
        spent(1),
        spent(2)
    );
    rate
}

/// The ledger is right after all that.
fn holds(target: &Target) {
    let home = Home::new();
    let nobody = Database::fresh(&home, Engine::Sqlite, "nobody", invoice_app::store::MIGRATIONS);
    let report = verify(&nobody.open(), &target.database.open(), true).expect("rows");
    // There is no invoice-app in this benchmark, whose rows I3 and I5 are about.
    let wrong: Vec<_> =
        report.findings.iter().filter(|f| f.invariant == "I1" || f.invariant == "I4").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
