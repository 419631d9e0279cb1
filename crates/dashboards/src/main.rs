//! `dashboards`: makes Grafana's JSON, and lists every query.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dashboards::project::Project;
use dashboards::{check, grafana, query};

/// Grafana dashboards from readable files.
#[derive(Parser)]
struct Arguments {
    /// The repository.
    #[arg(long, default_value = ".", global = true)]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write dashboards/grafana/*.json, and the addresses of the runbooks in dashboards/rules.
    Render,
    /// Print what is wrong with dashboards and rules, a line each: exit 1 when something is.
    Check,
    /// List every query of every panel and rule, its variables filled in.
    Queries {
        /// As JSON: kind, file, name, expr, quiet, mesh.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments, &mut std::io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(sentence) => {
            let _ = writeln!(std::io::stderr(), "{sentence}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<bool, String> {
    let project = Project::read(&arguments.root)?;
    let lines = match arguments.command {
        Command::Render => render(&arguments.root, &project)?,
        Command::Check => check::all(&project, &arguments.root)?,
        Command::Queries { json: true } => {
            vec![serde_json::to_string_pretty(&query::all(&project)).map_err(|e| e.to_string())?]
        }
        Command::Queries { json: false } => query::all(&project).into_iter().map(listed).collect(),
    };
    for line in &lines {
        writeln!(out, "{line}").map_err(|e| e.to_string())?;
    }
    Ok(!matches!(arguments.command, Command::Check) || lines.is_empty())
}

fn listed(query: query::Listed) -> String {
    format!("{} {}/{}: {}", query.kind, query.file, query.name, query.expr)
}

/// Writes what is not as it should be; returns the names of all that was made.
fn render(root: &Path, project: &Project) -> Result<Vec<String>, String> {
    let mut made = Vec::new();
    for dashboard in &project.dashboards {
        let path = grafana::path(root, &dashboard.name);
        write(&path, &grafana::text(&dashboard.value, &project.settings))?;
        made.push(path.display().to_string());
    }
    // The tests say the addresses, too: promtool compares the whole text of an alert.
    let tests = project.tests.iter().map(|file| &file.path);
    for path in project.rules.iter().map(|file| &file.path).chain(tests) {
        write(path, &check::addressed(&dashboards::project::text(path)?, &project.settings.repository))?;
    }
    Ok(made)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}
