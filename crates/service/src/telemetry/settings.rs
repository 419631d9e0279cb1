//! What is exported, and where to.

use std::path::PathBuf;

use crate::settings::{ConfigError, Var, Vars};

const ENDPOINT: Var = Var::unset(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "where traces and logs go, by OTLP over HTTP, such as `http://127.0.0.1:4318` or `https://host:port`; when not set, nothing is exported",
);
const CA: Var = Var::unset(
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "certificates (PEM) of the CA of the collector, for `https`",
);
const RATIO: Var = Var::new(
    "OTEL_TRACES_SAMPLER_ARG",
    "0.1",
    "share of the traces that begin here which is recorded, 0 to 1; of what began elsewhere, that is recorded which is recorded there",
);
const ATTRIBUTES: Var = Var::unset(
    "OTEL_RESOURCE_ATTRIBUTES",
    "what else traces and logs say of this process, as `name=value,name=value` with `%20` for a space",
);

/// The variables that [`Settings::read`] reads, for the tables.
pub const VARS: [Var; 4] = [ENDPOINT, CA, RATIO, ATTRIBUTES];

/// What is exported, and where to.
#[derive(Debug)]
pub struct Settings {
    /// Who collects, if anybody does.
    pub collector: Option<Collector>,
    /// Share of the traces that are recorded.
    pub ratio: f64,
    /// What is said of this process besides what we know ourselves.
    pub attributes: Vec<(String, String)>,
}

/// Who collects.
#[derive(Debug)]
pub struct Collector {
    /// Scheme, host and port, and a path if there is one; no slash at its end.
    pub base: String,
    /// Whose certificate it shows; none: in the clear.
    pub ca: Option<PathBuf>,
}

impl Settings {
    /// Reads and checks them.
    pub fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let (ca, ratio): (_, f64) = (vars.optional(&CA)?, vars.required(&RATIO)?);
        if !(0.0..=1.0).contains(&ratio) {
            return Err(ConfigError::bad(&RATIO, &ratio.to_string(), "it must be from 0 to 1"));
        }
        let collector = vars.text(&ENDPOINT).map(|url| collector(&url, ca)).transpose()?;
        let attributes = vars.text(&ATTRIBUTES).map(|text| attributes(&text)).transpose()?;
        Ok(Self { collector, ratio, attributes: attributes.unwrap_or_default() })
    }
}

fn collector(text: &str, ca: Option<PathBuf>) -> Result<Collector, ConfigError> {
    // The value is not repeated: somebody may have put a password into it.
    let bad = |problem: &str| ConfigError::bad(&ENDPOINT, "...", problem);
    let url = reqwest::Url::parse(text).map_err(|e| bad(&e.to_string()))?;
    let ca = match url.scheme() {
        "http" => None,
        "https" => Some(ca.ok_or_else(|| ConfigError::new(format!("set {}: {}", CA.name, CA.meaning)))?),
        _ => return Err(bad("it must begin with http:// or https://")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("leave user and password out"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("give nothing behind the path"));
    }
    Ok(Collector { base: url.as_str().trim_end_matches('/').to_owned(), ca })
}

fn attributes(text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let read = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((name.trim().to_owned(), value.into_owned()))
    };
    let bad = |pair: &str| ConfigError::bad(&ATTRIBUTES, pair, "give name=value");
    pairs.map(|pair| read(pair).ok_or_else(|| bad(pair))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(&Vars::fixed(pairs.iter().copied())).map_err(|e| e.to_string())
    }

    #[test]
    fn nothing_is_exported_unless_somebody_says_where_to() {
        let settings = read(&[]).unwrap();
        assert!(settings.collector.is_none() && settings.attributes.is_empty());
        assert!((settings.ratio - 0.1).abs() < f64::EPSILON);
    }

    #[test]
    fn a_collector_is_a_url_without_a_user() {
        let base = |url: &str| {
            let found =
                read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url), ("OTEL_EXPORTER_OTLP_CERTIFICATE", "ca")]);
            found.map(|settings| settings.collector.unwrap().base)
        };
        assert_eq!(base("http://127.0.0.1:4318/").unwrap(), "http://127.0.0.1:4318");
        assert_eq!(base("https://collector:4318/otlp").unwrap(), "https://collector:4318/otlp");
        for url in ["127.0.0.1:4318", "grpc://host:4317", "http://me:guess@host", "http://host?a=b"] {
            let error = base(url).unwrap_err();
            assert!(error.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && !error.contains("guess"), "{error}");
        }
        let error = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://host")]).unwrap_err();
        assert!(error.contains("set OTEL_EXPORTER_OTLP_CERTIFICATE"), "{error}");
    }

    #[test]
    fn a_share_is_from_0_to_1_and_an_attribute_has_a_name() {
        for ratio in ["-0.1", "1.1", "NaN", "all"] {
            assert!(read(&[("OTEL_TRACES_SAMPLER_ARG", ratio)]).is_err(), "{ratio}");
        }
        let found =
            read(&[("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=a-1, place=K%C3%B6ln%20Mitte,")]).unwrap();
        let wanted = [("k8s.pod.name", "a-1"), ("place", "Köln Mitte")];
        let wanted: Vec<_> = wanted.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        assert_eq!(found.attributes, wanted);
        assert!(read(&[("OTEL_RESOURCE_ATTRIBUTES", "alone")]).is_err());
    }
}
