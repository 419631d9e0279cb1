//! The PKI and the keys as an operator meets them: made once, kept, repaired on demand.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test a failed set-up is a failed test")]

mod revocations;
mod rotations;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use antaeusctl::keys::{self, KeysCommand};
use antaeusctl::pki::{self, PkiCommand};
use clap::Parser;
use gate::keys::VerifyingKeys;
use gate::tls::Identity;
use gate::token::Scope;
use gate::token::api_key::{self, ApiKeyVerifier};
use tempfile::TempDir;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

#[derive(Parser)]
enum Cli {
    #[command(subcommand)]
    Pki(PkiCommand),
    #[command(subcommand)]
    Keys(KeysCommand),
}

/// Runs a command line in `dir`; the answer is what it printed, or the error's sentence.
fn run(dir: &Path, line: &str, now: i64) -> Result<String, String> {
    let line = line.replace("DIR", &dir.display().to_string());
    let words = std::iter::once("antaeusctl").chain(line.split(' '));
    let mut out = Vec::new();
    match Cli::try_parse_from(words).map_err(|e| e.to_string())? {
        Cli::Pki(command) => pki::run(&command, now, &mut out).map_err(|e| e.to_string())?,
        Cli::Keys(command) => keys::run(&command, now, &mut out).map_err(|e| e.to_string())?,
    }
    Ok(String::from_utf8(out).unwrap())
}

fn fresh(line: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), line, NOW).unwrap();
    dir
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

const PKI: &str = "pki init --dir DIR/pki";
const KEYS: &str = "keys init --dir DIR/keys";

#[test]
fn each_service_gets_one_identity_that_it_can_load() {
    let dir = fresh(PKI);
    for (name, namespace) in [("invoice-app", "antaeus"), ("payment-provider", "payments")] {
        let folder = dir.path().join("pki").join(name);
        let identity = Identity::load(&folder).unwrap();
        let expected = format!("spiffe://cluster.local/ns/{namespace}/sa/{name}");
        assert_eq!(identity.id().to_string(), expected);
        assert_eq!(identity.expires_at(), NOW + 90 * DAY);
        identity.check_as_server(NOW).unwrap();
        assert_eq!(mode(&folder), 0o700);
        for file in ["cert.pem", "key.pem", "ca.pem"] {
            assert_eq!(mode(&folder.join(file)), 0o600);
        }
        assert!(!folder.join("ca.key").exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    }
    assert_eq!(mode(&dir.path().join("pki/ca/ca.key")), 0o600);
}

#[test]
fn a_good_pki_is_kept_byte_for_byte() {
    let dir = fresh(PKI);
    let certificate = dir.path().join("pki/invoice-app/cert.pem");
    let before = fs::read(&certificate).unwrap();
    let said = run(dir.path(), PKI, NOW + DAY).unwrap();
    assert_eq!(said.matches(": kept").count(), 6, "{said}");
    assert_eq!(fs::read(certificate).unwrap(), before);
}

#[test]
fn force_renews_the_leaves_under_the_same_ca() {
    let dir = fresh(PKI);
    let read = |name: &str| fs::read(dir.path().join("pki").join(name)).unwrap();
    let names = ["ca/ca.pem", "payment-provider/cert.pem", "payment-provider/key.pem"];
    let before = names.map(read);
    let line = format!("{PKI} --force --days 7");
    run(dir.path(), &line, NOW + 80 * DAY).unwrap();
    let after = names.map(read);
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    assert_ne!(before[2], after[2]);
    let folder = dir.path().join("pki/payment-provider");
    assert_eq!(Identity::load(&folder).unwrap().expires_at(), NOW + 87 * DAY);
}

#[test]
fn a_broken_expired_or_foreign_leaf_asks_for_force_and_changes_nothing() {
    let folder = Path::new("pki/payment-provider");
    let advice = |dir: &TempDir, line: &str, now| {
        let before = fs::read(dir.path().join("pki/invoice-app/cert.pem")).unwrap();
        let error = run(dir.path(), line, now).unwrap_err();
        assert!(error.ends_with("renew all certificates with `antaeusctl pki init --force`"));
        assert!(error.contains("pki/"), "{error}");
        let after = fs::read(dir.path().join("pki/invoice-app/cert.pem")).unwrap();
        assert_eq!(before, after);
    };
    let expired = fresh(PKI);
    advice(&expired, PKI, NOW + 91 * DAY);
    advice(&expired, &format!("{PKI} --trust-domain other.example"), NOW);
    for file in ["cert.pem", "key.pem", "ca.pem"] {
        let broken = fresh(PKI);
        fs::remove_file(broken.path().join(folder).join(file)).unwrap();
        advice(&broken, PKI, NOW);
    }
    let (ours, theirs) = (fresh(PKI), fresh(PKI));
    for file in ["cert.pem", "key.pem", "ca.pem"] {
        let path = folder.join(file);
        fs::copy(theirs.path().join(&path), ours.path().join(&path)).unwrap();
    }
    advice(&ours, PKI, NOW);
    run(ours.path(), &format!("{PKI} --force"), NOW).unwrap();
    run(ours.path(), PKI, NOW).unwrap();
}

#[test]
fn half_a_ca_is_never_replaced_in_silence() {
    for file in ["ca.pem", "ca.key"] {
        let dir = fresh(PKI);
        fs::remove_file(dir.path().join("pki/ca").join(file)).unwrap();
        for line in [PKI, &format!("{PKI} --force")] {
            let error = run(dir.path(), line, NOW).unwrap_err();
            assert!(error.contains(file) && error.contains("restore"), "{error}");
        }
    }
    let dir = fresh(PKI);
    fs::remove_dir_all(dir.path().join("pki/ca")).unwrap();
    assert!(run(dir.path(), PKI, NOW).unwrap_err().contains("is missing"));
}

#[test]
fn a_ca_certificate_and_another_ones_key_are_found_out() {
    let (ours, theirs) = (fresh(PKI), fresh(PKI));
    let key = "pki/ca/ca.key";
    fs::copy(theirs.path().join(key), ours.path().join(key)).unwrap();
    let error = run(ours.path(), &format!("{PKI} --force"), NOW).unwrap_err();
    assert!(error.contains("belong together"), "{error}");
}

#[test]
fn odd_arguments_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        ("--trust-domain Cluster.Local", "not a trust domain"),
        ("--days 0", "1..=397"),
        ("--days 398", "1..=397"),
    ] {
        let error = run(dir.path(), &format!("{PKI} {arguments}"), NOW).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert!(!dir.path().join("pki").exists());
}

