//! Benchmarks: figures of the release binaries beside this one, each as a ratio to a reference of the same run.
#![expect(clippy::print_stdout, reason = "the figures are what was asked for")]
#![expect(clippy::float_arithmetic, reason = "figures are ratios of measurements; no money here")]
#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up has no figures")]

mod billing;
mod charge;
mod cpu;
mod events;
mod figure;
mod flat;
mod flood;
mod load;
mod postgres;
mod sqlite;
mod startup;
mod telemetry;

use clap::{Args, Parser};

#[derive(Parser)]
enum Command {
    /// From start to ready, and resident memory when idle.
    Startup(Options),
    /// The charge API, behind its whole gate, over the rate of one-row updates on the same database.
    Charge(Options),
    /// A billing run from its start to its end, over the rate of one-row updates on the same database.
    Billing(BillingOptions),
    /// Telling what happened: its rate over that of charging, and how late events arrive at half load.
    Events(BillingOptions),
    /// What an invoice, or a page of them, costs with millions of paid ones behind it, over a thousand.
    Flat(FlatOptions),
    /// The charge API with traces and logs exported and metrics scraped, over the same without.
    Telemetry(Options),
    /// The 99th percentile of good charges under a flood of bad tokens, over the one without.
    Flood(Options),
}

/// What every benchmark is told.
#[derive(Args, Clone, Copy)]
struct Options {
    /// Rounds; of each case the median is told.
    #[arg(long)]
    rounds: Option<usize>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Seconds per measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

/// What `bench billing` and `bench events` are told.
#[derive(Args, Clone, Copy)]
struct BillingOptions {
    #[command(flatten)]
    every: Options,
    /// Invoices per run.
    #[arg(long, default_value_t = 100_000)]
    invoices: u32,
}

/// What `bench flat` is told.
#[derive(Args, Clone, Copy)]
struct FlatOptions {
    #[command(flatten)]
    every: Options,
    /// A million rows and not ten; the snapshot is held for 30 seconds and not 120.
    #[arg(long)]
    quick: bool,
}

#[tokio::main]
async fn main() {
    match Command::parse() {
        Command::Startup(options) => startup::run(options).await,
        Command::Charge(options) => charge::run(options).await,
        Command::Billing(options) => billing::run(options).await,
        Command::Events(options) => events::run(options).await,
        Command::Flat(options) => flat::run(options).await,
        Command::Telemetry(options) => telemetry::run(options).await,
        Command::Flood(options) => flood::run(options).await,
    }
}
