//! All five services in this process, telling each other what happens.

use crate::broker::Broker;
use crate::commerce::Variables;
use crate::ports::free_port;
use crate::{Engine, Home, Options, Serving, Stack, Team};

/// Ports on which events are received.
#[derive(Debug, Clone, Copy)]
pub struct EventPorts {
    invoice_app: u16,
    orders: u16,
    notifications: u16,
}

impl Default for EventPorts {
    fn default() -> Self {
        Self { invoice_app: free_port(), orders: free_port(), notifications: free_port() }
    }
}

impl EventPorts {
    fn of(self, name: &str) -> Option<u16> {
        match name {
            "invoice-app" => Some(self.invoice_app),
            "orders" => Some(self.orders),
            "notifications" => Some(self.notifications),
            _ => None,
        }
    }

    /// Variables of a service that tells `receivers`, and hears whom its schema of events says.
    #[must_use]
    pub fn vars(self, home: &Home, name: &str, receivers: &[&str]) -> Variables {
        let mut vars = Variables::new();
        let target =
            |receiver: &&str| self.of(receiver).map(|port| format!("{receiver}=https://localhost:{port}"));
        let to: Vec<String> = receivers.iter().filter_map(target).collect();
        if !to.is_empty() {
            vars.push(("EVENTS_TO", to.join(",")));
            vars.push(("EVENT_KEY_FILE", home.text(&format!("keys/event/{name}/private.pem"))));
        }
        if let Some(port) = self.of(name) {
            vars.push(("EVENTS_LISTEN", format!("127.0.0.1:{port}")));
            vars.push(("EVENT_JWKS_DIR", home.text("keys/event")));
        }
        vars
    }
}

/// Running services.
pub struct Shop {
    /// invoice-app and the payment provider; certificates and keys of all.
    pub stack: Stack,
    /// Who registers.
    pub users: Serving,
    /// What is ordered.
    pub orders: Serving,
    /// What users are told.
    pub notifications: Serving,
}

impl Shop {
    /// Starts all five; `more` are further variables of invoice-app.
    #[must_use]
    pub fn open(engine: Engine, more: Variables) -> Self {
        let (home, ports) = (Home::new(), EventPorts::default());
        let mut invoice_app = ports.vars(&home, "invoice-app", &["orders", "notifications"]);
        invoice_app.extend(more);
        let stack = Stack::start_in(home, engine, Options { invoice_app, ..Options::default() });
        let [users, orders, notifications] = commerce(&stack.home, engine, ports, &["invoice-app"]);
        Self { stack, users, orders, notifications }
    }

    /// The same with a broker between them.
    #[must_use]
    pub fn over(broker: &Broker, engine: Engine) -> Self {
        let invoice_app = broker.vars("invoice-app");
        let stack = Stack::start(engine, Options { invoice_app, ..Options::default() });
        let teams = [Team::Users, Team::Orders, Team::Notifications];
        let start = |team: Team| team.start(&stack.home, engine, broker.vars(team.name()));
        let [users, orders, notifications] = teams.map(start);
        Self { stack, users, orders, notifications }
    }
}

/// Users, orders and notifications alone; users and orders tell notifications, and `also`.
#[must_use]
pub fn commerce(home: &Home, engine: Engine, ports: EventPorts, also: &[&str]) -> [Serving; 3] {
    let receivers: Vec<&str> = also.iter().copied().chain(["notifications"]).collect();
    [Team::Users, Team::Orders, Team::Notifications].map(|team| {
        let told: &[&str] = if team == Team::Notifications { &[] } else { &receivers };
        team.start(home, engine, ports.vars(home, team.name(), told))
    })
}
