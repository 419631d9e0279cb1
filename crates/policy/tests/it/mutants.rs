//! The mutants of the clean render: all are noticed, and each operator makes some.

use policy::graph::CallGraph;
use policy::mutant::{Equivalent, all, replays, run};
use policy::render::Render;

const CLEAN: &str = include_str!("clean.yaml");
const GRAPH: &str = include_str!("clean-graph.yaml");

fn clean() -> (Render, CallGraph) {
    (Render::read(CLEAN).unwrap(), CallGraph::read(GRAPH).unwrap())
}

#[test]
fn every_operator_makes_mutants() {
    let (render, _) = clean();
    let mutants = all(&render);
    for operator in [
        "delete-object",
        "delete-field",
        "delete-item",
        "empty",
        "change-value",
        "change-word",
        "widen",
        "and-into-or",
        "add-everybody",
        "add-empty-item",
        "add-star",
        "move-object",
        "delete-label",
        "change-label",
        "run-as-another",
        "host-network",
        "another-label",
        "without-sidecar",
    ] {
        assert!(mutants.iter().any(|mutant| mutant.operator == operator), "{operator}");
    }
    assert!(mutants.len() > 300, "{}", mutants.len());
}

#[test]
fn the_classic_mistakes_are_among_them() {
    let (render, _) = clean();
    let made = |operator: &str, part: &str| {
        all(&render).into_iter().any(|mutant| {
            mutant.operator == operator
                && mutant.manifest.is_some_and(|manifest| manifest.to_string().contains(part))
        })
    };
    assert!(made(
        "and-into-or",
        r#"{"source":{"principals":["cluster.local/ns/shop/sa/web"]}},{"source":{"requestPrincipals""#
    ));
    assert!(made(
        "and-into-or",
        r#"[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"shop"}}},{"podSelector""#
    ));
    assert!(made("change-word", r#""mode":"PERMISSIVE""#) && made("change-word", r#""action":"AUDIT""#));
    assert!(made("delete-field", r#""namespaceSelector":{}"#) && made("widen", r#""principals":["*"]"#));
}

#[test]
fn a_list_of_equivalents_cannot_rot() {
    let (render, graph) = clean();
    let entry = |operator: &str, field: &str| {
        let yaml = format!(
            "[{{operator: {operator}, objects: [NetworkPolicy bank/default-deny], field: {field}, reason: none}}]"
        );
        Equivalent::read(&yaml).unwrap().remove(0)
    };
    let list = [entry("delete-field", "/spec/policyTypes"), entry("delete-field", "/spec/nothing")];
    let tally = run(&[("clean".into(), render)], &graph, &list);
    assert!(
        tally.stale[0].contains("is caught") && tally.stale[1].contains("not made any more"),
        "{:?}",
        tally.stale
    );
    assert!(!tally.is_well());
}

#[test]
fn a_mutant_for_a_live_cluster_changes_an_answer() {
    let (render, graph) = clean();
    let replays = replays(&render, &graph, 20);
    assert!(replays.len() >= 15, "{}", replays.len());
    for replay in replays {
        assert_ne!(replay.probe.before, replay.probe.after);
        assert!(replay.manifest.is_some() || replay.operator == "delete-object");
    }
}
