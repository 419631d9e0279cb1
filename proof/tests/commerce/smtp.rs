//! A real mail server for a test: aiosmtpd, with a certificate of the test's own CA.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use service::settings::{Var, Vars};
use testkit::Home;
use testkit::commerce::Variables;
use testkit::ports::free_port;

const PYTHON: Var =
    Var::unset("SMTP_PYTHON", "a python3 that has aiosmtpd, as `scripts/tools.sh aiosmtpd` installs it");
const CI: Var = Var::unset("CI", "`true` makes a skipped check a failure");

/// When TLS begins, or that there is none.
#[derive(Clone, Copy)]
pub enum Mode {
    StartTls,
    Smtps,
    Plain,
}

/// Ends when dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    folder: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// The python that has aiosmtpd; nothing with a loud word, which is a failure in CI.
#[expect(clippy::print_stderr, reason = "a skipped check says so")]
fn python() -> Option<String> {
    let vars = Vars::from_env();
    let python = vars.text(&PYTHON).unwrap_or_else(|| "python3".into());
    let there = Command::new(&python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
    if there.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    assert!(vars.text(&CI).as_deref() != Some("true"), "CI=true and no aiosmtpd: SMTP is not tested");
    eprintln!("SKIPPED with a mail server: set SMTP_PYTHON, see scripts/tools.sh aiosmtpd");
    None
}

/// A server whose certificate is that of payment-provider in `home`; nothing where there is none to start.
pub fn start(home: &Home, mode: Mode, login: Option<(&str, &str)>) -> Option<Server> {
    let (python, port) = (python()?, free_port());
    let script = format!("{}/../scripts/test/smtp-server.py", env!("CARGO_MANIFEST_DIR"));
    let mode = match mode {
        Mode::StartTls => "starttls",
        Mode::Smtps => "smtps",
        Mode::Plain => "plain",
    };
    let folder = home.path(&format!("smtp-{port}"));
    let pki = |file: &str| home.text(&format!("pki/payment-provider/{file}"));
    let mut command = Command::new(python);
    command.args([&script, mode, &port.to_string(), &pki("cert.pem"), &pki("key.pem")]).arg(&folder);
    if let Some((user, password)) = login {
        command.args([user, password]);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready.trim(), "ready", "the mail server did not start");
    Some(Server { child, port, folder })
}

impl Server {
    /// The e-mails that it took.
    pub fn mails(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.folder).unwrap();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    /// Variables of notifications with which it sends there.
    pub fn vars(&self, home: &Home, scheme: &str, ca: &str) -> Variables {
        vec![("MAIL", format!("{scheme}://localhost:{}", self.port)), ("SMTP_CA_FILE", home.text(ca))]
    }
}
