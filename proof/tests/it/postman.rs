//! The Postman collection asks for what the APIs have, at addresses that both environments know.

use std::collections::BTreeSet;

use serde_json::Value;

fn read(path: &str) -> Value {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))).unwrap()
}

/// Every request of the collection, in its order.
fn requests() -> Vec<Value> {
    let collection = read("docs/postman/antaeus.postman_collection.json");
    assert!(collection["info"]["schema"].as_str().unwrap().contains("/v2.1.0/"));
    let folders = collection["item"].as_array().unwrap().clone();
    assert_eq!(folders.len(), 8, "the eight steps");
    folders.iter().flat_map(|folder| folder["item"].as_array().unwrap().clone()).collect()
}

/// `{{order}}` of a request stands for `{id}` of a document.
fn is_of(path: &str, described: &str) -> bool {
    let (parts, described): (Vec<_>, Vec<_>) = (path.split('/').collect(), described.split('/').collect());
    let alike = |(part, described): (&&str, &&str)| part == described || described.starts_with('{');
    parts.len() == described.len() && parts.iter().zip(&described).all(alike)
}

#[test]
fn each_request_of_the_collection_is_described_and_tested() {
    for item in requests() {
        let (name, request) = (&item["name"], &item["request"]);
        let base = request["url"]["host"][0].as_str().unwrap().trim_matches(['{', '}']);
        let document = match base {
            "invoices" => read("invoice-app/openapi.json"),
            team => read(&format!("commerce/{team}/openapi.json")),
        };
        let parts = request["url"]["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap());
        let path = parts.fold(String::new(), |path, part| format!("{path}/{part}"));
        let method = request["method"].as_str().unwrap().to_lowercase();
        let known = document["paths"].as_object().unwrap().iter();
        let known =
            known.filter(|(described, at)| is_of(&path, described) && at[&method].is_object()).count();
        assert_eq!(known, 1, "{name}: {method} {path} of {base}");
        let scripts = item["event"].as_array().unwrap();
        let tests = scripts.iter().filter(|script| script["listen"] == "test");
        assert!(
            tests
                .flat_map(|test| test["script"]["exec"].as_array().unwrap())
                .any(|line| { line.as_str().unwrap().contains("pm.test(") }),
            "{name} asserts nothing"
        );
    }
}

#[test]
fn requests_have_names_of_their_own_by_which_they_are_repeated() {
    let names: Vec<String> = requests().iter().map(|item| item["name"].to_string()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn both_environments_know_every_address_and_hold_no_key() {
    for name in ["local", "cluster"] {
        let values = read(&format!("docs/postman/{name}.postman_environment.json"));
        let value = |key: &str| {
            let values = values["values"].as_array().unwrap();
            let found = values.iter().find(|value| value["key"] == key && value["enabled"] == true);
            found.unwrap_or_else(|| panic!("{name}: {key}"))["value"].as_str().unwrap().to_owned()
        };
        for base in ["users", "orders", "notifications", "invoices"] {
            assert!(value(base).starts_with("http"), "{name}: {base}");
        }
        assert_eq!(value("api_key"), "", "{name}");
    }
}
