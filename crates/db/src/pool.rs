//! r2d2 pools of [`AnyConnection`].

use std::time::Duration;

use diesel::r2d2::R2D2Connection;

use crate::connection::{AnyConnection, Purpose, open};
use crate::{DatabaseUrl, StoreError};

/// Opens connections for r2d2 by the URL's scheme.
pub(crate) struct Manager {
    url: DatabaseUrl,
    purpose: Purpose,
}

/// A pooled connection that remembers whether an error spoilt it.
pub(crate) struct Slot {
    pub(crate) conn: AnyConnection,
    pub(crate) spoilt: bool,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Slot;
    type Error = StoreError;

    fn connect(&self) -> Result<Slot, StoreError> {
        Ok(Slot { conn: open(&self.url, self.purpose)?, spoilt: false })
    }

    fn is_valid(&self, slot: &mut Slot) -> Result<(), StoreError> {
        Ok(slot.conn.ping()?)
    }

    fn has_broken(&self, slot: &mut Slot) -> bool {
        slot.spoilt || slot.conn.is_broken()
    }
}

pub(crate) type Pool = r2d2::Pool<Manager>;

/// A pool that opens its connections when they are first needed.
pub(crate) fn pool(url: &DatabaseUrl, purpose: Purpose, size: u32, wait: Duration) -> Pool {
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        // One round trip less per transaction; a dead connection shows itself by its first error.
        .test_on_check_out(false)
        .connection_timeout(wait)
        .error_handler(Box::new(r2d2::NopErrorHandler))
        .build_unchecked(Manager { url: url.clone(), purpose })
}
