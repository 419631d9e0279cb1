//! Accounts that our customers keep with the payment provider.

use contracts::account::{ACCOUNTS_PATH, Account, Deposit, DepositResult, Entries, OpenAccount};
use contracts::problem::Document;
use contracts::{Currency, Money};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer::{CallError, answer, not_understood, problem};
use super::batch::Batch;
use super::provider::Provider;

/// Why an account did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The customer has none.
    #[error("the customer has no account")]
    None,
    /// The provider refuses it as it is; its own words.
    #[error("the payment provider refuses: {}", said(.0))]
    Refused(Box<Document>),
    /// The provider is a legacy one, which keeps no accounts.
    #[error("the payment provider is a legacy one, which keeps no accounts")]
    Legacy,
    /// It may or may not have been done: the same once more does it once.
    #[error("{0}")]
    Call(String),
}

fn said(document: &Document) -> String {
    let errors = document.errors.iter().map(|error| format!("{}: {}", error.field, error.message));
    errors.chain(document.detail.clone()).chain([document.title.clone()]).next().unwrap_or_default()
}

impl From<CallError> for AccountError {
    fn from(error: CallError) -> Self {
        Self::Call(error.to_string())
    }
}

impl Provider {
    /// Opens an account; the same once more changes nothing.
    pub async fn open_account(&self, customer: &str, currency: Currency) -> Result<(), AccountError> {
        let open = OpenAccount { customer: customer.to_owned(), currency };
        let _: Account = self.accounts()?.tell(ACCOUNTS_PATH, &open).await?;
        Ok(())
    }

    /// An account as it stands.
    pub async fn account(&self, customer: &str) -> Result<Account, AccountError> {
        self.accounts()?.look(&format!("{ACCOUNTS_PATH}/{customer}")).await
    }

    /// The next entries of an account, in the order of time.
    pub async fn entries(
        &self,
        customer: &str,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Entries, AccountError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string());
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        self.accounts()?.look(&format!("{ACCOUNTS_PATH}/{customer}/entries?{}", query.finish())).await
    }

    /// Adds money to an account, once per key.
    pub async fn deposit(
        &self,
        customer: &str,
        key: String,
        amount: Money,
    ) -> Result<DepositResult, AccountError> {
        let deposit = Deposit { key, amount: amount.minor, currency: amount.currency };
        self.accounts()?.tell(&format!("{ACCOUNTS_PATH}/{customer}/deposits"), &deposit).await
    }

    fn accounts(&self) -> Result<&Batch, AccountError> {
        match self {
            Self::Batch(batch) => Ok(batch),
            Self::Legacy(_) => Err(AccountError::Legacy),
        }
    }
}

impl Batch {
    async fn look<T: DeserializeOwned>(&self, path: &str) -> Result<T, AccountError> {
        read(self.ask(Method::GET, path, Vec::new()).await?).await
    }

    async fn tell<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, AccountError> {
        let body = serde_json::to_vec(body).map_err(|e| AccountError::Call(e.to_string()))?;
        read(self.ask(Method::POST, path, body).await?).await
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, AccountError> {
    let status = response.status();
    let body = answer(response).await?;
    match (status, problem(&body)) {
        (StatusCode::OK | StatusCode::CREATED, _) => {
            Ok(serde_json::from_slice(&body).map_err(|e| not_understood(&e))?)
        }
        (StatusCode::NOT_FOUND, Some(_)) => Err(AccountError::None),
        (
            StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY,
            Some(document),
        ) => Err(AccountError::Refused(Box::new(document))),
        (status, _) => Err(AccountError::Call(format!("the payment provider answers {status}"))),
    }
}
