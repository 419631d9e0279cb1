//! What must be in no log, span or metric, and where it is looked for.

use std::path::Path;

use testkit::Home;

/// Sent through everything, and made so that nothing else is like them.
pub(crate) const EMAIL: &str = "canary.4d1f@secret-mailbox.example";
pub(crate) const CARD: &str = "4929123412341234";
pub(crate) const CARD_IN_FOURS: &str = "4929 1234 1234 1234";
pub(crate) const PASSWORD: &str = "canary-password-77c1";
pub(crate) const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOiI5YjJlIn0.Y2FuYXJ5LXNpZ25hdHVyZQ";

/// Each with what it is.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// The canaries, the keys in a folder, and whatever else is added.
    pub(crate) fn of(home: &Home) -> Self {
        let canaries = [
            ("an e-mail address", EMAIL),
            ("a card number", CARD),
            ("a card number", CARD_IN_FOURS),
            ("a password", PASSWORD),
            ("a token", TOKEN),
        ];
        let mut secrets = Self(canaries.map(|(what, secret)| (what.into(), secret.into())).into());
        for folder in ["keys", "pki"] {
            secrets.keys(&home.path(folder));
        }
        secrets
    }

    pub(crate) fn add(&mut self, what: &str, secret: &str) {
        self.0.push((what.to_owned(), secret.to_owned()));
    }

    /// A line in the middle of every private key.
    fn keys(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.keys(&path);
            } else if let Ok(text) = std::fs::read_to_string(&path)
                && text.contains("PRIVATE KEY")
            {
                let line = text.lines().nth(1).expect("a line of a key");
                self.add(&path.display().to_string(), line);
            }
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Those that a text holds, with the line that does.
    pub(crate) fn found_in(&self, place: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (what, secret) in &self.0 {
            if let Some(at) = text.find(secret.as_str()) {
                let from = text.floor_char_boundary(at.saturating_sub(300));
                let to = text.ceil_char_boundary((at + 100).min(text.len()));
                found.push(format!("{place} holds {what}: {}", &text[from..to]));
            }
        }
        found
    }
}

#[test]
fn a_secret_that_is_there_is_found() {
    let mut secrets = Secrets::default();
    secrets.add("a canary", PASSWORD);
    assert_eq!(secrets.found_in("a log", &format!("connecting as ada:{PASSWORD}@host")).len(), 1);
    assert_eq!(secrets.found_in("a log", "connecting as ada@host"), Vec::<String>::new());
}
