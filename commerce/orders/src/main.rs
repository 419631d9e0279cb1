//! Command line of orders.

use std::process::ExitCode;

use orders::{app, routes, settings, store};
use service::cli::Program;

fn main() -> ExitCode {
    let program = Program {
        name: "orders",
        about: "Takes orders, and learns whether they were paid.",
        serve: |vars| Box::pin(app::serve(vars)),
        roles: &[],
        migrations: store::MIGRATIONS,
        database: settings::DEFAULTS.database,
        openapi: routes::openapi,
        vars: settings::vars,
    };
    program.main()
}
