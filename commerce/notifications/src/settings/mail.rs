//! How e-mails leave.

use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use service::reload::Reloaded;
use service::settings::read;
use service::{ConfigError, Var, Vars};

use crate::clients::mailbox::FileMailbox;
use crate::clients::mailer::{Mailer, Way};
use crate::clients::smtp::{Begin, Server, Smtp};

const MAIL: Var = Var::unset(
    "MAIL",
    "where e-mails go: `file:DIR`, `smtp://host:port` (which must offer STARTTLS) or `smtps://host:port`; never without TLS",
);
const FROM: Var =
    Var::new("MAIL_FROM", "Antaeus <noreply@antaeus.example>", "whom e-mails come from, `Name <address>`");
const CA: Var = Var::unset(
    "SMTP_CA_FILE",
    "PEM file with the authorities that may vouch for the mail server, its own or the system's; needed with `smtp` and `smtps`",
);
const USER: Var =
    Var::unset("SMTP_USER_FILE", "file with the user name for the mail server; none is shown when not set");
const PASSWORD: Var =
    Var::unset("SMTP_PASSWORD_FILE", "file with the password for the mail server, beside `SMTP_USER_FILE`");

/// In the order in which they are read.
pub(super) const VARS: [Var; 5] = [MAIL, FROM, CA, USER, PASSWORD];

/// The files that a mail server's settings name.
struct Files {
    ca: Option<PathBuf>,
    user: Option<PathBuf>,
    password: Option<PathBuf>,
}

/// Reads where e-mails go, and whatever is needed to get there.
pub(super) fn mailer(vars: &Vars) -> Result<Reloaded<Mailer>, ConfigError> {
    let place: String = vars.required(&MAIL)?;
    let from: Mailbox = vars.required(&FROM)?;
    let files =
        Files { ca: vars.optional(&CA)?, user: vars.optional(&USER)?, password: vars.optional(&PASSWORD)? };
    if let Some(dir) = place.strip_prefix("file:") {
        let mailbox = FileMailbox::open(Path::new(dir)).map_err(|e| ConfigError::bad(&MAIL, &place, e))?;
        let load = move || Ok(Mailer { from: from.clone(), way: Way::File(mailbox.clone()) });
        return Reloaded::read("mail", Vec::new(), load);
    }
    let (begin, host, port) = address(&place)?;
    let paths = [&files.ca, &files.user, &files.password].into_iter().flatten().cloned().collect();
    Reloaded::read("mail", paths, move || {
        let server = Server { host: host.clone(), port, begin, ca: ca(&files)?, login: login(&files)? };
        let smtp = Smtp::new(server).map_err(|e| ConfigError::bad(&CA, "the file", e))?;
        Ok(Mailer { from: from.clone(), way: Way::Smtp(smtp) })
    })
}

fn address(place: &str) -> Result<(Begin, String, u16), ConfigError> {
    // It may hold a password, which does not belong there: it is not repeated.
    let shown = if place.contains('@') { "..." } else { place };
    let bad = |problem: &str| ConfigError::bad(&MAIL, shown, problem);
    let (begin, rest) = match place.split_once("://") {
        Some(("smtp", rest)) => (Begin::StartTls, rest),
        Some(("smtps", rest)) => (Begin::AtOnce, rest),
        _ => return Err(bad("it must begin with file:, smtp:// or smtps://")),
    };
    let (host, port) = rest.rsplit_once(':').ok_or_else(|| bad("the port is missing"))?;
    let port = port.parse().map_err(|_| bad("the port is no number"))?;
    // A name or an address, and nothing that belongs in a file.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-".contains(&b);
    if host.is_empty() || !host.bytes().all(plain) {
        return Err(bad("the host is no name; user and password come from files"));
    }
    Ok((begin, host.to_owned(), port))
}

fn ca(files: &Files) -> Result<Vec<u8>, ConfigError> {
    let path =
        files.ca.as_ref().ok_or_else(|| ConfigError::new(format!("set {}: {}", CA.name, CA.meaning)))?;
    let pem = read(&CA, path)?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(ConfigError::bad(&CA, &path.display().to_string(), "it holds no certificate"));
    }
    Ok(pem.into_bytes())
}

fn login(files: &Files) -> Result<Option<(String, String)>, ConfigError> {
    let line = |var: &Var, path: &PathBuf| read(var, path).map(|text| text.trim_end().to_owned());
    match (&files.user, &files.password) {
        (Some(user), Some(password)) => Ok(Some((line(&USER, user)?, line(&PASSWORD, password)?))),
        (None, None) => Ok(None),
        _ => Err(ConfigError::new("set SMTP_USER_FILE and SMTP_PASSWORD_FILE together, or neither")),
    }
}
