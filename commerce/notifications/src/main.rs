//! Command line of notifications.

use std::process::ExitCode;

use notifications::{app, routes, settings, store};
use service::cli::Program;

fn main() -> ExitCode {
    let program = Program {
        name: "notifications",
        about: "Tells users what became of their orders and invoices, by e-mail.",
        serve: |vars| Box::pin(app::serve(vars)),
        roles: &[],
        migrations: store::MIGRATIONS,
        database: settings::DEFAULTS.database,
        openapi: routes::openapi,
        vars: settings::vars,
    };
    program.main()
}
