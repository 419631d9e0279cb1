//! What goes wrong with money: the provider charges behind our back, or does not answer.

use contracts::charge::CHARGES_PATH;
use serde_json::{Value, json};
use service::Clock;
use testkit::client::{signer, with_certificate};

use crate::stage::Stage;
use crate::until;

const HOUR: i64 = 3_600;
const MICROS: i64 = 1_000_000;

impl Stage {
    /// A charge as invoice-app would send it.
    pub(crate) async fn charge(&self, invoice: &str, attempt: u8) -> Value {
        let body = json!({"items": [{"key": format!("{invoice}:{attempt}"), "invoice": invoice, "customer": "nobody",
            "amount": 1999, "currency": "EUR", "method": "card"}]});
        let body = body.to_string();
        let token = signer(&self.home).sign("POST", CHARGES_PATH, body.as_bytes(), Clock::system().seconds());
        let caller = with_certificate(&self.home.path("pki/invoice-app"));
        let request = caller.post(format!("{}{CHARGES_PATH}", self.url("payment-provider")));
        let request = request.header("content-type", "application/json").bearer_auth(token.expect("a token"));
        let answer = request.body(body).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")["results"][0].clone()
    }

    /// The provider captures what we never asked for; and refuses to do it a second time.
    pub(crate) async fn money_that_we_know_nothing_of(&self) {
        let now = || service::id::uuid(Clock::system().now());
        let mut invoice = now();
        // The acquirer declines half of what it is asked for.
        while self.charge(&invoice, 1).await["verdict"] != "captured" {
            invoice = now();
        }
        let mut attempt = 2;
        while self.charge(&invoice, attempt).await["verdict"] != "already_captured" {
            attempt += 1;
            assert!(attempt < 60, "never already_captured");
        }
    }

    /// The ledger's keys make it impossible: only what was found of it can be made up.
    pub(crate) fn a_second_capture_is_found(&self) {
        let (uid, now) = (service::id::uuid(Clock::system().now()), Clock::system().now());
        self.execute(
            "invoice-app",
            &format!(
                "INSERT INTO differences (invoice_uid, kind, amount, currency, state, found_at)
                 VALUES ('{uid}', 'captured_twice', 100, 'EUR', 'parked', {now})"
            ),
        );
    }

    /// A run whose charges nobody answers; once the breaker is open, somebody pauses the run. Gives its number.
    pub(crate) async fn provider_does_not_answer(&mut self) -> i64 {
        self.invoices(30).await;
        self.service("payment-provider").suspend();
        let run = self.run().await;
        let unknown = async || {
            let old = Clock::system().now() - HOUR * MICROS;
            let older = format!("UPDATE invoices SET unknown_since = {old} WHERE unknown_since IS NOT NULL");
            self.execute("invoice-app", &older) > 0
        };
        until("an outcome is unknown", unknown).await;
        self.post("invoice-app", &format!("/v1/billing-runs/{run}/pause"), json!({})).await;
        let back = 2 * HOUR * MICROS;
        let older =
            format!("UPDATE reconciled_windows SET from_at = from_at - {back}, to_at = to_at - {back}");
        assert!(self.execute("invoice-app", &older) > 0);
        run
    }

    pub(crate) async fn provider_answers_again(&mut self, run: i64) {
        self.service("payment-provider").resume();
        self.post("invoice-app", &format!("/v1/billing-runs/{run}/resume"), json!({})).await;
        self.run_ends(run).await;
    }

    pub(crate) async fn invoices_are_overdue(&self) {
        self.invoices(1).await;
        let due = Clock::system().now() - 3 * HOUR * MICROS;
        let older =
            format!("UPDATE invoices SET next_at = {due} WHERE state = 'PENDING' AND next_at IS NOT NULL");
        assert!(self.execute("invoice-app", &older) > 0);
    }
}
