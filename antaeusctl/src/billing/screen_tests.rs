use super::*;
use crate::billing::sample;

#[test]
fn a_bar_is_drawn_on_a_terminal_that_can_and_nowhere_else() {
    let wanted = |set: &[(&str, &str)], terminal| bar_is_wanted(&Vars::fixed(set.iter().copied()), terminal);
    assert!(wanted(&[("TERM", "xterm")], true));
    assert!(!wanted(&[("TERM", "xterm")], false));
    assert!(!wanted(&[("TERM", "dumb")], true));
    assert!(!wanted(&[], true));
    assert!(!wanted(&[("TERM", "xterm"), ("CI", "true")], true));
    assert!(!wanted(&[("TERM", "xterm"), ("NO_COLOR", "1")], true));
    assert!(wanted(&[("TERM", "xterm"), ("CI", ""), ("NO_COLOR", "")], true), "empty is not set");
}

#[test]
fn lines_are_written_at_their_time_and_when_the_state_turns() {
    let mut written = Vec::new();
    let at = Duration::from_secs;
    let mut screen = Screen::new(sample::run("running"), false, &mut written).unwrap();
    assert_eq!(screen.next_look(), at(5));
    screen.tell(News::Run(Box::new(sample::run("running"))), at(1));
    screen.look(at(5));
    assert_eq!(screen.next_look(), at(10));
    screen.tell(News::Run(Box::new(sample::run("paused"))), at(6));
    screen.tell(News::Lost("reset".into()), at(7));
    screen.look(at(40));
    assert_eq!(screen.next_look(), at(60), "marks that were missed are not made up for");
    drop(screen);
    let written = String::from_utf8(written).unwrap();
    let starts: Vec<&str> = written.lines().map(|line| line.split("; ").next().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "billing run 7: running: 783 of 1000 invoices (78 %)",
            "billing run 7: running: 783 of 1000 invoices (78 %)",
            "billing run 7: paused: 783 of 1000 invoices (78 %)",
            "the connection was lost (reset)",
            "billing run 7: paused: 783 of 1000 invoices (78 %)",
        ]
    );
}

#[test]
fn the_bar_has_a_form_that_can_be_drawn() {
    let bar = bar(&sample::run("running")).unwrap();
    assert_eq!((bar.length(), bar.prefix().as_str()), (Some(1000), "7"));
}
