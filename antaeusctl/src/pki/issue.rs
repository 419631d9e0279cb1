//! What stands in the certificates.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use gate::SpiffeId;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType,
};

use super::{Role, Service};

/// Certificates begin a little in the past, for clocks that run behind.
const CLOCK_SLACK: i64 = 300;

pub(super) fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(super) fn leaf_params(service: &Service, id: &SpiffeId) -> Result<CertificateParams, rcgen::Error> {
    let Service { name, namespace, role, .. } = service;
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if *role == Role::ServerAndClient {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    }
    params.subject_alt_names = vec![
        SanType::URI(id.to_string().try_into()?),
        SanType::DnsName("localhost".try_into()?),
        SanType::DnsName((*name).try_into()?),
        SanType::DnsName(format!("{name}.{namespace}.svc.cluster.local").try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    ];
    Ok(params)
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

pub(super) fn last(params: &mut CertificateParams, now: i64, lifetime: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_1970(now - CLOCK_SLACK);
    params.not_after = epoch + since_1970(now + lifetime);
}

pub(super) fn since_1970(seconds: i64) -> Duration {
    Duration::from_secs(seconds.try_into().unwrap_or(0))
}
