//! How the mesh is installed: what is checked in, and each change of it that takes something away from the policies.

use policy::installation::check;

const INSTALL: &str = include_str!("../../../../istio/install.yaml");

fn rules(yaml: &str) -> Vec<&'static str> {
    check(yaml).unwrap_or_else(|e| panic!("{e}")).iter().map(|finding| finding.rule).collect()
}

#[test]
fn the_installation_that_is_checked_in_is_what_the_policies_rely_on() {
    let findings = check(INSTALL).unwrap();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn each_change_of_it_is_found() {
    for (rule, old, new) in [
        ("M8-paths", "normalization: DECODE_AND_MERGE_SLASHES", "normalization: BASE"),
        ("M8-paths", "normalization: DECODE_AND_MERGE_SLASHES", "normalization: MERGE_SLASHES"),
        ("M8-paths", "pathNormalization:", "pathNormalisation:"),
        ("M8-trust-domain", "trustDomain: cluster.local", "trustDomain: example.org"),
        ("M8-trust-domain", "    trustDomain: cluster.local\n", ""),
        ("M8-trust-domain", "trustDomain:", "trustDomainAliases: [old.example]\n    trustDomain:"),
        ("M8-access-log", "accessLogFile: /dev/stdout", "accessLogFile: ''"),
        ("M8-access-log", "    accessLogFile: /dev/stdout\n", ""),
        ("M8-access-log", "accessLogFile:", "accessLogFormat: '%RESPONSE_CODE%'\n    accessLogFile:"),
        ("M8-registry-only", "mode: REGISTRY_ONLY", "mode: ALLOW_ANY"),
        ("M8-registry-only", "outboundTrafficPolicy:", "outbound:"),
        ("M8-once", "  values:\n", "  values:\n    meshConfig: {trustDomain: example.org}\n"),
    ] {
        assert!(INSTALL.contains(old), "istio/install.yaml does not hold {old:?}");
        assert_eq!(rules(&INSTALL.replacen(old, new, 1)), [rule], "{old:?} -> {new:?}");
    }
    let flags =
        INSTALL.replacen("accessLogFile:", "accessLogFormat: '%RESPONSE_FLAGS%'\n    accessLogFile:", 1);
    assert!(rules(&flags).is_empty(), "a format of one's own that has them");
}

#[test]
fn what_is_no_installation_is_not_judged() {
    assert!(check("kind: ConfigMap").unwrap_err().problem.contains("IstioOperator"));
    assert!(check("a: [").unwrap_err().problem.contains("YAML"));
}
