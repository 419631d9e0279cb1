//! All files together, as the repository holds them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::metric::Metrics;
use crate::rule::{RuleTests, Rules};
use crate::source::{Dashboard, Row};

/// `dashboards/settings.yaml`: what another company changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the repository's files are read: what stands before `docs/runbooks/NAME.md`.
    pub repository: String,
    /// Grafana's name of the trace store's kind.
    pub traces: Traces,
}

/// A kind of trace store.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Traces {
    /// Jaeger.
    Jaeger,
    /// Tempo.
    Tempo,
}

/// Something that was read, and the name of its file without folder and ending.
#[derive(Clone, Debug)]
pub struct Named<T> {
    /// Such as `overview`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Whether it is about the mesh: in the folder `mesh`.
    pub mesh: bool,
    /// What was read.
    pub value: T,
}

/// All files together.
#[derive(Clone, Debug)]
pub struct Project {
    /// What another company changes.
    pub settings: Settings,
    /// The dashboards, their rows filled in.
    pub dashboards: Vec<Named<Dashboard>>,
    /// The rules.
    pub rules: Vec<Named<Rules>>,
    /// Their tests.
    pub tests: Vec<Named<RuleTests>>,
    /// What may be asked for.
    pub metrics: Metrics,
}

impl Project {
    /// Reads it.
    ///
    /// # Errors
    /// One sentence that names the file.
    pub fn read(root: &Path) -> Result<Self, String> {
        let folder = root.join("dashboards");
        let mut dashboards: Vec<Named<Dashboard>> = all(&folder.join("source"))?;
        for dashboard in &mut dashboards {
            fill(&mut dashboard.value.rows, &folder.join("source/rows"))?;
        }
        let (mut rules, mut mesh) = (all(&folder.join("rules"))?, all(&folder.join("rules/mesh"))?);
        mesh.iter_mut().for_each(|rules: &mut Named<Rules>| rules.mesh = true);
        rules.append(&mut mesh);
        let metrics = Metrics::read(&root.join("docs/metrics.json"), &folder.join("foreign-metrics.yaml"))?;
        let settings = yaml(&folder.join("settings.yaml"))?;
        let tests = all(&folder.join("rules/tests"))?;
        Ok(Self { settings, dashboards, rules, tests, metrics })
    }
}

/// Every file of a folder, in the order of their names.
fn all<T: DeserializeOwned>(folder: &Path) -> Result<Vec<Named<T>>, String> {
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Named { name, mesh: false, value: yaml(&path)?, path })
    };
    files(folder, "yaml")?.into_iter().map(read).collect()
}

/// The files of a folder with an ending, in the order of their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    paths.sort();
    Ok(paths)
}

/// A file of YAML.
///
/// # Errors
/// When it is not there, or not of that form.
pub fn yaml<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    serde_saphyr::from_str(&text(path)?).map_err(|e| format!("{}: {e}", path.display()))
}

/// A file's text.
///
/// # Errors
/// When it cannot be read.
pub fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn fill(rows: &mut [Row], shared: &Path) -> Result<(), String> {
    for row in rows {
        if let Some(name) = row.include.take() {
            *row = yaml(&shared.join(format!("{name}.yaml")))?;
        }
    }
    Ok(())
}
