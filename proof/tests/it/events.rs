//! What is written down to be told: one event of each verdict, together with it.

use serde_json::json;
use testkit::{Options, Stack, engines};

use crate::rows::{execute, number};
use crate::runs::{self, count, ended, invoices, run, start, until};

const EVENTS: (&str, &str) = ("EVENTS", "outbox");
const ALL: &str = "SELECT COUNT(*) AS n FROM outbox";

#[tokio::test(flavor = "multi_thread")]
async fn one_event_is_written_of_each_verdict() {
    for engine in engines() {
        let stack = runs::with(engine, "large:200", "0.5", &[EVENTS]);
        let first = run(&stack, "due").await;
        run(&stack, "retryable").await;
        let verdicts = number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM attempts");
        assert_eq!(verdicts, 200 + count(&first, "declined"));
        assert_eq!(number(&stack.invoices_db, ALL), verdicts);
        // The same moment, invoice and attempt: written by the statement beside the verdict's.
        let alike = "SELECT COUNT(*) AS n FROM outbox o JOIN invoices i ON i.uid = o.subject
             JOIN attempts a ON a.invoice_id = i.id AND a.ended_at = o.created_at
             WHERE o.data LIKE '%\"attempt\":' || a.attempt || ',%' || COALESCE(a.decline_code, '') || '%'
                 OR o.data LIKE '%\"attempt\":' || a.attempt || '}'";
        assert_eq!(number(&stack.invoices_db, alike), verdicts);
        for (kind, outcome) in [("invoice.paid.v1", "captured"), ("invoice.declined.v1", "declined")] {
            let told = format!("SELECT COUNT(*) AS n FROM outbox WHERE kind = '{kind}'");
            let was = format!("SELECT COUNT(*) AS n FROM attempts WHERE outcome = '{outcome}'");
            assert_eq!(number(&stack.invoices_db, &told), number(&stack.invoices_db, &was), "{kind}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_aside_is_told_with_its_reason() {
    for engine in engines() {
        let provider = vec![
            ("ACQUIRER_SUCCESS_RATE", "0".to_owned()),
            ("ACQUIRER_DECLINES", "stolen_card=1".to_owned()),
        ];
        let invoice_app = vec![(EVENTS.0, EVENTS.1.to_owned())];
        let stack = Stack::start(engine, Options { provider, invoice_app, ..Options::default() });
        let customer = runs::customer(&stack, json!({"currency": "EUR"})).await;
        run(&stack, "due").await;
        let told = format!(
            "{ALL} WHERE kind = 'invoice.uncollectible.v1' AND data LIKE '%\"reason\":\"stolen_card\"%'
                 AND data LIKE '%\"number\":1,%' AND data LIKE '%\"value\":9.99%' AND data LIKE '%{}%'",
            customer["uid"].as_str().unwrap()
        );
        assert_eq!((number(&stack.invoices_db, &told), number(&stack.invoices_db, ALL)), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_unless_it_is_wanted() {
    for engine in engines() {
        let stack = runs::stack(engine, "demo", "0.5");
        run(&stack, "due").await;
        assert_eq!(number(&stack.invoices_db, ALL), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_that_cannot_be_told_is_not_written_either() {
    for engine in engines() {
        let stack = runs::with(engine, "pleo-go", "1", &[EVENTS, ("PROVIDER_TIMEOUT_MS", "400")]);
        execute(&stack.invoices_db, "ALTER TABLE outbox RENAME TO away");
        let id = start(&stack, json!({"scope": "due"})).await;
        let charged = "SELECT COUNT(*) AS n FROM charges";
        until("the money is taken", || number(&stack.provider_db, charged) == 3).await;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(invoices(&stack, "state = 'CHARGING' AND attempt = 1"), 3, "no verdict without its event");
        assert_eq!(number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM attempts"), 0);
        execute(&stack.invoices_db, "ALTER TABLE away RENAME TO outbox");
        assert_eq!(count(&ended(&stack, id).await, "captured"), 3);
        assert_eq!(
            (number(&stack.invoices_db, ALL), invoices(&stack, "state = 'PAID' AND attempt = 1")),
            (3, 3)
        );
    }
}
