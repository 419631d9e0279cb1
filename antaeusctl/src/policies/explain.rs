//! `antaeusctl policies explain`.

use std::io::Write;

use clap::{Args, ValueEnum};
use policy::check::{TokenKind, World};
use policy::explain::{Explained, Question, explain};
use policy::layer::Answer;
use policy::universe::Universe;

use super::source::SourceArgs;
use crate::output::Output;

/// Say what becomes of one call, layer by layer, each as if it were alone.
#[derive(Debug, Args)]
pub struct Explain {
    /// The caller: namespace/account.
    #[arg(long)]
    from: String,
    /// The workload whose label the caller bears, to try an impostor.
    #[arg(long)]
    label: Option<String>,
    /// The caller has no sidecar.
    #[arg(long)]
    plaintext: bool,
    /// Which token it shows; unless said the right one for who should have it, else none.
    #[arg(long)]
    token: Option<TokenArg>,
    /// The callee: workload:port or namespace/workload:port.
    #[arg(long)]
    to: String,
    /// GET, POST, ...
    method: String,
    /// /path, without a query.
    path: String,
    #[command(flatten)]
    source: SourceArgs,
    /// How to answer.
    #[arg(short, long, default_value = "text")]
    output: Output,
}

/// A token by how good it is.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TokenArg {
    None,
    Right,
    Forged,
    OtherIssuer,
    OtherAudience,
    OtherSubject,
}

impl TokenArg {
    fn kind(self) -> TokenKind {
        match self {
            Self::None => TokenKind::None,
            Self::Right => TokenKind::Right,
            Self::Forged => TokenKind::Forged,
            Self::OtherIssuer => TokenKind::OtherIssuer,
            Self::OtherAudience => TokenKind::OtherAudience,
            Self::OtherSubject => TokenKind::OtherSubject,
        }
    }
}

/// False when the answer is not what the call graph says.
pub fn run(command: &Explain, out: &mut dyn Write) -> Result<bool, String> {
    let (render, graph) = command.source.read()?;
    let universe = Universe::new(&render, &graph);
    let world = World { render: &render, graph: &graph, universe: &universe };
    let question = Question {
        from: command.from.clone(),
        under_label_of: command.label.clone(),
        plaintext: command.plaintext,
        to: command.to.clone(),
        method: command.method.to_uppercase(),
        path: command.path.clone(),
        token: command.token.map(TokenArg::kind),
    };
    let answers = explain(&world, &question)?;
    let printed = match command.output {
        Output::Json => serde_json::to_string_pretty(&answers).map_err(|e| e.to_string())?,
        Output::Text => answers.iter().map(|answer| text(&question, answer)).collect::<Vec<_>>().join("\n\n"),
    };
    writeln!(out, "{printed}").map_err(|e| e.to_string())?;
    Ok(answers.iter().all(|answer| answer.allowed == answer.intended))
}

fn text(question: &Question, answer: &Explained) -> String {
    let Explained { caller, identity, callee, token, .. } = answer;
    let head =
        format!("{caller}, as {identity}, to {callee} {} {}, token: {token}", question.method, question.path);
    let steps = answer.layers.iter().map(|step| {
        let word = match step.answer {
            Answer::Allows => "allows",
            Answer::Refuses => "refuses",
            Answer::Absent => "-",
        };
        format!("  {:<11}  {word:<7}  {}", step.layer.to_string(), step.why)
    });
    let outcome = if answer.allowed { "allowed" } else { "refused" };
    let by = if answer.allowed == answer.intended { "as" } else { "UNLIKE WHAT" };
    let last = format!("  => {outcome}, {by} the call graph says");
    std::iter::once(head).chain(steps).chain([last]).collect::<Vec<_>>().join("\n")
}
