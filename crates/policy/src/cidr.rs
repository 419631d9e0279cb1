//! Ranges of addresses.

use std::net::IpAddr;

use crate::object::IpBlock;

/// A range of addresses of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    bits: u32,
}

impl Cidr {
    /// From `address/bits`, or one address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Self { address, bits })
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(range), IpAddr::V4(address)) => {
                same(u128::from(u32::from(range)), u128::from(u32::from(address)), 32 - self.bits)
            }
            (IpAddr::V6(range), IpAddr::V6(address)) => same(range.into(), address.into(), 128 - self.bits),
            _ => false,
        }
    }
}

fn same(a: u128, b: u128, ignored: u32) -> bool {
    let keep = |bits: u128| bits.checked_shr(ignored).unwrap_or_default();
    keep(a) == keep(b)
}

impl IpBlock {
    /// Whether an address is meant.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let inside = |text: &String| Cidr::parse(text).is_some_and(|range| range.contains(address));
        inside(&self.cidr) && !self.except.iter().any(inside)
    }

    /// Whether it can be read, and its exceptions lie inside.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let Some(range) = Cidr::parse(&self.cidr) else { return false };
        let mut except = self.except.iter().map(|text| Cidr::parse(text));
        self.cidr.contains('/') && except.all(|hole| hole.is_some_and(|hole| range.contains(hole.address)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_range_by_its_first_bits() {
        for (range, address, expected) in [
            ("192.0.2.1/32", "192.0.2.1", true),
            ("192.0.2.1/32", "192.0.2.2", false),
            ("10.0.0.0/8", "10.244.7.7", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("::/0", "203.0.113.7", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ] {
            let range = Cidr::parse(range).unwrap();
            assert_eq!(range.contains(address.parse().unwrap()), expected, "{range:?} {address}");
        }
        assert!(Cidr::parse("10.0.0.0/33").is_none() && Cidr::parse("example").is_none());
    }

    #[test]
    fn an_exception_is_a_hole_in_its_range() {
        let block = IpBlock { cidr: "10.0.0.0/8".into(), except: vec!["10.244.0.0/16".into()] };
        assert!(block.is_valid() && block.contains("10.1.1.1".parse().unwrap()));
        assert!(!block.contains("10.244.7.7".parse().unwrap()));
        assert!(!IpBlock { cidr: "10.0.0.0/8".into(), except: vec!["11.0.0.0/16".into()] }.is_valid());
        assert!(!IpBlock { cidr: "10.0.0.0".into(), except: vec![] }.is_valid());
    }
}
