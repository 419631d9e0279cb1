//! `Db::read` and `Db::write`: the only ways to the rows.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use diesel::connection::TransactionManager;
use diesel::prelude::*;
use opentelemetry::Context;
use tokio::sync::Semaphore;

use crate::connection::Purpose;
use crate::pool::{Pool, pool};
use crate::{AnyConnection, DatabaseUrl, StoreError};

/// How often a transaction that met a rival (deadlock, serialisation failure) is run again.
const TRIES: u32 = 5;

/// Size of the pools and how long a caller may wait for a connection.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// Connections for reading; on PostgreSQL for everything.
    pub size: u32,
    /// Longest wait for a connection, after which the caller is told to come back.
    pub wait: Duration,
}

/// A door with as many keys as the pool has connections: r2d2 waits with a blocked thread, so wait before it.
struct Door {
    pool: Pool,
    keys: Arc<Semaphore>,
    wait: Duration,
    on_wait: OnceLock<Arc<dyn Fn(Waited) + Send + Sync>>,
}

/// How a wait for a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// With one, after so long.
    For(Duration),
    /// Without.
    InVain,
}

/// Connections that there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Somebody uses them.
    pub used: u32,
    /// Nobody does.
    pub idle: u32,
    /// As many as there may be.
    pub max: u32,
}

/// Handle to a service's database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    url: DatabaseUrl,
    reads: Arc<Door>,
    writes: Arc<Door>,
}

impl Db {
    /// Prepares the pools; connections are opened when first needed.
    #[must_use]
    pub fn new(url: &DatabaseUrl, settings: PoolSettings) -> Self {
        let door = |purpose, size| Arc::new(Door::new(url, purpose, size, settings.wait));
        let writes = match url {
            // SQLite has one writer; a pool of one makes rivals queue here, in order, instead of in the file.
            DatabaseUrl::Sqlite(_) => door(Purpose::Write, 1),
            DatabaseUrl::Postgres(_) => door(Purpose::Write, settings.size),
        };
        let reads = match url {
            DatabaseUrl::Sqlite(_) => door(Purpose::Read, settings.size),
            DatabaseUrl::Postgres(_) => Arc::clone(&writes),
        };
        Self { url: url.clone(), reads, writes }
    }

    /// Where the rows are.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Has `told` hear how each wait for a connection ends, from now on; only the first one does.
    pub fn on_wait(&self, told: impl Fn(Waited) + Send + Sync + 'static) {
        let told: Arc<dyn Fn(Waited) + Send + Sync> = Arc::new(told);
        for door in [&self.reads, &self.writes] {
            let _ = door.on_wait.set(Arc::clone(&told));
        }
    }

    /// Connections that there are now.
    #[must_use]
    pub fn connections(&self) -> Connections {
        let (mut all, reads) = (self.writes.connections(), self.reads.connections());
        if !Arc::ptr_eq(&self.reads, &self.writes) {
            all = Connections {
                used: all.used + reads.used,
                idle: all.idle + reads.idle,
                max: all.max + reads.max,
            };
        }
        all
    }

    /// Runs queries that change nothing.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.reads.enter(query).await
    }

    /// Runs `work` in one transaction; it is rolled back on error, and run again when a rival was in the way.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writes.enter(move |conn| repeated(conn, &work, transaction)).await
    }

    /// Runs `work` whose only change is made by one statement, which PostgreSQL commits by itself: two round trips less
    /// than [`Db::write`]. What `work` reads after it sees what others committed meanwhile.
    pub async fn write_statement<T: Send + 'static>(
        &self,
        work: impl Fn(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writes.enter(move |conn| repeated(conn, &work, statement)).await
    }

    /// [`Db::write`] for tools without a runtime.
    pub fn write_blocking<T>(
        &self,
        work: impl Fn(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.writes.with_connection(Instant::now(), |conn| repeated(conn, &work, transaction))
    }

    /// [`Db::read`] for tools without a runtime.
    pub fn read_blocking<T>(
        &self,
        query: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.reads.with_connection(Instant::now(), query)
    }
}

impl Door {
    fn new(url: &DatabaseUrl, purpose: Purpose, size: u32, wait: Duration) -> Self {
        let keys = Arc::new(Semaphore::new(size as usize));
        Self { pool: pool(url, purpose, size, wait), keys, wait, on_wait: OnceLock::new() }
    }

    fn connections(&self) -> Connections {
        let state = self.pool.state();
        let used = state.connections.saturating_sub(state.idle_connections);
        Connections { used, idle: state.idle_connections, max: self.pool.max_size() }
    }

    fn tell(&self, waited: Waited) {
        if let Some(told) = self.on_wait.get() {
            told(waited);
        }
    }

    async fn enter<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let since = Instant::now();
        let waiting = tokio::time::timeout(self.wait, Arc::clone(&self.keys).acquire_owned());
        let busy = |_| {
            self.tell(Waited::InVain);
            StoreError::Busy("all connections are in use".into())
        };
        let key = waiting.await.map_err(busy)?.map_err(|e| StoreError::Bug(e.to_string()))?;
        // Whatever the work writes or says belongs to the trace of whoever asked for it.
        let (door, span, trace) = (Arc::clone(self), tracing::Span::current(), Context::current());
        #[expect(clippy::disallowed_methods, reason = "this is the bound that the ban points to")]
        let running = tokio::task::spawn_blocking(move || {
            let (_key, _trace) = (key, trace.attach());
            span.in_scope(|| door.with_connection(since, work))
        });
        running.await.map_err(|e| StoreError::Bug(e.to_string()))?
    }

    fn with_connection<T>(
        &self,
        since: Instant,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = self.pool.get().map_err(|e| {
            self.tell(Waited::InVain);
            StoreError::Unavailable(e.to_string())
        })?;
        self.tell(Waited::For(since.elapsed()));
        let result = work(&mut slot.conn);
        slot.spoilt |= result.as_ref().is_err_and(StoreError::spoils_connection);
        result
    }
}

fn repeated<T, W: Fn(&mut AnyConnection) -> Result<T, StoreError>>(
    conn: &mut AnyConnection,
    work: &W,
    once: fn(&mut AnyConnection, &W) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut tries = 1;
    loop {
        match once(conn, work) {
            Err(StoreError::Busy(why)) if tries < TRIES => {
                tracing::debug!(tries, why, "transaction met a rival, running it again");
                std::thread::sleep(Duration::from_millis(u64::from(tries * tries)));
                tries += 1;
            }
            done => return done,
        }
    }
}

type Manager = <AnyConnection as Connection>::TransactionManager;

fn statement<T, W: Fn(&mut AnyConnection) -> Result<T, StoreError>>(
    conn: &mut AnyConnection,
    work: &W,
) -> Result<T, StoreError> {
    match conn {
        AnyConnection::Postgres(_) => work(conn),
        // Its statements are not made of several rows: the transaction holds them together.
        AnyConnection::Sqlite(_) => transaction(conn, work),
    }
}

fn transaction<T, W: Fn(&mut AnyConnection) -> Result<T, StoreError>>(
    conn: &mut AnyConnection,
    work: &W,
) -> Result<T, StoreError> {
    conn.begin()?;
    match work(conn) {
        Ok(value) => {
            Manager::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            let _ = Manager::rollback_transaction(conn);
            Err(error)
        }
    }
}
