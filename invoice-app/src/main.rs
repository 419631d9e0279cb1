//! Command line of invoice-app.

use std::process::ExitCode;

use invoice_app::{app, routes, settings, store};
use service::cli::Program;

fn main() -> ExitCode {
    let program = Program {
        name: "invoice-app",
        about: "Keeps customers and invoices, and gets each invoice paid at most once.",
        serve: |vars| Box::pin(app::serve(vars)),
        roles: &[("worker", "Charge invoices until SIGTERM, without the public API.", |vars| {
            Box::pin(app::work(vars))
        })],
        migrations: store::MIGRATIONS,
        database: settings::DATABASE,
        openapi: routes::openapi,
        vars: settings::vars,
    };
    program.main()
}
