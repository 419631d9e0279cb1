//! The retry policy, from a table that people write.

use std::path::PathBuf;
use std::sync::Arc;

use service::settings::read;
use service::{ConfigError, Var, Vars};

use crate::domain::policy::RetryPolicy;

pub(super) const FILE: Var = Var::unset(
    "RETRY_POLICY_FILE",
    "when an invoice is tried again, per kind of failure, as TOML like retry-policy.toml, which holds when it is not set",
);

/// The policy for runs that begin from now on.
pub(super) fn policy(vars: &Vars) -> Result<Arc<RetryPolicy>, ConfigError> {
    let Some(path) = vars.optional::<PathBuf>(&FILE)? else { return Ok(Arc::new(RetryPolicy::standard())) };
    let shown = path.display().to_string();
    let policy = parse(&read(&FILE, &path)?).map_err(|why| ConfigError::bad(&FILE, &shown, why))?;
    Ok(Arc::new(policy))
}

fn parse(text: &str) -> Result<RetryPolicy, String> {
    // The first line says what is wrong; the ones after it show where, and the answer is one sentence.
    let one_line = |e: toml::de::Error| {
        let line = e.span().map_or(0, |span| text[..span.start].lines().count());
        format!("line {line}: {}", e.message())
    };
    let policy: RetryPolicy = toml::from_str(text).map_err(one_line)?;
    policy.fault().map_or(Ok(policy.clone()), |fault| Err(fault.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_is_shown_is_the_one_that_holds() {
        let shown = include_str!("../../retry-policy.toml");
        assert_eq!(parse(shown), Ok(RetryPolicy::standard()));
    }

    #[test]
    fn a_mistake_is_named() {
        let shown = include_str!("../../retry-policy.toml");
        let misspelt = parse(&shown.replace("morning", "evening"));
        assert!(misspelt.clone().is_err_and(|why| why.contains("evening")), "{misspelt:?}");
        let empty = parse(&shown.replace("[1, 3, 5, 7]", "[]"));
        assert!(empty.is_err_and(|why| why.contains("wait_days")));
    }
}