#[test]
fn keys_are_made_once_and_kept() {
    let dir = fresh(KEYS);
    let read = |name: &str| fs::read(dir.path().join("keys").join(name)).unwrap();
    let names = ["charge/private.pem", "charge/jwks.json", "operator/private.pem"];
    let before = names.map(read);
    assert_ne!(before[0], before[2]);
    let said = run(dir.path(), KEYS, NOW).unwrap();
    assert_eq!(said.matches(": kept").count(), 5, "{said}");
    assert_eq!(names.map(read), before);
    assert_eq!(mode(&dir.path().join("keys/charge/private.pem")), 0o600);
    assert_eq!(mode(&dir.path().join("keys/charge/jwks.json")), 0o644);
    assert_eq!(mode(&dir.path().join("keys/event/orders/private.pem")), 0o600);
    assert_eq!(mode(&dir.path().join("keys/event/orders")), 0o700);
}

#[test]
fn a_lost_jwks_is_written_again_and_a_lost_key_is_said() {
    let dir = fresh(KEYS);
    let public = dir.path().join("keys/charge/jwks.json");
    let before = fs::read(&public).unwrap();
    fs::remove_file(&public).unwrap();
    run(dir.path(), KEYS, NOW).unwrap();
    assert_eq!(fs::read(&public).unwrap(), before);
    fs::copy(dir.path().join("keys/operator/jwks.json"), &public).unwrap();
    let error = run(dir.path(), KEYS, NOW).unwrap_err();
    assert!(error.contains("does not hold the public half"), "{error}");
    fs::remove_file(dir.path().join("keys/charge/private.pem")).unwrap();
    let error = run(dir.path(), KEYS, NOW).unwrap_err();
    assert!(error.contains("restore the key"), "{error}");
}

#[test]
fn an_issued_key_stands_alone_on_the_output_and_opens_what_it_should() {
    let dir = fresh(KEYS);
    let line = "keys issue --key DIR/keys/operator/private.pem --sub team:billing \
                --scope invoices:read,billing:run --days 90";
    let out = run(dir.path(), line, NOW).unwrap();
    let token = out.strip_suffix('\n').unwrap();
    assert!(!token.contains(char::is_whitespace));
    let verifier = ApiKeyVerifier {
        keys: VerifyingKeys::load(&dir.path().join("keys/operator/jwks.json")).unwrap(),
        issuer: api_key::ISSUER.to_owned(),
        audience: api_key::AUDIENCE.to_owned(),
    };
    let grant = verifier.verify(token, NOW).unwrap();
    assert_eq!(grant.subject.to_string(), "team:billing");
    assert_eq!(grant.expires_at, NOW + 90 * DAY);
    assert!(grant.opens(Scope::BillingRun).is_ok() && grant.opens(Scope::OrdersRead).is_err());
}

#[test]
fn a_key_with_odd_claims_is_not_issued() {
    let dir = fresh(KEYS);
    let issue = "keys issue --key DIR/keys/operator/private.pem";
    for rest in [
        "--sub billing --scope invoices:read",
        "--sub team:billing --scope invoices:eat",
        "--sub team:billing --scope invoices:read,",
        "--sub team:billing",
        "--sub team:billing --scope invoices:read --days 91",
        "--sub team:billing --scope invoices:read --days 0",
    ] {
        assert!(run(dir.path(), &format!("{issue} {rest}"), NOW).is_err(), "{rest}");
    }
}

#[test]
fn show_prints_the_same_public_half_for_both_files_and_never_the_key() {
    let dir = fresh(KEYS);
    let private = run(dir.path(), "keys show DIR/keys/charge/private.pem", NOW).unwrap();
    let public = run(dir.path(), "keys show DIR/keys/charge/jwks.json", NOW).unwrap();
    assert_eq!(private, public);
    assert!(private.starts_with("kid ") && private.contains(r#""crv":"Ed25519""#));
    assert!(!private.contains(r#""d":"#) && !private.contains("PRIVATE"));
    let error = run(dir.path(), "keys show DIR/none.pem", NOW).unwrap_err();
    assert!(error.contains("none.pem"), "{error}");
}
