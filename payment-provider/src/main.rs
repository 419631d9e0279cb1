//! Command line of payment-provider.

use std::process::ExitCode;

use payment_provider::{app, routes, settings, store};
use service::cli::Program;

fn main() -> ExitCode {
    let program = Program {
        name: "payment-provider",
        about: "Charges what Antaeus, and nobody else, asks it to charge.",
        serve: |vars| Box::pin(app::serve(vars)),
        roles: &[],
        migrations: store::MIGRATIONS,
        database: settings::DATABASE,
        openapi: routes::openapi,
        vars: settings::vars,
    };
    program.main()
}
