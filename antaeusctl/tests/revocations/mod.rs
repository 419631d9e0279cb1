//! `keys revoke` as an operator meets it: what is given wrongly revokes nothing and leaves nothing behind.

use crate::{KEYS, NOW, fresh, run};

#[test]
fn a_name_and_a_file_at_once_revoke_neither() {
    let dir = fresh(KEYS);
    let both = "keys revoke --jti a --key-file DIR/key --why x --database-url sqlite://DIR/none.sqlite";
    let error = run(dir.path(), both, NOW).unwrap_err();
    assert!(error.contains("cannot be used with"), "{error}");
    let none = "keys revoke --why x --database-url sqlite://DIR/none.sqlite";
    let error = run(dir.path(), none, NOW).unwrap_err();
    assert!(error.contains("--jti"), "{error}");
}

#[test]
fn a_database_that_is_not_there_is_an_error_and_is_not_made() {
    let dir = fresh(KEYS);
    let line = "keys revoke --jti a --why lost --database-url sqlite://DIR/none.sqlite";
    let error = run(dir.path(), line, NOW).unwrap_err();
    assert!(error.contains("nothing was revoked") && error.contains("none.sqlite"), "{error}");
    assert!(!dir.path().join("none.sqlite").exists(), "an empty database was left behind");
}
