//! Attack 20: look-alikes of a SPIFFE id.

use gate::SpiffeId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::forge::CALLER;

#[test]
fn a_good_id_is_taken_apart_and_put_together_again() {
    let id: SpiffeId = CALLER.parse().unwrap();
    let parts = (id.trust_domain(), id.namespace(), id.service_account());
    assert_eq!(parts, ("cluster.local", "antaeus", "invoice-app"));
    assert_eq!(id.to_string(), CALLER);
    assert_eq!(SpiffeId::new("cluster.local", "antaeus", "invoice-app"), Ok(id));
    for good in ["spiffe://td/ns/a/sa/b", "spiffe://a_b-1.c/ns/0/sa/x.y-z.1"] {
        assert_eq!(SpiffeId::try_from(good).unwrap().to_string(), good);
    }
}

#[test]
fn everything_that_only_looks_like_one_is_refused() {
    let wrong = [
        "",
        "spiffe://",
        "spiffe://cluster.local",
        "spiffe://cluster.local/",
        "spiffe:///ns/antaeus/sa/invoice-app",
        "http://cluster.local/ns/antaeus/sa/invoice-app",
        "SPIFFE://cluster.local/ns/antaeus/sa/invoice-app",
        "spiffe:/cluster.local/ns/antaeus/sa/invoice-app",
        "//cluster.local/ns/antaeus/sa/invoice-app",
        " spiffe://cluster.local/ns/antaeus/sa/invoice-app",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app ",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app\n",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app\0",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app/",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app/x",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app.",
        "spiffe://cluster.local/ns/antaeus/sa/.invoice-app",
        "spiffe://cluster.local/ns/antaeus/sa/invoice..app",
        "spiffe://cluster.local/ns/antaeus/sa/-invoice-app",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app-",
        "spiffe://cluster.local/ns/antaeus/sa/invoice_app",
        "spiffe://cluster.local/ns/antaeus/sa/Invoice-App",
        "spiffe://cluster.local/ns/antaeus/sa/invoice%2dapp",
        "spiffe://cluster.local/ns/antaeus/sa/*",
        "spiffe://cluster.local/ns/antaeus/sa/",
        "spiffe://cluster.local/ns//sa/invoice-app",
        "spiffe://cluster.local/ns/a.b/sa/invoice-app",
        "spiffe://cluster.local/ns/Antaeus/sa/invoice-app",
        "spiffe://cluster.local//ns/antaeus/sa/invoice-app",
        "spiffe://cluster.local/./ns/antaeus/sa/invoice-app",
        "spiffe://cluster.local/ns/../sa/invoice-app",
        "spiffe://cluster.local/ns/antaeus/sa/..",
        "spiffe://cluster.local/sa/invoice-app/ns/antaeus",
        "spiffe://cluster.local/NS/antaeus/SA/invoice-app",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app?x=1",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app#x",
        "spiffe://cluster.local:443/ns/antaeus/sa/invoice-app",
        "spiffe://user@cluster.local/ns/antaeus/sa/invoice-app",
        "spiffe://cluster.local./ns/antaeus/sa/invoice-app",
        "spiffe://.cluster.local/ns/antaeus/sa/invoice-app",
        "spiffe://cluster..local/ns/antaeus/sa/invoice-app",
        "spiffe://Cluster.Local/ns/antaeus/sa/invoice-app",
        "spiffe://cluster%2elocal/ns/antaeus/sa/invoice-app",
        "spiffe://*/ns/antaeus/sa/invoice-app",
        "spiffe://[::1]/ns/antaeus/sa/invoice-app",
        "spiffe://cluster.local\\ns\\antaeus\\sa\\invoice-app",
        "spiffe://сluster.local/ns/antaeus/sa/invoice-app",
        "spiffe://cluster.local/ns/antaeus/sa/invoice\u{2010}app",
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app\u{200b}",
    ];
    for text in wrong {
        assert!(text.parse::<SpiffeId>().is_err(), "{text:?}");
    }
}

#[test]
fn every_part_has_its_longest_length() {
    let fits = |domain: usize, namespace: usize, account: usize| {
        let x = |n: usize| "x".repeat(n);
        SpiffeId::new(&x(domain), &x(namespace), &x(account)).is_ok()
    };
    assert!(fits(255, 63, 253));
    assert!(!fits(256, 63, 253));
    assert!(!fits(255, 64, 253));
    assert!(!fits(255, 63, 254));
    let long = format!("spiffe://td/ns/a/sa/{}", "x".repeat(4096));
    assert!(long.parse::<SpiffeId>().is_err());
}

#[test]
fn one_changed_byte_never_gives_the_same_identity() {
    let good: SpiffeId = CALLER.parse().unwrap();
    let mut random = StdRng::seed_from_u64(20);
    for _ in 0..5_000 {
        let mut bytes = CALLER.as_bytes().to_vec();
        let at = random.random_range(0..bytes.len());
        let byte: u8 = random.random();
        let unchanged = bytes[at] == byte;
        bytes[at] = byte;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        if let Ok(id) = text.parse::<SpiffeId>() {
            assert_eq!(id == good, unchanged, "{text}");
            assert_eq!(id.to_string(), text);
        }
    }
}
