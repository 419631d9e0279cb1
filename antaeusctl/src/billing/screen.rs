//! What whoever watches a run gets to see: a bar on a terminal, a line now and then elsewhere.

use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use service::settings::{Var, Vars};

use super::attach::News;
use super::pace::pace;
use super::progress::{beside_bar, line};
use super::run::Run;
use super::schedule;

const CI: Var = Var::unset("CI", "this is a build: no progress bars");
const NO_COLOR: Var = Var::unset("NO_COLOR", "plain text: no progress bars");
const TERM: Var =
    Var::unset("TERM", "which terminal this is; without one, or on a dumb one, no progress bars");

/// A bar is drawn anew this often, whether or not something happened.
const BAR_EVERY: Duration = Duration::from_secs(1);

/// Whether a bar can be drawn.
pub(super) fn bar_is_wanted(vars: &Vars, terminal: bool) -> bool {
    let clever = vars.text(&TERM).is_some_and(|term| term != "dumb");
    terminal && clever && vars.text(&CI).is_none() && vars.text(&NO_COLOR).is_none()
}

/// What whoever watches a run gets to see. It is told the time, counted from the beginning of the watching.
pub(super) struct Screen<'a> {
    bar: Option<ProgressBar>,
    err: &'a mut dyn Write,
    next: Duration,
    /// What was done when the watching began.
    done_before: u64,
    run: Run,
}

impl<'a> Screen<'a> {
    /// Begins to show a run.
    pub(super) fn new(run: Run, with_bar: bool, err: &'a mut dyn Write) -> Result<Self, String> {
        let bar = if with_bar { Some(bar(&run)?) } else { None };
        let next = if with_bar { BAR_EVERY } else { schedule::next(Duration::ZERO) };
        let mut screen = Self { bar, err, next, done_before: run.invoices.done(), run };
        screen.draw(Duration::ZERO);
        Ok(screen)
    }

    /// When to look again, whether or not something happened.
    pub(super) fn next_look(&self) -> Duration {
        self.next
    }

    /// It is time for another look.
    pub(super) fn look(&mut self, now: Duration) {
        let now = now.max(self.next);
        self.next = if self.bar.is_some() { now + BAR_EVERY } else { schedule::next(now) };
        self.draw(now);
    }

    /// Something happened.
    pub(super) fn tell(&mut self, news: News, now: Duration) {
        match news {
            News::Run(run) => {
                let turned = run.state != self.run.state;
                self.run = *run;
                if self.bar.is_some() || turned {
                    self.draw(now);
                }
            }
            News::Lost(why) => self.say(&format!("the connection was lost ({why}); attaching again")),
        }
    }

    fn say(&mut self, sentence: &str) {
        match &self.bar {
            Some(bar) => bar.println(sentence),
            None => self.write(sentence),
        }
    }

    fn draw(&mut self, now: Duration) {
        let pace = pace(&self.run, self.done_before, now);
        match &self.bar {
            Some(bar) => {
                bar.set_length(self.run.invoices.expected);
                bar.set_position(self.run.invoices.done());
                bar.set_message(beside_bar(&self.run, pace.as_deref()));
            }
            None => self.write(&line(&self.run, pace.as_deref())),
        }
    }

    /// Who has closed standard error wants to hear nothing.
    fn write(&mut self, line: &str) {
        let _ = writeln!(self.err, "{line}").and_then(|()| self.err.flush());
    }
}

impl Drop for Screen<'_> {
    /// The summary takes the bar's place.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(run: &Run) -> Result<ProgressBar, String> {
    let style = ProgressStyle::with_template("run {prefix} [{bar:32}] {pos}/{len}  {msg}");
    let style = style.map_err(|e| e.to_string())?.progress_chars("=> ");
    let bar = ProgressBar::with_draw_target(Some(run.invoices.expected), ProgressDrawTarget::stderr());
    Ok(bar.with_style(style).with_prefix(run.id.to_string()))
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
