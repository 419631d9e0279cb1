//! E-mails to a real mail server: over TLS or not at all, each received once.

use serde_json::{Value, json};
use testkit::{Engine, Home, Serving, Team};

use crate::rows::execute;
use crate::sending::{one_message, until};
use crate::smtp::{Mode, Server, start};

const CA: &str = "pki/payment-provider/ca.pem";

fn sent(seen: &Value) -> bool {
    seen["state"] == "SENT"
}

fn tried(seen: &Value) -> bool {
    seen["last_error"].is_string()
}

fn error(seen: &Value) -> String {
    seen["last_error"].as_str().unwrap().to_lowercase()
}

fn service(home: &Home, server: &Server, scheme: &str) -> Serving {
    Team::Notifications.start(home, Engine::Sqlite, server.vars(home, scheme, CA))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_is_received_once_over_tls() {
    for (mode, scheme) in [(Mode::StartTls, "smtp"), (Mode::Smtps, "smtps")] {
        let home = Home::new();
        let Some(server) = start(&home, mode, None) else { return };
        let notifications = service(&home, &server, scheme);
        let id = one_message(&notifications, "Ada Lovelace").await;
        until(&notifications, &id, "sent", sent).await;
        let [mail] = server.mails().try_into().unwrap();
        assert!(mail.contains(&format!("Message-ID: <{id}@antaeus.example>")), "{mail}");
        assert!(mail.contains("X-To: ada@example.org\r\n") && mail.contains("X-TLS: TLSv1."), "{mail}");
        assert!(mail.contains("Ada Lovelace") && mail.contains("9.99 EUR"), "{mail}");
        execute(&notifications.db, "DROP TABLE notifications");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_gets_nothing() {
    let home = Home::new();
    let Some(server) = start(&home, Mode::Plain, None) else { return };
    let notifications = service(&home, &server, "smtp");
    let id = one_message(&notifications, "Ada").await;
    let seen = until(&notifications, &id, "tried", tried).await;
    assert_eq!(seen["state"], "QUEUED");
    assert!(error(&seen).contains("starttls") || error(&seen).contains("tls"), "{seen}");
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_another_authority_vouches_for_gets_nothing() {
    let home = Home::new();
    let Some(server) = start(&home, Mode::StartTls, None) else { return };
    let foreign = Home::new();
    let vars = server.vars(&foreign, "smtp", CA);
    let notifications = Team::Notifications.start(&home, Engine::Sqlite, vars);
    let id = one_message(&notifications, "Ada").await;
    let seen = until(&notifications, &id, "tried", tried).await;
    assert!(error(&seen).contains("certificate"), "{seen}");
    assert_eq!((&seen["state"], server.mails().len()), (&json!("QUEUED"), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_is_not_there_is_given_up_and_a_busy_one_waited_for() {
    let home = Home::new();
    let Some(server) = start(&home, Mode::StartTls, None) else { return };
    let notifications = service(&home, &server, "smtp");
    for (address, state) in [("unknown@example.org", "FAILED"), ("later@example.org", "QUEUED")] {
        let id = one_message(&notifications, "Ada").await;
        until(&notifications, &id, "sent", sent).await;
        execute(&notifications.db, &format!("UPDATE recipients SET email = '{address}'"));
        let again = "UPDATE notifications SET state = 'QUEUED', sent_at = NULL, next_at = 5 WHERE id = ";
        execute(&notifications.db, &format!("{again}'{id}'"));
        let seen = until(&notifications, &id, "tried", tried).await;
        assert_eq!(seen["state"], state, "{seen}");
    }
    assert_eq!(server.mails().len(), 2, "the first tries");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_comes_from_files_and_a_wrong_one_can_be_mended() {
    let home = Home::new();
    let Some(server) = start(&home, Mode::StartTls, Some(("antaeus", "s3cret"))) else { return };
    std::fs::write(home.path("user"), "antaeus\n").unwrap();
    std::fs::write(home.path("password"), "wrong\n").unwrap();
    let mut vars = server.vars(&home, "smtp", CA);
    vars.extend([("SMTP_USER_FILE", home.text("user")), ("SMTP_PASSWORD_FILE", home.text("password"))]);
    vars.push(("RELOAD_MS", "100".into()));
    let notifications = Team::Notifications.start(&home, Engine::Sqlite, vars);
    let id = one_message(&notifications, "Ada").await;
    let seen = until(&notifications, &id, "tried", tried).await;
    assert_eq!((&seen["state"], server.mails().len()), (&json!("QUEUED"), 0), "our mistake costs no message");
    assert!(!seen.to_string().contains("wrong"), "no password is shown: {seen}");
    std::fs::write(home.path("password"), "s3cret\n").unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    execute(&notifications.db, "UPDATE notifications SET next_at = 5 WHERE next_at IS NOT NULL");
    until(&notifications, &id, "sent", sent).await;
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn mail_settings_that_cannot_work_are_one_sentence() {
    let home = Home::new();
    let read = |more: &[(&'static str, &str)]| {
        let mut vars = Team::Notifications.vars(&home, "sqlite://none");
        vars.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let refused = notifications::settings::Settings::read(&service::Vars::fixed(vars));
        refused.map(|_| ()).err().unwrap_or_else(|| panic!("{more:?} was taken")).to_string()
    };
    std::fs::write(home.path("user"), "antaeus").unwrap();
    std::fs::write(home.path("empty"), "").unwrap();
    let (ca, user, empty) = (home.text(CA), home.text("user"), home.text("empty"));
    let cases: &[(&[(&'static str, &str)], &str)] = &[
        (&[("MAIL", "")], "set MAIL"),
        (&[("MAIL", "sendmail")], "MAIL"),
        (&[("MAIL", "http://mail:25")], "MAIL"),
        (&[("MAIL", "smtp://mail")], "the port is missing"),
        (&[("MAIL", "smtp://mail:mail")], "the port is no number"),
        (&[("MAIL", "smtp://antaeus:s3cret@mail:25")], "user and password come from files"),
        (&[("MAIL", "smtp://mail:25")], "SMTP_CA_FILE"),
        (&[("MAIL", "smtp://mail:25"), ("SMTP_CA_FILE", "/nowhere")], "SMTP_CA_FILE"),
        (&[("MAIL", "smtp://mail:25"), ("SMTP_CA_FILE", &empty)], "SMTP_CA_FILE"),
        (
            &[("MAIL", "smtp://mail:25"), ("SMTP_CA_FILE", &ca), ("SMTP_USER_FILE", &user)],
            "SMTP_PASSWORD_FILE",
        ),
        (&[("MAIL_FROM", "nobody")], "MAIL_FROM"),
        (&[("MAIL", "file:/proc/none")], "MAIL"),
    ];
    for (vars, words) in cases {
        let sentence = read(vars);
        assert!(sentence.contains(words), "{vars:?}: {sentence}");
        assert!(!sentence.contains("s3cret"), "{sentence}");
    }
}
