//! A mail server, asked over TLS or not at all.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::response::{Category, Severity};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Message, Tokio1Executor};

use super::mailer::Fault;

/// Longest wait for a connection or an answer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the connection (`smtps`).
    AtOnce,
    /// After `STARTTLS`, which the server must offer (`smtp`).
    StartTls,
}

/// Which server, and who we are to it.
pub struct Server {
    /// Its name, which must be in its certificate.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// When TLS begins.
    pub begin: Begin,
    /// PEM certificates of the authorities that may vouch for it.
    pub ca: Vec<u8>,
    /// User and password, where it wants them.
    pub login: Option<(String, String)>,
}

/// A way to a mail server.
pub struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

impl Smtp {
    /// Prepares the way; nothing is asked yet.
    pub fn new(server: Server) -> Result<Self, Error> {
        let tls = TlsParameters::builder(server.host.clone())
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(&server.ca)?)
            .build_rustls()?;
        let tls = match server.begin {
            Begin::AtOnce => Tls::Wrapper(tls),
            Begin::StartTls => Tls::Required(tls),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let Some((user, password)) = server.login {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self(builder.build()))
    }

    /// Hands an e-mail over.
    pub async fn send(&self, message: Message) -> Result<(), Fault> {
        match self.0.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if is_final(&error) => Err(Fault::Never(words(&error))),
            Err(error) => Err(Fault::Again(words(&error))),
        }
    }
}

/// Whether the server refuses this e-mail (55x: no such mailbox, not allowed, too large), and not us: a wrong password
/// (53x) or a command that it does not know (50x) is ours to mend.
fn is_final(error: &Error) -> bool {
    error.status().is_some_and(|code| {
        code.severity == Severity::PermanentNegativeCompletion && code.category == Category::MailSystem
    })
}

/// lettre's own words, and what is behind them.
fn words(error: &Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
