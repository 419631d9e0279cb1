//! Certificates renewed and revoked, keys replaced: what is in the folders after each step.

use gate::keys::SigningKey;
use rustls::CertificateError;

use super::*;

const CHARGE: &str = "keys rotate --dir DIR/keys --issuer charge --step";

fn step(dir: &TempDir, step: &str) -> Result<String, String> {
    run(dir.path(), &format!("{CHARGE} {step}"), NOW)
}

/// The key in use, and those that are accepted.
fn kids(dir: &TempDir) -> (String, Vec<String>) {
    let folder = dir.path().join("keys/charge");
    let accepted = VerifyingKeys::load(&folder.join("jwks.json")).unwrap();
    let current = SigningKey::load(&folder.join("private.pem")).unwrap();
    (current.kid().to_owned(), accepted.kids().into_iter().map(str::to_owned).collect())
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_key_is_replaced_in_three_steps_that_may_be_repeated() {
    let dir = fresh(KEYS);
    let (old, _) = kids(&dir);
    for _ in 0..2 {
        assert!(step(&dir, "publish").unwrap().contains("--step switch"));
        let (current, accepted) = kids(&dir);
        assert!(current == old && accepted.len() == 2 && accepted.contains(&old));
    }
    assert_eq!(mode(&dir.path().join("keys/charge/next.pem")), 0o600);
    for _ in 0..2 {
        assert!(step(&dir, "switch").unwrap().contains("125 seconds"));
        let (current, accepted) = kids(&dir);
        assert!(current != old && accepted.contains(&current) && accepted.contains(&old));
    }
    for _ in 0..2 {
        step(&dir, "retire").unwrap();
        let (current, accepted) = kids(&dir);
        assert!(current != old && accepted == [current]);
        assert_eq!(names(&dir.path().join("keys/charge")), ["jwks.json", "private.pem"]);
    }
    run(dir.path(), KEYS, NOW).unwrap();
}

#[test]
fn a_step_out_of_its_order_changes_nothing_and_names_the_next_one() {
    let dir = fresh(KEYS);
    let refused = |wrong: &str, next: &str| {
        let before = kids(&dir);
        let error = step(&dir, wrong).unwrap_err();
        assert!(error.ends_with(&format!("--issuer charge --step {next}`")), "{error}");
        assert_eq!(kids(&dir), before);
    };
    refused("switch", "publish");
    step(&dir, "publish").unwrap();
    refused("retire", "switch");
    // As a crash leaves it: the key is there, its public half is not.
    let jwks = dir.path().join("keys/charge/jwks.json");
    let published = fs::read(&jwks).unwrap();
    fs::remove_file(&jwks).unwrap();
    run(dir.path(), KEYS, NOW).unwrap();
    refused("switch", "publish");
    step(&dir, "publish").unwrap();
    assert_eq!(fs::read(&jwks).unwrap(), published, "the same next key");
    step(&dir, "switch").unwrap();
    refused("publish", "retire");
}

#[test]
fn a_renewal_keeps_the_name_and_the_ca_and_replaces_certificate_and_key() {
    let dir = fresh("pki init --dir DIR/pki --trust-domain example.org");
    let folder = |name: &str| dir.path().join("pki").join(name);
    let before = ["invoice-app", "payment-provider"].map(|name| Identity::load(&folder(name)).unwrap());
    run(dir.path(), "pki renew --dir DIR/pki invoice-app --days 7", NOW + DAY).unwrap();
    let after = ["invoice-app", "payment-provider"].map(|name| Identity::load(&folder(name)).unwrap());
    assert_eq!(before[0].id(), after[0].id());
    assert_eq!(after[0].expires_at(), NOW + 8 * DAY);
    assert_ne!(before[0].thumbprint(), after[0].thumbprint());
    assert_eq!(before[1].thumbprint(), after[1].thumbprint());
    after[0].check_as_client(NOW + DAY).unwrap();
    assert_eq!(names(&folder("invoice-app")), ["ca.pem", "cert.pem", "key.pem"]);
    run(dir.path(), "pki renew --dir DIR/pki", NOW).unwrap();
    assert_ne!(Identity::load(&folder("payment-provider")).unwrap().thumbprint(), after[1].thumbprint());
    let error = run(dir.path(), "pki renew --dir DIR/pki nobody", NOW).unwrap_err();
    assert!(error.contains("invoice-app, payment-provider"), "{error}");
    let error = run(dir.path(), "pki renew --dir DIR/none", NOW).unwrap_err();
    assert!(error.contains("pki init"), "{error}");
}

#[test]
fn a_renewal_while_two_cas_are_trusted_keeps_both() {
    let (dir, other) = (fresh(PKI), fresh(PKI));
    let trusted = dir.path().join("pki/invoice-app/ca.pem");
    let both = [other.path(), dir.path()].map(|dir| fs::read_to_string(dir.join("pki/ca/ca.pem")).unwrap());
    assert_ne!(both[0], both[1]);
    fs::write(&trusted, both.concat()).unwrap();
    run(dir.path(), "pki renew --dir DIR/pki", NOW).unwrap();
    assert_eq!(fs::read_to_string(trusted).unwrap(), both.concat());
    assert!(run(dir.path(), PKI, NOW).unwrap().contains("invoice-app: kept"));
}

#[test]
fn a_revoked_certificate_is_on_every_services_list_and_stays_there() {
    let dir = fresh(PKI);
    let issued = dir.path().join("pki/ca/issued");
    let first = names(&issued);
    assert_eq!(first.len(), 5, "{first:?}");
    run(dir.path(), "pki renew --dir DIR/pki", NOW).unwrap();
    let said =
        run(dir.path(), &format!("pki revoke --dir DIR/pki --cert DIR/pki/ca/issued/{}", first[0]), NOW);
    assert!(said.unwrap().contains("1 on the list"));
    let list = |service: &str| fs::read(dir.path().join("pki").join(service).join("crl.pem")).unwrap();
    assert_eq!(list("invoice-app"), list("payment-provider"));
    for times in 0..2 {
        let said = run(dir.path(), "pki revoke --dir DIR/pki payment-provider", NOW + times).unwrap();
        assert!(said.contains("2 on the list") && said.contains("pki renew"), "{said}");
    }
    // A renewed one brings the list along; the lists are those of our own CA.
    run(dir.path(), "pki renew --dir DIR/pki payment-provider", NOW + 2).unwrap();
    let revoked: Vec<_> = names(&issued).into_iter().filter(|name| is_revoked(&dir, name)).collect();
    assert_eq!(revoked.len(), 2, "{revoked:?}");
    assert!(revoked.contains(&first[0]));
}

/// By what a service says that trusts our CA less its list.
fn is_revoked(dir: &TempDir, issued: &str) -> bool {
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
    let pki = dir.path().join("pki");
    let pem = |path: &str| CertificateDer::from_pem_file(pki.join(path)).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(pem("invoice-app/ca.pem")).unwrap();
    let list = CertificateRevocationListDer::from_pem_file(pki.join("invoice-app/crl.pem")).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.into())
        .with_crls([list])
        .build()
        .unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW.try_into().unwrap()));
    let name = "localhost".try_into().unwrap();
    let judged = verifier.verify_server_cert(&pem(&format!("ca/issued/{issued}")), &[], &name, &[], now);
    match judged {
        Ok(_) => false,
        Err(rustls::Error::InvalidCertificate(CertificateError::Revoked)) => true,
        Err(other) => panic!("{issued}: {other}"),
    }
}

#[test]
fn what_our_ca_did_not_issue_is_not_revoked() {
    let (dir, other) = (fresh(PKI), fresh(PKI));
    let stranger = other.path().join("pki/invoice-app/cert.pem");
    for (arguments, expected) in [
        (format!("--cert {}", stranger.display()), "not issued by this CA"),
        ("--cert DIR/pki/invoice-app/key.pem".to_owned(), "no certificate"),
        ("--cert DIR/none.pem".to_owned(), "none.pem"),
        ("nobody".to_owned(), "is no service"),
        (String::new(), "required"),
    ] {
        let line = format!("pki revoke --dir DIR/pki {arguments}");
        let error = run(dir.path(), line.trim(), NOW).unwrap_err();
        assert!(error.contains(expected), "{arguments}: {error}");
    }
    assert!(!dir.path().join("pki/invoice-app/crl.pem").exists());
}
