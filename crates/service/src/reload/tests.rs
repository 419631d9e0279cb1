use super::{Credential, Look, Reloaded};
use crate::ConfigError;
use std::path::{Path, PathBuf};

/// Good from a time on, and only when both files say the same.
struct Pair {
    text: String,
    from: i64,
}

impl Credential for Pair {
    fn check(&self, now: i64) -> Result<(), ConfigError> {
        if now >= self.from { Ok(()) } else { Err(ConfigError::new("too early")) }
    }
}

fn load(files: &[PathBuf]) -> Result<Pair, ConfigError> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(ConfigError::internal);
    let (one, two) = (read(&files[0])?, read(&files[1])?);
    if one != two {
        return Err(ConfigError::new("not a pair"));
    }
    let from = one.split(' ').nth(1).map_or(0, |n| n.parse().unwrap());
    Ok(Pair { text: one, from })
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> (Self, Reloaded<Pair>) {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("first", "first");
        let paths = files.paths();
        let reloaded = Reloaded::read("pair", files.paths(), move || load(&paths)).unwrap();
        (files, reloaded)
    }

    fn paths(&self) -> Vec<PathBuf> {
        ["one", "two"].map(|name| self.0.path().join(name)).to_vec()
    }

    fn write(&self, one: &str, two: &str) {
        for (path, text) in self.paths().iter().zip([one, two]) {
            std::fs::write(path, text).unwrap();
        }
    }
}

#[test]
fn what_changed_and_is_good_comes_into_force_once_and_what_was_taken_stays() {
    let (files, reloaded) = Files::new();
    assert!(matches!(reloaded.look(0), Look::Unchanged));
    let taken = reloaded.get();
    files.write("second", "second");
    assert!(matches!(reloaded.look(0), Look::TakenOver));
    assert!(matches!(reloaded.look(0), Look::Unchanged));
    assert_eq!((taken.text.as_str(), reloaded.get().text.as_str()), ("first", "second"));
}

#[test]
fn what_cannot_be_used_changes_nothing_and_is_said_once() {
    let (files, reloaded) = Files::new();
    files.write("first", "second");
    assert!(matches!(reloaded.look(0), Look::Refused(error) if error.to_string() == "not a pair"));
    assert!(matches!(reloaded.look(0), Look::Unchanged));
    std::fs::remove_file(&files.paths()[1]).unwrap();
    assert!(matches!(reloaded.look(0), Look::Refused(_)));
    assert_eq!(reloaded.get().text, "first");
    files.write("first", "first");
    assert!(matches!(reloaded.look(0), Look::Unchanged));
    files.write("first", "second");
    assert!(
        matches!(reloaded.look(0), Look::Refused(_)),
        "what was put right and is wrong again is said again"
    );
}

#[test]
fn what_is_not_good_yet_comes_into_force_when_it_is() {
    let (files, reloaded) = Files::new();
    files.write("later 10", "later 10");
    assert!(matches!(reloaded.look(9), Look::Refused(error) if error.to_string() == "too early"));
    assert!(matches!(reloaded.look(9), Look::Unchanged));
    assert!(matches!(reloaded.look(10), Look::TakenOver));
}

#[test]
fn files_that_change_while_they_are_read_wait_for_the_next_look() {
    let (files, _) = Files::new();
    let (paths, moving) = (files.paths(), std::sync::atomic::AtomicBool::new(false));
    let source = files.paths();
    let reloaded = Reloaded::read("pair", files.paths(), move || {
        let loaded = load(&source);
        if moving.swap(true, std::sync::atomic::Ordering::SeqCst)
            && loaded.as_ref().is_ok_and(|p| p.text == "a")
        {
            std::fs::write(&paths[0], "b").unwrap();
        }
        loaded
    });
    let reloaded = reloaded.unwrap();
    files.write("a", "a");
    assert!(matches!(reloaded.look(0), Look::Unchanged));
    assert_eq!(reloaded.get().text, "first");
    files.write("b", "b");
    assert!(matches!(reloaded.look(0), Look::TakenOver));
}
