//! What is checked in is in order, and what would not be is noticed.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets None or Err has failed")]

mod checks;
mod drawn;
mod promql;
mod queries;

use std::path::{Path, PathBuf};

use dashboards::project::Project;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn project() -> Project {
    Project::read(&root()).unwrap()
}
