//! The one direction: a file of a service imports only what stands to its left.

use std::path::{Path, PathBuf};

const ORDER: &[&str] =
    &["domain", "store", "clients", "flows", "jobs", "handlers", "routes", "settings", "app", "main"];
/// Read by settings, which hand them on: pure values only.
const PURE: &[&str] = &["domain"];
/// By folder, which ends with the name.
const SERVICES: &[&str] =
    &["invoice-app", "payment-provider", "commerce/users", "commerce/orders", "commerce/notifications"];
const LIBRARIES: &[&str] = &["contracts", "gate", "db", "events", "service", "policy"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn room(src: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(src).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn no_file_imports_what_stands_to_its_right() {
    let place = |room: &str| ORDER.iter().position(|known| *known == room);
    let mut seen = 0;
    for service in SERVICES {
        let src = root().join(service).join("src");
        let mut sources = Vec::new();
        files(&src, &mut sources);
        for file in sources {
            let Some(here) = place(&room(&src, &file)) else { continue };
            let text = std::fs::read_to_string(&file).unwrap();
            for used in text.lines().filter_map(|line| line.trim().strip_prefix("use crate::")) {
                let used = used.split([':', ';', '{']).next().unwrap();
                let there = place(used)
                    .unwrap_or_else(|| panic!("{} uses {used}, which has no place", file.display()));
                seen += 1;
                assert!(there <= here || PURE.contains(&used), "{} uses {used}", file.display());
            }
        }
    }
    assert!(seen > 30, "only {seen} imports were found: has the layout changed?");
}

#[test]
fn libraries_import_no_service_and_services_not_each_other() {
    let dependencies = |dir: &str| {
        let text = std::fs::read_to_string(root().join(dir).join("Cargo.toml")).unwrap();
        let name = |folder: &str| folder.rsplit('/').next().unwrap().to_owned();
        let imports =
            |line: &str| SERVICES.iter().any(|one| line.starts_with(&format!("{}.workspace", name(one))));
        text.lines().filter(|line| imports(line)).count()
    };
    for library in LIBRARIES {
        assert_eq!(dependencies(&format!("crates/{library}")), 0, "{library}");
    }
    for service in SERVICES {
        assert_eq!(dependencies(service), 0, "{service}");
    }
}
