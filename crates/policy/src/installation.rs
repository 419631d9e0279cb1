//! How the mesh is installed, as far as its policies rely on it: what `istioctl install -f` is given.

use serde_json::Value;

use crate::finding::{Finding, Findings};
use crate::lint::items;
use crate::object::Unreadable;
use crate::request::TRUST_DOMAIN;

/// More rules than there are.
const MOST: usize = 10;

/// Everything that is wrong with an installation.
pub fn check(yaml: &str) -> Result<Vec<Finding>, Unreadable> {
    let unreadable = |problem: String| Unreadable { object: "the installation".into(), problem };
    let source: Value =
        serde_saphyr::from_str(yaml).map_err(|e| unreadable(format!("no YAML of one document: {e}")))?;
    if source["kind"] != "IstioOperator" {
        return Err(unreadable(
            "its kind is not IstioOperator; give what `istioctl install -f` takes".into(),
        ));
    }
    let mut findings = Findings::at_most(MOST);
    for rule in [said_once, paths, trust_domain, access_log, registry] {
        rule(&source, &mut findings);
    }
    Ok(findings.found)
}

fn mesh<'a>(source: &'a Value, field: &str) -> Option<&'a str> {
    source.pointer(&format!("/spec/meshConfig/{field}")).and_then(Value::as_str)
}

fn say(findings: &mut Findings, rule: &'static str, sentence: &str) {
    findings.about(rule, "IstioOperator", sentence);
}

/// Values of the charts are laid over `meshConfig`, and could take back what it says.
fn said_once(source: &Value, findings: &mut Findings) {
    let overlaid = ["/spec/values/meshConfig", "/spec/unvalidatedValues/meshConfig"];
    if overlaid.iter().any(|pointer| source.pointer(pointer).is_some()) {
        say(findings, "M8-once", "say it in spec.meshConfig: values.meshConfig is laid over it");
    }
}

/// The path that a policy compares is the one that the application will see.
fn paths(source: &Value, findings: &mut Findings) {
    if mesh(source, "pathNormalization/normalization") != Some("DECODE_AND_MERGE_SLASHES") {
        let sentence = "meshConfig.pathNormalization.normalization: DECODE_AND_MERGE_SLASHES, for policies compare paths";
        say(findings, "M8-paths", sentence);
    }
}

/// Principals are exact, and their first part is the trust domain.
fn trust_domain(source: &Value, findings: &mut Findings) {
    let aliases = items(source, "/spec/meshConfig/trustDomainAliases").next().is_some();
    if mesh(source, "trustDomain") != Some(TRUST_DOMAIN) || aliases {
        let sentence =
            "meshConfig.trustDomain: cluster.local, without aliases: the policies' principals begin with it";
        say(findings, "M8-trust-domain", sentence);
    }
}

/// Every call leaves a line, with the reason when it was refused. The usual format has it.
fn access_log(source: &Value, findings: &mut Findings) {
    if mesh(source, "accessLogFile") != Some("/dev/stdout") {
        say(findings, "M8-access-log", "meshConfig.accessLogFile: /dev/stdout, else refusals leave no trace");
    }
    let format = mesh(source, "accessLogFormat").filter(|format| !format.is_empty());
    if format.is_some_and(|format| !format.contains("%RESPONSE_FLAGS%")) {
        let sentence =
            "meshConfig.accessLogFormat needs %RESPONSE_FLAGS%; without a format of your own they are there";
        say(findings, "M8-access-log", sentence);
    }
}

/// A sidecar leads to what is registered, also where a namespace has no Sidecar that says so.
fn registry(source: &Value, findings: &mut Findings) {
    if mesh(source, "outboundTrafficPolicy/mode") != Some("REGISTRY_ONLY") {
        let sentence = "meshConfig.outboundTrafficPolicy.mode: REGISTRY_ONLY, for namespaces without a Sidecar of their own";
        say(findings, "M8-registry-only", sentence);
    }
}
