//! Command line of the operator.

use std::io::Write;
use std::process::ExitCode;

use antaeusctl::{
    billing, customers, events, invoices, keys, pki, policies, ports, probe, reconcile, seed, verify,
};
use clap::Parser;
use service::Clock;

/// Runs Antaeus: billing runs, invoices, certificates, keys, data sets, and a look at what can reach what.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Certificates of the services.
    #[command(subcommand)]
    Pki(pki::PkiCommand),
    /// Charge keys and API keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Fill invoice-app's empty database with a data set.
    Seed(seed::SeedCommand),
    /// Invoices: list them, look at one, count them.
    #[command(subcommand)]
    Invoices(invoices::InvoicesCommand),
    /// Customers: list them, look at one.
    #[command(subcommand)]
    Customers(customers::CustomersCommand),
    /// Billing runs: preview, start, watch, steer and certify them.
    #[command(subcommand)]
    Billing(billing::BillingCommand),
    /// Do invoices and captures agree? Exit 1 when something differs.
    Reconcile(reconcile::ReconcileCommand),
    /// Compare both databases, invoice by invoice: exit 1 when something must not be.
    Verify(verify::VerifyCommand),
    /// Events that were not taken: list them, look at one, have them tried again.
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Who may call whom, by the rendered manifests and the call graph.
    #[command(subcommand)]
    Policies(policies::PoliciesCommand),
    /// Print free ports of this machine, one a line.
    Ports(ports::PortsCommand),
    /// Ask one URL and print what came of it in one line, or answer to such questions.
    #[command(subcommand)]
    Probe(probe::ProbeCommand),
}

fn main() -> ExitCode {
    let clock = Clock::system();
    let out = &mut std::io::stdout().lock();
    let well = |done: Result<(), String>| done.map(|()| true);
    let done = match Command::parse() {
        Command::Pki(command) => well(pki::run(&command, clock.seconds(), out).map_err(|e| e.to_string())),
        Command::Keys(command) => well(keys::run(&command, clock.seconds(), out).map_err(|e| e.to_string())),
        Command::Seed(command) => well(seed::run(&command, &clock, out)),
        Command::Invoices(command) => well(invoices::run(&command, out)),
        Command::Customers(command) => well(customers::run(&command, out)),
        Command::Billing(command) => billing::run(&command, out, &mut std::io::stderr()),
        Command::Reconcile(command) => reconcile::run(&command, out),
        Command::Verify(command) => verify::run(&command, out),
        Command::Events(command) => well(events::run(&command, &clock, out)),
        Command::Policies(command) => policies::run(&command, out),
        Command::Ports(command) => well(ports::run(&command, out)),
        Command::Probe(command) => well(probe::run(command, out)),
    };
    let _ = out.flush();
    exit(done)
}

/// 0 well, 1 findings, 2 could not look.
#[expect(clippy::print_stderr, reason = "the sentence is for whoever typed the command")]
fn exit(done: Result<bool, String>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::from(2)
        }
    }
}
