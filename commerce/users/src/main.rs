//! Command line of users.

use std::process::ExitCode;

use service::cli::Program;
use users::{app, routes, settings, store};

fn main() -> ExitCode {
    let program = Program {
        name: "users",
        about: "Keeps who registered, and tells the others.",
        serve: |vars| Box::pin(app::serve(vars)),
        roles: &[],
        migrations: store::MIGRATIONS,
        database: settings::DEFAULTS.database,
        openapi: routes::openapi,
        vars: settings::vars,
    };
    program.main()
}
