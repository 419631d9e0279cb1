//! Messages leave once, are tried again, and are given up.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use contracts::event::Kind;
use events::Consumer;
use serde_json::Value;
use testkit::commerce::Variables;
use testkit::{Engine, Home, Serving, Team, engines};

use crate::notifying::{consumer, order, registered};
use crate::rows::{execute, number};
use crate::told::uuid;

/// One confirmed order of a user of this name, and so one message.
pub async fn one_message(notifications: &Serving, name: &str) -> String {
    let (user, id) = (uuid(), uuid());
    let events = vec![registered(&user, name, "en"), order(Kind::OrderConfirmed, &id, &user, None)];
    consumer(notifications).consume(events).await;
    let page = notifications.get(&format!("/v1/notifications?order={id}")).await;
    page["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{page}")).to_owned()
}

pub async fn until(notifications: &Serving, id: &str, what: &str, good: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let seen = notifications.get(&format!("/v1/notifications/{id}")).await;
        if good(&seen) {
            return seen;
        }
        assert!(Instant::now() < deadline, "not {what}: {seen}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The e-mails in a folder.
pub fn mails(home: &Home) -> Vec<PathBuf> {
    let found = std::fs::read_dir(home.path("mail/new")).unwrap();
    found.map(|entry| entry.unwrap().path()).collect()
}

fn is(state: &str) -> impl Fn(&Value) -> bool + '_ {
    move |seen| seen["state"] == state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_put_into_the_folder_once_under_its_id() {
    for engine in engines() {
        let home = Home::new();
        let notifications = Team::Notifications.start(&home, engine, vec![]);
        let id = one_message(&notifications, "Ada\r\nBcc: eve@example.org").await;
        let sent = until(&notifications, &id, "sent", is("SENT")).await;
        assert!(sent["sent_at"].is_string() && sent.get("next_at").is_none(), "{sent}");
        assert_eq!(sent["attempts"], 1);
        let [file] = mails(&home).try_into().unwrap();
        assert_eq!(file.file_stem().unwrap().to_str(), Some(id.as_str()));
        let mail = std::fs::read_to_string(&file).unwrap();
        assert!(mail.contains(&format!("Message-ID: <{id}@antaeus.example>")), "{mail}");
        assert!(mail.contains("Subject: Your order is confirmed: a book"), "{mail}");
        let head = mail.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
        let metrics = notifications.http().get(format!("{}/metrics", notifications.admin)).send().await;
        let metrics = metrics.unwrap().text().await.unwrap();
        assert!(metrics.contains("notifications_total{outcome=\"sent\"} 1"), "{metrics}");
        assert_eq!(std::fs::read_dir(home.path("mail/tmp")).unwrap().count(), 0);
    }
}

/// What a crash between sending and writing it down leaves: the claim ends, and the same e-mail goes out under the same
/// name.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_nobody_settled_is_sent_again_under_the_same_name() {
    for engine in engines() {
        let home = Home::new();
        let mut notifications = Team::Notifications.start(&home, engine, vec![]);
        let id = one_message(&notifications, "Ada").await;
        until(&notifications, &id, "sent", is("SENT")).await;
        notifications.stop().await;
        execute(
            &notifications.db,
            "UPDATE notifications SET state = 'QUEUED', sent_at = NULL, next_at = 5, attempts = 1",
        );
        notifications.restart_with(vec![]).await;
        let again = until(&notifications, &id, "sent again", is("SENT")).await;
        assert_eq!((again["attempts"].as_i64(), mails(&home).len()), (Some(2), 1));
    }
}

/// One that is overtaken must not write over what came after it.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_its_claim_changes_nothing() {
    use notifications::store::queue::{Tried, claim, settle};
    for engine in engines() {
        let home = Home::new();
        let mut notifications = Team::Notifications.start(&home, engine, vec![]);
        notifications.stop().await;
        let (user, id) = (uuid(), uuid());
        let events = vec![registered(&user, "Ada", "en"), order(Kind::OrderConfirmed, &id, &user, None)];
        consumer(&notifications).consume(events).await;
        let now = service::Clock::system().now();
        let db = &notifications.db;
        let slow = db.write_blocking(|conn| claim(conn, now, now + 1, 8)).unwrap();
        assert!(db.write_blocking(|conn| claim(conn, now, now + 9, 8)).unwrap().is_empty(), "claimed twice");
        let quick = db.write_blocking(|conn| claim(conn, now + 2, now + 9, 8)).unwrap();
        assert_eq!((slow.len(), slow[0].attempts, quick[0].attempts), (1, 1, 2));
        // While the other one is still at it, and after it is done.
        db.write_blocking(|conn| settle(conn, &slow[0], &Tried::Failed("late".into()))).unwrap();
        assert_eq!(number(db, "SELECT next_at AS n FROM notifications WHERE state = 'QUEUED'"), now + 9);
        db.write_blocking(|conn| settle(conn, &quick[0], &Tried::Sent(now + 3))).unwrap();
        db.write_blocking(|conn| settle(conn, &slow[0], &Tried::Again(now + 4, "late".into()))).unwrap();
        db.write_blocking(|conn| settle(conn, &slow[0], &Tried::Failed("late".into()))).unwrap();
        let sent = "SELECT COUNT(*) AS n FROM notifications WHERE state = 'SENT' AND last_error IS NULL";
        assert_eq!(number(db, sent), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_messages_leave_by_two_processes_each_once() {
    for engine in engines().into_iter().filter(|engine| *engine == Engine::Postgres) {
        let home = Home::new();
        let notifications = Team::Notifications.start(&home, engine, vec![]);
        let mut rival: Variables = Team::Notifications.vars(&home, notifications.database_url());
        rival.push(("MAIL_FROM", "Rival <rival@antaeus.example>".into()));
        let settings = notifications::settings::Settings::read(&service::Vars::fixed(rival)).unwrap();
        let rival = notifications::app::build(settings, service::Clock::system()).unwrap();
        let (stop, shutdown) = service::server::Shutdown::manual();
        let rival = tokio::spawn(rival.run(shutdown));
        let user = uuid();
        let mut events = vec![registered(&user, "Ada", "en")];
        events.extend((0..100).map(|_| order(Kind::OrderConfirmed, &uuid(), &user, None)));
        consumer(&notifications).consume(events).await;
        let deadline = Instant::now() + Duration::from_secs(30);
        while number(&notifications.db, "SELECT COUNT(*) AS n FROM notifications WHERE state = 'SENT'") < 100
        {
            assert!(Instant::now() < deadline, "not all were sent");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(mails(&home).len(), 100);
        let tries = "SELECT CAST(SUM(attempts) AS BIGINT) AS n FROM notifications";
        assert_eq!(number(&notifications.db, tries), 100, "each by one of the two");
        stop.pull();
        rival.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_away_is_waited_for() {
    let home = Home::new();
    let notifications = Team::Notifications.start(&home, Engine::Sqlite, vec![]);
    std::fs::rename(home.path("mail/new"), home.path("mail/away")).unwrap();
    let id = one_message(&notifications, "Ada").await;
    let waiting = until(&notifications, &id, "tried", |seen| seen["last_error"].is_string()).await;
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&"QUEUED".into(), &1.into()), "{waiting}");
    assert!(waiting["next_at"].is_string(), "{waiting}");
    std::fs::rename(home.path("mail/away"), home.path("mail/new")).unwrap();
    execute(&notifications.db, "UPDATE notifications SET next_at = 5 WHERE next_at IS NOT NULL");
    until(&notifications, &id, "sent", is("SENT")).await;
    assert_eq!(mails(&home).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_to_is_given_up_at_once_and_old_news_too() {
    let home = Home::new();
    let mut notifications = Team::Notifications.start(&home, Engine::Sqlite, vec![]);
    notifications.stop().await;
    let (user, first, second) = (uuid(), uuid(), uuid());
    let confirmed = |id: &str| order(Kind::OrderConfirmed, id, &user, None);
    let events = vec![registered(&user, "Ada", "en"), confirmed(&first), confirmed(&second)];
    consumer(&notifications).consume(events).await;
    // One to an address that is none; one that has waited for longer than a day, with the folder away.
    execute(&notifications.db, "UPDATE recipients SET email = 'nowhere'");
    notifications.restart_with(vec![]).await;
    let failed = "SELECT COUNT(*) AS n FROM notifications WHERE state = 'FAILED' AND attempts = 1";
    let deadline = Instant::now() + Duration::from_secs(20);
    while number(&notifications.db, failed) < 2 {
        assert!(Instant::now() < deadline, "not given up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    std::fs::rename(home.path("mail/new"), home.path("mail/away")).unwrap();
    execute(&notifications.db, "UPDATE recipients SET email = 'ada@example.org'");
    let old = format!(
        "UPDATE notifications SET state = 'QUEUED', next_at = 5, created_at = 5 WHERE order_id = '{first}'"
    );
    execute(&notifications.db, &old);
    let given_up = "SELECT COUNT(*) AS n FROM notifications WHERE state = 'FAILED' AND attempts = 2";
    while number(&notifications.db, given_up) < 1 {
        assert!(Instant::now() < deadline, "old news is not given up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
