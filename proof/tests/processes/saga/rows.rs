//! A look at rows, and a table that keeps whatever is written down to be told.

use contracts::event::{Envelope, Kind};
use db::{AnyConnection, Db, MultiBackend};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

const TABLE: &str =
    "(n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, kind TEXT, subject TEXT, version BIGINT, data TEXT,
     traceparent TEXT, created_at BIGINT)";
const COLUMNS: &str = "id, kind, subject, version, data, traceparent, created_at";
const NEW: &str =
    "INSERT INTO told (id, kind, subject, version, data, traceparent, created_at) VALUES (NEW.id, NEW.kind,
     NEW.subject, NEW.version, NEW.data, NEW.traceparent, NEW.created_at);";

/// From now on each event stays in the table `told` when it leaves the outbox.
pub(super) fn keep_what_is_told(db: &Db) {
    let run = |conn: &mut AnyConnection| match conn {
        AnyConnection::Sqlite(conn) => Ok(conn.batch_execute(&format!(
            "CREATE TABLE told {TABLE}; CREATE TRIGGER told AFTER INSERT ON outbox BEGIN {NEW} END"
        ))?),
        AnyConnection::Postgres(conn) => {
            let table = TABLE.replace("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGSERIAL PRIMARY KEY");
            Ok(conn.batch_execute(&format!(
                "CREATE TABLE told {table};
                 CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {NEW} RETURN NULL; END $$;
                 CREATE TRIGGER told AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION tell()"
            ))?)
        }
    };
    db.write_blocking(run).expect("a table of what is told");
}

/// An event that was told.
#[derive(QueryableByName)]
pub(super) struct Told {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    pub(super) subject: String,
    #[diesel(sql_type = BigInt)]
    pub(super) version: i64,
    #[diesel(sql_type = Text)]
    data: String,
    #[diesel(sql_type = Nullable<Text>)]
    traceparent: Option<String>,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
}

impl Told {
    pub(super) fn kind(&self) -> Kind {
        self.kind.parse().expect("a type of event")
    }

    /// As the relay tells it.
    pub(super) fn envelope(&self) -> Envelope {
        let Self { id, subject, version, data, traceparent, created_at, .. } = self;
        let at = jiff::Timestamp::from_microsecond(*created_at).expect("a moment");
        let subject = (subject.clone(), *version);
        Envelope::new((id.clone(), self.kind()), subject, at, traceparent.clone(), data.clone())
            .expect("JSON")
    }
}

/// Events by their numbers; all of them without. Nothing while the database does not answer.
pub(super) fn told(db: &Db, numbers: Option<&[i64]>) -> Vec<Told> {
    let wanted = numbers.map_or_else(String::new, |numbers| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        format!("WHERE n IN ({})", numbers.join(", "))
    });
    load(db, &format!("SELECT {COLUMNS} FROM told {wanted}"))
}

/// Lines that a query gives as `line`.
pub(super) fn lines(db: &Db, sql: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    load(db, sql).into_iter().map(|Line { line }| line).collect()
}

/// What was not taken, for whoever looks into a failure.
pub(super) fn held(db: &Db) -> Vec<String> {
    lines(
        db,
        "SELECT receiver || ' ' || kind || ' ' || attempts || ' tries: ' || reason AS line FROM held_events",
    )
}

fn load<T>(db: &Db, sql: &str) -> Vec<T>
where
    T: QueryableByName<MultiBackend> + 'static,
{
    db.read_blocking(|conn| Ok(diesel::sql_query(sql).load(conn)?)).unwrap_or_default()
}
