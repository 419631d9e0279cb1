//! An order on its way is counted by each service that it passes.

use proof::scraped::sum;
use testkit::{Shop, engines};

use crate::saga::{ended, ordered, rich, until};

async fn counts(shop: &Shop, admin: &str, name: &str, labels: &[(&str, &str)]) -> u64 {
    let answer = shop.stack.http.get(format!("{admin}/metrics")).send().await.unwrap();
    sum(&answer.text().await.unwrap(), name, labels)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_counts_what_it_did_for_an_order_once() {
    for engine in engines() {
        let shop = Shop::open(engine, vec![]);
        let (user, _) = rich(&shop, 10).await;
        for euros in [7, 70] {
            ended(&shop, &ordered(&shop, &user, euros).await).await;
        }
        assert_eq!(counts(&shop, &shop.users.admin, "users_registered_total", &[]).await, 1);
        let states = [("placed", 2), ("cancelling", 0), ("confirmed", 1), ("rejected", 1), ("cancelled", 0)];
        for (state, wanted) in states {
            assert_eq!(
                counts(&shop, &shop.orders.admin, "orders_total", &[("state", state)]).await,
                wanted,
                "{state}"
            );
        }
        let charges = [("captured", "none"), ("declined", "soft")];
        for (outcome, kind) in charges {
            let labels = [("outcome", outcome), ("kind", kind)];
            assert_eq!(
                counts(&shop, &shop.stack.invoices_admin, "invoice_charges_total", &labels).await,
                1,
                "{outcome}"
            );
        }
        let captured = "provider_captured_amount_total";
        assert_eq!(counts(&shop, &shop.stack.provider_admin, captured, &[("currency", "EUR")]).await, 700);
        let sent = [("outcome", "sent")];
        let both = async || counts(&shop, &shop.notifications.admin, "notifications_total", &sent).await >= 2;
        until("both e-mails are sent", both).await;
        let told = [("peer", "notifications"), ("outcome", "answered")];
        assert!(
            counts(&shop, &shop.orders.admin, "http_client_request_duration_seconds_count", &told).await > 0
        );
    }
}
