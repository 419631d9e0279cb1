//! What the services themselves ask for, by the variables of their pods.

use policy::layer::Answer;
use policy::layer::application::{AUDIENCE, Gate, ISSUER, spiffe};
use policy::render::Render;
use policy::request::{Identity, Token};

const CLEAN: &str = include_str!("clean.yaml");

fn gate(name: &str, old: &str, new: &str) -> Gate {
    assert!(CLEAN.contains(old), "{old:?}");
    let render = Render::read(&CLEAN.replacen(old, new, 1)).unwrap();
    let place = render.pods().into_iter().find(|pod| pod.name == name).unwrap();
    Gate::of(&render, &place)
}

fn vault() -> Gate {
    gate("bank/vault", "mesh", "mesh")
}

fn right(identity: &Identity) -> Token {
    Token { issuer: ISSUER.into(), subject: spiffe(identity), audience: AUDIENCE.into(), genuine: true }
}

#[test]
fn the_one_workload_with_a_signature_of_its_own() {
    let web = Identity::new("shop", "web");
    let other = Identity::new("shop", "other");
    for (identity, token, passes) in [
        (Some(&web), Some(right(&web)), true),
        (None, Some(right(&web)), false),
        (Some(&web), None, false),
        (Some(&other), Some(right(&other)), false),
        (Some(&other), Some(right(&web)), false),
        (Some(&web), Some(right(&other)), false),
        (Some(&web), Some(Token { genuine: false, ..right(&web) }), false),
        (Some(&web), Some(Token { issuer: "x".into(), ..right(&web) }), false),
        (Some(&web), Some(Token { audience: "x".into(), ..right(&web) }), false),
    ] {
        let verdict = vault().verdict(8082, identity, token.as_ref());
        assert_eq!(verdict.answer == Answer::Allows, passes, "{verdict:?}");
    }
    assert_eq!(vault().verdict(9082, None, None).answer, Answer::Absent);
}

#[test]
fn a_provider_that_could_not_judge_would_not_start() {
    for (old, new) in [
        ("mountPath: /keys", "mountPath: /other"),
        ("configMap: {name: keys-0123456789}", "configMap: {name: other}"),
        ("{name: TLS_MODE, value: mesh}", "{name: TLS_MODE, value: rustls}"),
        ("{name: TLS_MODE, value: mesh}, ", ""),
    ] {
        assert!(matches!(gate("bank/vault", old, new), Gate::Broken(_)), "{old}");
    }
}

#[test]
fn the_public_api() {
    let web = |env: &str| {
        gate("shop/web", "env: []", &format!("env: [{{name: LISTEN, value: '0.0.0.0:8080'}}, {env}]"))
    };
    let off = "{name: AUTH, value: 'off'}";
    let allow = "{name: INSECURE_PUBLIC_API, value: allow}";
    assert_eq!(web(""), Gate::Public { port: 8080, open: false });
    assert_eq!(web("{name: AUTH, value: keys}"), Gate::Public { port: 8080, open: false });
    assert_eq!(web(&format!("{off}, {allow}")), Gate::Public { port: 8080, open: true });
    assert!(matches!(web(off), Gate::Broken(_)));
    // A role without the port has no door.
    assert_eq!(gate("shop/web", "env: []", "env: [{name: LISTEN, value: '0.0.0.0:8081'}]"), Gate::None);
}
