//! `antaeusctl verify` finds what somebody broke, and nothing where all is well.

use antaeusctl::verify::verify;
use testkit::{Engine, Options, Stack, engines};

use crate::caller::post;
use crate::rows::execute;

/// What keeps the rows from being changed, taken away.
fn unguard(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "DROP TRIGGER charges_no_update; DROP TRIGGER charges_no_delete;
             DROP TRIGGER transfers_no_update; DROP TRIGGER transfers_no_delete"
        }
        Engine::Postgres => {
            "ALTER TABLE charges DISABLE TRIGGER charges_append_only;
             ALTER TABLE transfers DISABLE TRIGGER transfers_append_only"
        }
    }
}

async fn paid(engine: Engine) -> Stack {
    let rate = ("ACQUIRER_SUCCESS_RATE", "1".to_owned());
    let options = Options { data: Some("pleo-go"), provider: vec![rate], ..Options::default() };
    let stack = Stack::start(engine, options);
    assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
    let account = serde_json::json!({"customer": "c", "currency": "EUR"});
    assert_eq!(post(&stack, "/pp/rest/v1/accounts", account).await.0, 201);
    let deposit = serde_json::json!({"key": "d", "amount": 70, "currency": "EUR"});
    assert_eq!(post(&stack, "/pp/rest/v1/accounts/c/deposits", deposit).await.0, 200);
    stack
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_promise_is_found_and_named() {
    let wrongs: &[(&str, &str, &str)] = &[
        ("provider", "UPDATE transfers SET amount = amount + 1 WHERE kind = 'capture'", "I3"),
        ("provider", "UPDATE transfers SET currency = 'JPY' WHERE kind = 'capture'", "I4"),
        ("provider", "DELETE FROM transfers WHERE kind = 'capture'", "I3"),
        ("provider", "DELETE FROM transfers WHERE kind = 'deposit'", "I4"),
        ("provider", "DELETE FROM charges", "I4"),
        ("provider", "UPDATE wallets SET balance = balance + 1", "I4"),
        ("provider", "UPDATE wallets SET currency = 'JPY'", "I4"),
        (
            "provider",
            "INSERT INTO charges SELECT invoice || ':9', invoice, customer, amount, currency, method, 'declined', 'x', 1 FROM charges",
            "I5",
        ),
        ("invoices", "UPDATE invoices SET state = 'VOID', paid_at = NULL WHERE id = 1", "I3"),
        ("invoices", "DELETE FROM attempts WHERE invoice_id = 1", "I5"),
        (
            "invoices",
            "INSERT INTO attempts SELECT invoice_id, attempt + 1, run_id, started_at, ended_at, outcome, decline_code, next_at FROM attempts",
            "I5",
        ),
        (
            "invoices",
            "UPDATE attempts SET outcome = 'declined', decline_code = 'x' WHERE invoice_id = 1",
            "I5",
        ),
        (
            "invoices",
            "UPDATE invoices SET state = 'CHARGING', paid_at = NULL, next_at = 1 WHERE id = 1",
            "I5",
        ),
    ];
    for engine in engines() {
        for (name, sql, invariant) in wrongs {
            let stack = paid(engine).await;
            let report = verify(&stack.invoices_db, &stack.provider_db, true).unwrap();
            assert_eq!((report.findings, report.paid, report.captures), (vec![], 3, 3));
            if *name == "provider" {
                execute(&stack.provider_db, unguard(engine));
                execute(&stack.provider_db, sql);
            } else {
                execute(&stack.invoices_db, sql);
            }
            let found = verify(&stack.invoices_db, &stack.provider_db, true).unwrap().findings;
            assert!(
                found
                    .iter()
                    .any(|finding| finding.invariant == *invariant && finding.about != "charges, transfers"),
                "{sql}: {found:#?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_can_be_changed_is_a_finding_of_its_own() {
    for engine in engines() {
        let stack = paid(engine).await;
        execute(&stack.provider_db, unguard(engine));
        let found = verify(&stack.invoices_db, &stack.provider_db, true).unwrap().findings;
        assert_eq!(found.iter().map(|f| f.about.as_str()).collect::<Vec<_>>(), ["charges, transfers"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_whose_answer_is_still_to_come_is_in_flight_and_no_finding() {
    for engine in engines() {
        let stack = paid(engine).await;
        let open = "UPDATE invoices SET state = 'CHARGING', paid_at = NULL, next_at = 1 WHERE id = 1;
                    DELETE FROM attempts WHERE invoice_id = 1";
        execute(&stack.invoices_db, open);
        let report = verify(&stack.invoices_db, &stack.provider_db, false).unwrap();
        assert_eq!((report.findings, report.in_flight), (vec![], 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_api_alone_differences_are_found_as_well() {
    for engine in engines() {
        let stack = paid(engine).await;
        let ask = |settled: &[&str]| {
            let mut command = std::process::Command::new(proof::processes::binary("antaeusctl"));
            let output = command
                .args(["verify", "--api", "--url", &stack.invoices, "-o", "json"])
                .args(settled)
                .output()
                .unwrap();
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            (output.status.code().unwrap(), report)
        };
        let (code, report) = ask(&["--settled"]);
        assert_eq!((code, &report["paid"], &report["captures"]), (0, &3.into(), &3.into()), "{report}");
        execute(&stack.provider_db, unguard(engine));
        execute(&stack.provider_db, "DELETE FROM transfers WHERE amount = 1215");
        execute(&stack.provider_db, "UPDATE transfers SET amount = 7 WHERE amount = 1025");
        execute(&stack.invoices_db, "UPDATE invoices SET state = 'VOID', paid_at = NULL WHERE amount = 6613");
        let (code, report) = ask(&[]);
        let seen: Vec<&str> =
            report["findings"].as_array().unwrap().iter().map(|f| f["seen"].as_str().unwrap()).collect();
        assert_eq!((code, seen.len()), (1, 3), "{report}");
        for part in ["never captured", "captured {", "captured, and VOID"] {
            assert!(seen.iter().any(|seen| seen.contains(part)), "{part}: {report}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_reads_only_its_own_database_can_look_at_that() {
    for engine in engines() {
        let stack = paid(engine).await;
        let ask = |option: &str, url: &str| {
            let mut command = std::process::Command::new(proof::processes::binary("antaeusctl"));
            let output = command.env_clear().args(["verify", option, url, "-o", "json"]).output().unwrap();
            (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
        };
        let (invoices, provider) = (stack.invoices_db_url().to_owned(), stack.provider_db_url().to_owned());
        assert_eq!(ask("--invoices-url", &invoices).0, 0);
        assert_eq!(ask("--provider-url", &provider).0, 0);
        execute(&stack.provider_db, "UPDATE wallets SET balance = balance + 1");
        execute(&stack.invoices_db, "DELETE FROM attempts WHERE invoice_id = 1");
        for (option, url, invariant) in
            [("--invoices-url", &invoices, "I5"), ("--provider-url", &provider, "I4")]
        {
            let (code, report) = ask(option, url);
            assert!(code == 1 && report.contains(invariant), "{option}: {report}");
        }
    }
}
