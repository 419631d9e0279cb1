//! Watching a run until it has ended.

use std::io::{IsTerminal, Write};
use std::pin::pin;

use service::settings::Vars;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::PATH;
use super::attach::{Ended, Patience, attach};
use super::run::Run;
use super::screen::{Screen, bar_is_wanted};
use super::show::show;
use crate::api::Api;
use crate::output::Ask;
use crate::pages::first;

/// Watches a run, or the newest; true when it came to its end by itself.
pub(super) async fn command(
    ask: &Ask,
    id: Option<i64>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<bool, String> {
    let api = ask.api()?;
    let id = match id {
        Some(id) => id,
        None => newest(&api).await?,
    };
    watch(ask, &api, id, out, err).await
}

async fn newest(api: &Api) -> Result<i64, String> {
    let runs: Vec<Run> = first(api, PATH, &[], 1).await?.read()?;
    let newest = runs.first().map(|run| run.id);
    newest.ok_or_else(|| "there is no run yet; start one: antaeusctl billing run".into())
}

/// Watches a run to its end, then prints its summary: it is data, and what is told on the way is talk.
pub(super) async fn watch(
    ask: &Ask,
    api: &Api,
    id: i64,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<bool, String> {
    let answer = api.get(&format!("{PATH}/{id}")).await?;
    let run: Run = answer.read()?;
    let ended = if run.is_over() {
        Ended { run, text: answer.text }
    } else {
        let with_bar = bar_is_wanted(&Vars::from_env(), std::io::stderr().is_terminal());
        follow(api, &mut Screen::new(run, with_bar, err)?, id).await?
    };
    if ask.is_json() {
        let _ = writeln!(err, "{}", show(&ended.run));
    }
    ask.print(out, &ended.text, || show(&ended.run))?;
    Ok(ended.run.is_finished())
}

async fn follow(api: &Api, screen: &mut Screen<'_>, id: i64) -> Result<Ended, String> {
    let (tell, mut told) = mpsc::channel(16);
    let begun = Instant::now();
    let mut attached = pin!(attach(api, id, Patience::default(), tell));
    loop {
        tokio::select! {
            ended = &mut attached => return ended,
            Some(news) = told.recv() => screen.tell(news, begun.elapsed()),
            () = sleep_until(begun + screen.next_look()) => screen.look(begun.elapsed()),
        }
    }
}
