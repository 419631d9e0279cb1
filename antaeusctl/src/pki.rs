//! `antaeusctl pki`: a CA and one certificate per service, for TLS outside a mesh.

mod ca;
mod error;
mod init;
mod issue;
mod renew;
mod revoke;
mod revoked;

use std::io::Write;

use clap::Subcommand;
use gate::tls::TlsError;

pub use error::PkiError;
pub use init::Init;
pub use renew::Renew;
pub use revoke::Revoke;

const DAY: i64 = 86_400;

/// A service that gets a certificate.
struct Service {
    name: &'static str,
    namespace: &'static str,
    account: &'static str,
    role: Role,
}

/// What a certificate may be used for. A service that calls nobody cannot pose as a caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Server,
    ServerAndClient,
}

/// Later services are added here.
const SERVICES: &[Service] = &[
    Service {
        name: "invoice-app",
        namespace: "antaeus",
        account: "invoice-app",
        role: Role::ServerAndClient,
    },
    Service {
        name: "payment-provider",
        namespace: "payments",
        account: "payment-provider",
        role: Role::Server,
    },
    Service { name: "users", namespace: "commerce", account: "users", role: Role::ServerAndClient },
    Service { name: "orders", namespace: "commerce", account: "orders", role: Role::ServerAndClient },
    Service { name: "notifications", namespace: "commerce", account: "notifications", role: Role::Server },
];

/// Certificates for local and mesh-less use.
#[derive(Debug, Subcommand)]
pub enum PkiCommand {
    /// Create the CA and each service's certificate; what is there and good is kept.
    Init(Init),
    /// Give one service or all a new certificate and key under the same CA; running services take them over.
    Renew(Renew),
    /// Put a certificate on the CA's list of revoked ones, and the list into every service's folder.
    Revoke(Revoke),
}

/// Runs a command at `now`, in seconds since the epoch.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &PkiCommand, now: i64, out: &mut dyn Write) -> Result<(), PkiError> {
    match command {
        PkiCommand::Init(arguments) => init::init(arguments, now, out),
        PkiCommand::Renew(arguments) => renew::renew(arguments, now, out),
        PkiCommand::Revoke(arguments) => revoke::revoke(arguments, now, out),
    }
}

fn service(name: &str) -> Result<&'static Service, PkiError> {
    SERVICES.iter().find(|service| service.name == name).ok_or_else(|| PkiError::UnknownService {
        name: name.to_owned(),
        known: SERVICES.iter().map(|service| service.name).collect::<Vec<_>>().join(", "),
    })
}

// The library's messages end in advice of their own, after the semicolon.
fn cause(error: &TlsError) -> String {
    let text = error.to_string();
    text.split(';').next().unwrap_or_default().to_owned()
}
