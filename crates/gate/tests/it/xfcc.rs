//! The mesh's header: whose word counts, and what is no word at all.

use gate::{Peer, Refusal};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::forge::{CALLER, OTHER};

fn id(header: &str) -> Result<String, Refusal> {
    Peer::from_xfcc(header, true).map(|peer| {
        assert_eq!(peer.thumbprint, None);
        peer.id.to_string()
    })
}

fn sidecar(uri: &str) -> String {
    let by = "spiffe://cluster.local/ns/payments/sa/payment-provider";
    format!(r#"By={by};Hash=0a1b;Subject="";URI={uri}"#)
}

#[test]
fn the_sidecars_element_gives_the_identity() {
    assert_eq!(id(&sidecar(CALLER)).as_deref(), Ok(CALLER));
    assert_eq!(id(&format!("URI={CALLER}")).as_deref(), Ok(CALLER));
    assert_eq!(id(&format!(r#"uri="{CALLER}";Hash=x"#)).as_deref(), Ok(CALLER));
}

#[test]
fn only_loopback_may_say_who_it_is() {
    let refused = Peer::from_xfcc(&sidecar(CALLER), false);
    assert_eq!(refused, Err(Refusal::NoPeerIdentity));
    assert_eq!(id(""), Err(Refusal::NoPeerIdentity));
    assert_eq!(id("  "), Err(Refusal::NoPeerIdentity));
}

#[test]
fn only_the_last_element_counts() {
    let both = format!("{},{}", sidecar(CALLER), sidecar(OTHER));
    assert_eq!(id(&both).as_deref(), Ok(OTHER));
    let spaced = format!("{}, {}", sidecar(OTHER), sidecar(CALLER));
    assert_eq!(id(&spaced).as_deref(), Ok(CALLER));
    let nameless = format!("{},By=x;Hash=y;Subject=\"\"", sidecar(CALLER));
    assert_eq!(id(&nameless), Err(Refusal::BadPeerIdentity));
}

#[test]
fn two_uris_in_one_element_are_refused() {
    for other in [CALLER, OTHER, "https://x"] {
        let both = format!("{};URI={other}", sidecar(CALLER));
        assert_eq!(id(&both), Err(Refusal::BadPeerIdentity));
    }
    let cased = format!("{};uri={CALLER}", sidecar(CALLER));
    assert_eq!(id(&cased), Err(Refusal::BadPeerIdentity));
}

#[test]
fn separators_within_quotes_are_part_of_the_value() {
    let subject = format!(r#"Subject="CN=a,O=b;URI={OTHER},URI={OTHER}";URI={CALLER}"#);
    assert_eq!(id(&subject).as_deref(), Ok(CALLER));
    let escaped = format!(r#"Subject="CN=\"a\",URI={OTHER}";URI={CALLER};DNS=x"#);
    assert_eq!(id(&escaped).as_deref(), Ok(CALLER));
    let in_uri = format!(r#"URI="{CALLER},URI={OTHER}""#);
    assert_eq!(id(&in_uri), Err(Refusal::BadPeerIdentity));
}

#[test]
fn a_caller_cannot_swallow_the_sidecars_words_with_an_open_quote() {
    let tail = sidecar(OTHER);
    let openings = [
        format!(r#"URI={CALLER};Subject=""#),
        format!(r#"URI={CALLER};Subject="\"#),
        format!(r#"URI={CALLER};Subject="x\\"#),
        format!(r#"URI="{CALLER}"#),
        format!(r#"Subject="";URI={CALLER};A=""#),
        format!(r#"Subject="\";URI={CALLER}"#),
    ];
    for opening in openings {
        for subject in ["", "CN=x"] {
            let header = format!("{opening},{}", tail.replace(r#""""#, &format!("\"{subject}\"")));
            assert_ne!(id(&header).as_deref(), Ok(CALLER), "{header}");
        }
    }
}

#[test]
fn broken_headers_are_no_identity() {
    let cases = [
        ",",
        ";",
        "=",
        "URI",
        "URI=",
        "=spiffe://td/ns/a/sa/b",
        "URI=spiffe://td/ns/a/sa/b;",
        "URI=spiffe://td/ns/a/sa/b,",
        ",URI=spiffe://td/ns/a/sa/b",
        ";URI=spiffe://td/ns/a/sa/b",
        "URI==spiffe://td/ns/a/sa/b",
        "URI=spiffe://td/ns/a/sa/b=",
        "URI=spiffe://td/ns/a/sa/b x",
        r#"URI="spiffe://td/ns/a/sa/b"#,
        r#"URI=spiffe://td/ns/a/sa/b""#,
        r#"URI="spiffe://td/ns/a/sa/b"x"#,
        r#"URI="spiffe://td/ns/a/sa/b"""#,
        r#"URI=x"spiffe://td/ns/a/sa/b""#,
        "U RI=spiffe://td/ns/a/sa/b",
        "URI =\u{a0}spiffe://td/ns/a/sa/b",
        "spiffe://td/ns/a/sa/b",
        "=x;URI=spiffe://td/ns/a/sa/b",
        "X Y=1;URI=spiffe://td/ns/a/sa/b",
        "By=a=b;URI=spiffe://td/ns/a/sa/b",
        r#"Subject=a"b;URI=spiffe://td/ns/a/sa/b"#,
        r#"Subject=a"b,URI=spiffe://td/ns/a/sa/b"#,
    ];
    for header in cases {
        assert_eq!(id(header), Err(Refusal::BadPeerIdentity), "{header}");
    }
    let long = format!("Cert={},URI={CALLER}", "x".repeat(16 * 1024));
    assert_eq!(id(&long), Err(Refusal::BadPeerIdentity));
}

#[test]
fn no_beginning_of_the_header_turns_one_caller_into_another() {
    let mut random = StdRng::seed_from_u64(3);
    let pieces = ["URI=", CALLER, ",", ";", "\"", "\\", "=", "By=x", "Subject=\"", " ", "é"];
    for _ in 0..20_000 {
        let count = random.random_range(0..9);
        let prefix: String = (0..count).map(|_| pieces[random.random_range(0..pieces.len())]).collect();
        let header = format!("{prefix},{}", sidecar(OTHER));
        assert_ne!(id(&header).as_deref(), Ok(CALLER), "{header}");
    }
}
