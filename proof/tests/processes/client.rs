//! A caller who believes what it is told: whatever was acknowledged must still hold after everything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::world::World;

const PACE: Duration = Duration::from_millis(5);
/// One request in so many creates an invoice.
const CREATES: u32 = 10;

/// Asks and creates until it is stopped.
pub(crate) struct Client {
    stop: Arc<AtomicBool>,
    asking: JoinHandle<Told>,
}

/// What it was told.
#[derive(Default)]
pub(crate) struct Told {
    /// Invoices that were paid, and when.
    paid: BTreeMap<i64, Value>,
    /// Invoices that were created, and their UUIDs.
    created: BTreeMap<i64, Value>,
    /// The key of a creation that nobody answered yet.
    open: Option<String>,
}

struct Asking {
    url: String,
    http: reqwest::Client,
    random: StdRng,
    invoices: i64,
    told: Told,
}

impl Client {
    pub(crate) fn start(world: &World<'_>, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut asking = Asking {
            url: format!("{}/v1/invoices", world.url),
            http: world.http.clone(),
            random: StdRng::seed_from_u64(seed),
            invoices: world.planned,
            told: Told::default(),
        };
        let stopped = Arc::clone(&stop);
        let asking = tokio::spawn(async move {
            while !stopped.load(Ordering::SeqCst) {
                // Nobody is there now and then: that is what this is about.
                let _ = asking.step().await;
                tokio::time::sleep(PACE).await;
            }
            // A creation whose answer was lost is asked about with its key, as any careful caller does.
            while asking.told.open.is_some() {
                let _ = asking.create().await;
            }
            asking.told
        });
        Self { stop, asking }
    }

    /// Stops when all is quiet, and gives what it was told.
    pub(crate) async fn stop(self) -> Told {
        self.stop.store(true, Ordering::SeqCst);
        self.asking.await.expect("a caller")
    }
}

impl Asking {
    async fn step(&mut self) -> reqwest::Result<()> {
        if self.told.open.is_some() || self.random.random_range(0..CREATES) == 0 {
            return self.create().await;
        }
        let id = self.random.random_range(1..=self.invoices);
        let answer = self.http.get(format!("{}/{id}", self.url)).send().await?.error_for_status()?;
        let invoice: Value = answer.json().await?;
        if invoice["state"] == "PAID" {
            self.told.paid.insert(id, invoice["paid_at"].clone());
        }
        Ok(())
    }

    async fn create(&mut self) -> reqwest::Result<()> {
        let next = || self.random.random::<u64>().to_string();
        let key = self.told.open.get_or_insert_with(next).clone();
        // The first customer of each large data set pays in EUR.
        let body = json!({"customer_id": 1, "amount": {"value": 12.5, "currency": "EUR"}});
        let request = self.http.post(&self.url).header("Idempotency-Key", key).json(&body);
        let invoice: Value = request.send().await?.error_for_status()?.json().await?;
        self.told.open = None;
        let id = invoice["id"].as_i64().expect("a number");
        let before = self.told.created.insert(id, invoice["uid"].clone());
        assert_eq!(before, None, "two keys created one invoice");
        Ok(())
    }
}

impl Told {
    /// I2: every word still holds, and of a creation that was repeated there is one invoice.
    pub(crate) async fn holds(&self, world: &World<'_>) {
        for (id, paid_at) in &self.paid {
            let now = self.ask(world, *id).await;
            assert_eq!(
                (&now["state"], &now["paid_at"]),
                (&json!("PAID"), paid_at),
                "I2: invoice {id} was paid"
            );
        }
        for (id, uid) in &self.created {
            assert_eq!(&self.ask(world, *id).await["uid"], uid, "I2: invoice {id} was created");
        }
        let there = world.number("SELECT COUNT(*) AS n FROM invoices").await;
        let created = i64::try_from(self.created.len()).expect("a small number");
        assert_eq!(there, world.planned + created, "I2: as many invoices as were acknowledged");
        world.journal.note(format!("{} payments and {created} creations hold", self.paid.len()));
    }

    /// How much it was told.
    pub(crate) fn len(&self) -> usize {
        self.paid.len() + self.created.len()
    }

    async fn ask(&self, world: &World<'_>, id: i64) -> Value {
        let answer = world.http.get(format!("{}/v1/invoices/{id}", world.url)).send().await;
        answer.expect("an answer").json().await.expect("JSON")
    }
}
