//! `keys rotate`: a new signing key without a moment in which a good token is refused. Whoever verifies must know the
//! new key before anybody signs with it, and the old one for as long as a token of it lives.
//!
//! The files alone say how far a rotation is: `next.pem` is there from `publish` to `switch`, and jwks.json holds more
//! than the key in use until `retire`. There is one private key at any time, two between the first steps; the old one
//! is gone with `switch`.

mod folder;

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gate::keys::PublicJwk;
use gate::token::{LEEWAY, api_key, charge};

use super::{DAY, KeysError, publish};
use crate::files;
use folder::{Folder, State};

/// Who signs; its name is that of its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Issuer {
    /// invoice-app, each request to the payment provider.
    Charge,
    /// The operator, API keys.
    Operator,
    /// invoice-app, each delivery of its events.
    #[value(name = "event/invoice-app")]
    InvoiceAppEvents,
    /// users, each delivery of its events.
    #[value(name = "event/users")]
    UsersEvents,
    /// orders, each delivery of its events.
    #[value(name = "event/orders")]
    OrdersEvents,
}

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Make the next key and let everybody know its public half.
    Publish,
    /// Sign with it.
    Switch,
    /// Forget the old one.
    Retire,
}

/// The arguments of `keys rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    /// Where the folders of `keys init` are.
    #[arg(long)]
    pub dir: PathBuf,
    /// Whose key.
    #[arg(long)]
    pub issuer: Issuer,
    /// Which step; each may be repeated.
    #[arg(long)]
    pub step: Step,
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Charge => "charge",
            Self::Operator => "operator",
            Self::InvoiceAppEvents => "event/invoice-app",
            Self::UsersEvents => "event/users",
            Self::OrdersEvents => "event/orders",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish => "publish",
            Self::Switch => "switch",
            Self::Retire => "retire",
        })
    }
}

pub(super) fn rotate(arguments: &Rotate, out: &mut dyn Write) -> Result<(), KeysError> {
    let folder = Folder::read(&arguments.dir.join(arguments.issuer.to_string()))?;
    let refused = |state, next| {
        let (issuer, dir) = (arguments.issuer, arguments.dir.clone());
        Err(KeysError::OutOfOrder { issuer, state, next, dir })
    };
    match (arguments.step, folder.state()?) {
        (Step::Publish, State::Steady) => folder.publish(&folder.new_key()?)?,
        (Step::Publish, State::Next { key, .. }) => folder.publish(&key)?,
        (Step::Publish, State::Switched) => {
            return refused("the last rotation is not finished", Step::Retire);
        }
        (Step::Switch, State::Next { published: true, .. }) => files::rename(&folder.next, &folder.private)?,
        (Step::Switch | Step::Retire, State::Next { published: false, .. }) => {
            return refused("the next key is not in jwks.json yet", Step::Publish);
        }
        (Step::Retire, State::Next { .. }) => return refused("the next key is not in use yet", Step::Switch),
        (Step::Switch, State::Steady) => return refused("there is no next key", Step::Publish),
        (Step::Retire, State::Switched) => publish(&folder.jwks, [folder.current.public_jwk()])?,
        (Step::Switch, State::Switched) | (Step::Retire, State::Steady) => {}
    }
    let folder = Folder::read(&arguments.dir.join(arguments.issuer.to_string()))?;
    let kids: Vec<&str> = folder.public.iter().map(PublicJwk::kid).collect();
    writeln!(
        out,
        "{}: signed with {}, accepted {}",
        arguments.issuer,
        folder.current.kid(),
        kids.join(", ")
    )?;
    writeln!(out, "{}", advice(arguments.issuer, arguments.step))?;
    Ok(())
}

fn advice(issuer: Issuer, step: Step) -> String {
    let (reader, token, life) = match issuer {
        Issuer::Charge => {
            ("payment-provider", "signed request", format!("{} seconds", charge::MAX_LIFETIME + LEEWAY))
        }
        Issuer::InvoiceAppEvents | Issuer::UsersEvents | Issuer::OrdersEvents => (
            "every service that hears its events",
            "signed delivery",
            format!("{} seconds", charge::MAX_LIFETIME + LEEWAY),
        ),
        Issuer::Operator => {
            ("every service", "API key", format!("up to {} days", api_key::MAX_LIFETIME / DAY))
        }
    };
    match step {
        Step::Publish => format!(
            "give jwks.json to {reader} if it reads a copy, wait for its identity_reloads_total (RELOAD_MS, 5 seconds \
             unless set), then: --step switch"
        ),
        Step::Switch => format!(
            "the old private key is gone; wait until no {token} of it is alive ({life}) or issue those anew, \
             then: --step retire"
        ),
        Step::Retire => {
            format!("give jwks.json to {reader} if it reads a copy; what the old key signed is refused")
        }
    }
}
