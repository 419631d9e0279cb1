//! The way to the collector.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{LogExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::LogExporter as _;
use opentelemetry_sdk::trace::SpanExporter as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::settings::Collector;
use crate::settings::ConfigError;

/// Longest wait for the collector.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Who sends spans, and who sends log lines.
pub(super) fn exporters(
    collector: &Collector,
    resource: &Resource,
) -> Result<(SpanExporter, LogExporter), ConfigError> {
    let client = client(collector)?;
    let traces = SpanExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", collector.base))
        .with_timeout(TIMEOUT);
    let logs = LogExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/logs", collector.base))
        .with_timeout(TIMEOUT);
    let mut traces = traces.build().map_err(ConfigError::internal)?;
    let mut logs = logs.build().map_err(ConfigError::internal)?;
    traces.set_resource(resource);
    logs.set_resource(resource);
    Ok((traces, logs))
}

fn client(collector: &Collector) -> Result<reqwest::Client, ConfigError> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(collector)?)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(50))
        .build();
    client.map_err(ConfigError::internal)
}

/// One CA is trusted, and no other; none where the way is in the clear.
fn tls(collector: &Collector) -> Result<ClientConfig, ConfigError> {
    let mut roots = RootCertStore::empty();
    if let Some(ca) = &collector.ca {
        let bad = |problem: String| {
            ConfigError::new(format!(
                "OTEL_EXPORTER_OTLP_CERTIFICATE={} cannot be used: {problem}",
                ca.display()
            ))
        };
        let certificates = CertificateDer::pem_file_iter(ca).map_err(|e| bad(e.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|e| bad(e.to_string()))?;
            roots.add(certificate).map_err(|e| bad(e.to_string()))?;
        }
        if roots.is_empty() {
            return Err(bad("it holds no certificate".into()));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(ConfigError::internal)?.with_root_certificates(roots);
    Ok(config.with_no_client_auth())
}
