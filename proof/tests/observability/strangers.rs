//! Callers who are turned away: at the provider and at every public API, for several reasons.

use contracts::charge::CHARGES_PATH;
use service::Clock;
use testkit::client::{signer, with_certificate};

use crate::stage::Stage;

const DAY: i64 = 86_400;
/// More than one a second within five minutes.
const MANY: usize = 330;

impl Stage {
    pub(crate) async fn strangers_call(&self) {
        self.at_the_provider().await;
        let now = Clock::system().seconds();
        let ended = self.issue("team:observability", "users:read,orders:read", 1, now - 2 * DAY);
        let narrow = self.issue("team:observability", "charge:compat", 9, now);
        for (at, path) in [
            ("users", "/v1/users"),
            ("orders", "/v1/orders"),
            ("notifications", "/v1/notifications"),
            ("invoice-app", "/v1/invoices"),
        ] {
            for (key, status) in [("", 401), ("no.good.key", 401), (&*ended, 401), (&*narrow, 403)] {
                assert_eq!(self.refused(at, path, key).await, status, "{at}: {key:?}");
            }
        }
        for _ in 0..MANY {
            assert_eq!(self.refused("users", "/v1/users", "").await, 401);
        }
    }

    pub(crate) async fn refused(&self, at: &str, path: &str, key: &str) -> u16 {
        let mut request = self.http.get(format!("{}{path}", self.url(at)));
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        request.send().await.expect("an answer").status().as_u16()
    }

    /// The right peer without a token and with that of another request; another service with the right token.
    pub(crate) async fn at_the_provider(&self) {
        let url = format!("{}{CHARGES_PATH}", self.url("payment-provider"));
        let token = signer(&self.home).sign("GET", CHARGES_PATH, b"", Clock::system().seconds());
        let token = token.expect("a token");
        let (ours, theirs) = ("pki/invoice-app", "pki/orders");
        for (who, shown, status) in
            [(ours, "", 401), (ours, "x", 401), (ours, &*token, 401), (theirs, &*token, 403)]
        {
            let request = with_certificate(&self.home.path(who)).post(&url).body("{}");
            let request = if shown.is_empty() { request } else { request.bearer_auth(shown) };
            assert_eq!(
                request.send().await.expect("an answer").status().as_u16(),
                status,
                "{who}: {shown:?}"
            );
        }
    }
}
