//! Keys and certificates that are replaced while the service runs: files are looked at every few seconds, and what
//! they hold comes into force whole, or not at all.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use gate::tls::Identity;
use gate::token::api_key::ApiKeyVerifier;
use gate::token::charge::ChargeVerifier;
use gate::token::event::EventVerifier;

use crate::settings::{ConfigError, Var, Vars};

mod watch;

pub use watch::{Reloading, Reloads};

/// How often the files are looked at.
pub const EVERY: Var = Var::new(
    "RELOAD_MS",
    "5000",
    "milliseconds between looks at the files of keys and certificates, 100 to 600000; what is new and good is taken over",
);

/// Whoever writes several files is done after this long, mostly; if not, the next look sees it.
const SETTLE: Duration = Duration::from_millis(50);

/// Reads `RELOAD_MS`.
pub fn every(vars: &Vars) -> Result<Duration, ConfigError> {
    vars.millis(&EVERY, 100..=600_000)
}

/// What proves who somebody is: ourselves, or those who call.
pub trait Credential: Send + Sync + 'static {
    /// Whether it may come into force at `now`, in seconds.
    fn check(&self, _now: i64) -> Result<(), ConfigError> {
        Ok(())
    }

    /// When its certificate ends, where it has one.
    fn expires_at(&self) -> Option<i64> {
        None
    }
}

impl Credential for Identity {
    fn check(&self, now: i64) -> Result<(), ConfigError> {
        Ok(self.check_as_server(now)?)
    }

    fn expires_at(&self) -> Option<i64> {
        Some(Self::expires_at(self))
    }
}

impl Credential for ChargeVerifier {}
impl Credential for EventVerifier {}
impl Credential for ApiKeyVerifier {}

/// A credential that was read from files and is replaced when they change. Whoever took it keeps what it took.
pub struct Reloaded<T>(Arc<Inner<T>>);

struct Inner<T> {
    what: &'static str,
    files: Vec<PathBuf>,
    load: Box<dyn Fn() -> Result<T, ConfigError> + Send + Sync>,
    /// Held for as long as it takes to copy or replace a pointer.
    in_force: RwLock<Arc<T>>,
    /// Held by whoever looks, which is one thread.
    seen: Mutex<Seen>,
}

/// Contents, by their hashes.
struct Seen {
    in_force: u64,
    refused: Option<u64>,
}

/// What came of a look at the files.
#[derive(Debug)]
enum Look {
    Unchanged,
    TakenOver,
    /// For the first time with these contents.
    Refused(ConfigError),
}

impl<T: Credential> Reloaded<T> {
    /// Reads a credential. `what` is its name in logs and metrics, `files` all that `load` reads; a file that is not
    /// there counts too.
    pub fn read(
        what: &'static str,
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<T, ConfigError> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        // Before reading: a change in between is then seen as one.
        let seen = Mutex::new(Seen { in_force: contents(&files), refused: None });
        let in_force = RwLock::new(Arc::new(load()?));
        Ok(Self(Arc::new(Inner { what, files, load: Box::new(load), in_force, seen })))
    }

    /// What is in force. To be taken once for all that must belong together.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over what the files hold now, if it is new and good.
    fn look(&self, now: i64) -> Look {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = contents(&self.0.files);
        if found != seen.in_force {
            std::thread::sleep(SETTLE);
            found = contents(&self.0.files);
        }
        if found == seen.in_force {
            seen.refused = None;
            return Look::Unchanged;
        }
        let loaded = (self.0.load)().and_then(|new| new.check(now).map(|()| new));
        if contents(&self.0.files) != found {
            return Look::Unchanged;
        }
        match loaded {
            Ok(new) => {
                *self.0.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                *seen = Seen { in_force: found, refused: None };
                Look::TakenOver
            }
            // It is tried again at each look, since time may make it good, and said once.
            Err(_) if seen.refused == Some(found) => Look::Unchanged,
            Err(error) => {
                seen.refused = Some(found);
                Look::Refused(error)
            }
        }
    }
}

/// Contents and not times: a mounted secret is swapped by a link, and clocks are coarse.
fn contents(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).ok().hash(&mut hasher);
    }
    hasher.finish()
}

impl<T> Clone for Reloaded<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Reloaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reloaded").field(&self.0.what).finish()
    }
}

#[cfg(test)]
mod tests;
