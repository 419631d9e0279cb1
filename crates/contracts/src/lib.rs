//! Wire types shared between the services: money, the charge API, accounts, events, problem documents.

pub mod account;
pub mod capture;
pub mod charge;
mod currency;
pub mod event;
mod iso4217;
mod locale;
mod money;
pub mod problem;

pub use currency::{Currency, UnknownCurrency};
pub use locale::{Locale, UnknownLocale};
pub use money::{Amount, Decimal, Money, MoneyError};
