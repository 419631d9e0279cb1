//! Outbox, inbox and held events as rows, in the tables that the README gives.
#![expect(clippy::unwrap_used, reason = "tests")]

use contracts::event::{Data, Event, Kind, UserRegistered};
use db::{AnyConnection, Db, PoolSettings, StoreError};
use diesel::RunQueryDsl;
use events::held::{self, Held};
use events::{Consumed, NewEvent, inbox, outbox};

const USER: &str = "01938a1e-0000-7000-8000-000000000001";

struct Rows {
    db: Db,
    _home: tempfile::TempDir,
}

impl Rows {
    /// Tables as the README has them.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", home.path().join("rows.sqlite").display()).parse().unwrap();
        let wait = std::time::Duration::from_secs(5);
        let rows = Self { db: Db::new(&url, PoolSettings { size: 2, wait }), _home: home };
        let readme = include_str!("../README.md");
        let sql = readme.split("```sql").nth(1).unwrap().split("```").next().unwrap();
        let lines: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).collect();
        for statement in lines.join("\n").split(';').filter(|statement| statement.contains("CREATE")) {
            rows.write(|conn| Ok(diesel::sql_query(statement).execute(conn)?));
        }
        rows
    }

    fn write<T>(&self, work: impl Fn(&mut AnyConnection) -> Result<T, StoreError>) -> T {
        self.db.write_blocking(work).unwrap()
    }
}

fn user() -> Data {
    Data::User(UserRegistered {
        user: USER.into(),
        name: "Ada".into(),
        email: "ada@example.org".into(),
        currency: "EUR".parse().unwrap(),
        locale: "en".into(),
        time_zone: "UTC".into(),
    })
}

fn event(version: i64) -> Event {
    let time = "2026-12-01T05:00:00Z".parse().unwrap();
    let (id, subject) = (service::id::uuid(version), USER.to_owned());
    let kind = Kind::UserRegistered;
    Event { id, kind, subject, version, time, traceparent: None, data: user() }
}

#[test]
fn a_newer_version_is_news_and_the_same_or_an_older_one_is_not() {
    let rows = Rows::new();
    let is_news = |version: i64| rows.write(|conn| inbox::is_news(conn, &event(version), 1));
    assert_eq!([1, 1, 3, 2, 3, 4].map(is_news), [true, false, true, false, false, true]);
}

#[test]
fn what_is_not_committed_was_not_heard() {
    let rows = Rows::new();
    let rolled_back: Result<bool, StoreError> = rows.db.write_blocking(|conn| {
        assert!(inbox::is_news(conn, &event(1), 1)?);
        Err(StoreError::NotFound)
    });
    assert_eq!(rolled_back, Err(StoreError::NotFound));
    assert!(rows.write(|conn| inbox::is_news(conn, &event(1), 1)));
}

#[test]
fn what_was_put_first_is_told_first_and_is_gone_when_it_was_told() {
    let rows = Rows::new();
    let parent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    let new = |at: i64| NewEvent::new(Kind::UserRegistered, &user(), at, parent.clone(), at);
    rows.write(|conn| outbox::put_all(conn, &[new(1_000), new(2_000), new(3_000)]));
    let oldest = rows.write(|conn| outbox::oldest(conn, 2));
    assert_eq!(oldest.iter().map(|row| row.created_at).collect::<Vec<_>>(), [1_000, 2_000]);
    let first = &oldest[0];
    assert_eq!((first.kind.as_str(), first.subject.as_str()), ("user.registered.v1", USER));
    assert_eq!((&first.traceparent, first.version), (&parent, 1_000));
    assert_eq!(Data::parse(Kind::UserRegistered, &first.data).unwrap(), user());
    assert_eq!(rows.write(|conn| outbox::waiting(conn, 100)), (3, Some(1_000)));
    let ids: Vec<String> = oldest.into_iter().map(|row| row.id).collect();
    rows.write(|conn| outbox::remove(conn, &ids));
    assert_eq!(rows.write(|conn| outbox::waiting(conn, 100)), (1, Some(3_000)));
}

#[test]
fn held_events_come_again_when_due_and_refused_ones_wait_for_a_person() {
    let rows = Rows::new();
    let held = |id: &str, consumed: &Consumed| Held::after("orders", (id, "k"), "{}", consumed, 0).unwrap();
    let (later, refused) = (Consumed::Later("not yet".into()), Consumed::Refused("no".into()));
    assert_eq!(Held::after("orders", ("a", "k"), "{}", &Consumed::Done, 0), None);
    let all = [held("b", &later), held("a", &later), held("c", &refused)];
    rows.write(|conn| held::insert(conn, &all));
    rows.write(|conn| held::insert(conn, &all));
    let due = |now: i64| rows.write(|conn| held::due(conn, "orders", now, 10));
    let ids = |held: &[Held]| held.iter().map(|held| held.id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&due(0)).len(), ids(&due(1_000_000))), (0, vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(rows.write(held::counts)["orders"], (2, 1));

    let now = 1_000_000;
    let taken = due(now);
    rows.write(|conn| held::tried(conn, &taken, &[Consumed::Done, refused.clone()], now));
    assert_eq!((due(i64::MAX).len(), rows.write(held::counts)["orders"]), (0, (0, 2)));
    let parked = rows.write(|conn| held::page(conn, true, ("", ""), 10));
    assert_eq!(
        (ids(&parked), parked[0].attempts, parked[0].reason.as_str()),
        (vec!["b".into(), "c".into()], 2, "no")
    );

    assert_eq!(rows.write(|conn| held::replay(conn, Some("c"), now)), 1);
    assert_eq!(ids(&due(now)), ["c"]);
    assert_eq!(rows.write(|conn| held::replay(conn, None, now)), 1);
    assert_eq!(ids(&due(now)), ["b", "c"]);
}

#[test]
fn what_waited_for_a_day_is_parked() {
    let rows = Rows::new();
    let later = Consumed::Later("not yet".into());
    let held = Held::after("orders", ("a", "k"), "{}", &later, 0).unwrap();
    rows.write(|conn| held::insert(conn, std::slice::from_ref(&held)));
    let day = events::wait::PATIENCE;
    rows.write(|conn| held::tried(conn, std::slice::from_ref(&held), std::slice::from_ref(&later), day - 1));
    assert_eq!(rows.write(held::counts)["orders"], (1, 0));
    rows.write(|conn| held::tried(conn, std::slice::from_ref(&held), std::slice::from_ref(&later), day));
    assert_eq!(rows.write(held::counts)["orders"], (0, 1));
}
