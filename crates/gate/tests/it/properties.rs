//! What holds for any text, and for any change to a good one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate::token::{Scope, Subject, bearer_text};
use gate::{Peer, SpiffeId};
use proptest::prelude::*;

use crate::forge::{CALLER, good_claims, good_header, good_token, judge, signed};

fn label() -> impl Strategy<Value = String> {
    "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?"
}

proptest! {
    #[test]
    fn an_identity_is_written_as_it_was_read(domain in label(), namespace in label(), account in label()) {
        let text = format!("spiffe://{domain}/ns/{namespace}/sa/{account}");
        let id: SpiffeId = text.parse().unwrap();
        prop_assert_eq!(id.to_string(), text.as_str());
        prop_assert_eq!((id.trust_domain(), id.namespace(), id.service_account()), (&*domain, &*namespace, &*account));
    }

    #[test]
    fn no_other_text_is_an_identity(text in "\\PC{0,60}|spiffe://[ -~]{0,60}") {
        if let Ok(id) = text.parse::<SpiffeId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn nothing_before_the_sidecars_element_changes_who_is_calling(before in "\\PC{0,80}") {
        let line = format!("{before},By=spiffe://x/ns/a/sa/b;URI={CALLER}");
        if let Ok(peer) = Peer::from_xfcc(&line, true) {
            prop_assert_eq!(peer.id.to_string(), CALLER);
        }
        prop_assert!(Peer::from_xfcc(&line, false).is_err());
    }

    #[test]
    fn no_text_is_a_good_token(text in "\\PC{0,200}|[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,90}") {
        prop_assert!(judge(&text).is_err());
    }

    #[test]
    fn no_changed_byte_of_a_good_token_passes(at in any::<prop::sample::Index>(), byte in 0x21..0x7f_u8) {
        let good = good_token();
        let mut token = good.clone().into_bytes();
        let at = at.index(token.len());
        prop_assume!(token[at] != byte);
        token[at] = byte;
        prop_assert!(judge(std::str::from_utf8(&token).unwrap()).is_err());
    }

    #[test]
    fn no_signed_claim_of_another_kind_passes(name in "[a-z]{1,8}", value in "\\PC{0,20}") {
        let mut claims = good_claims();
        prop_assume!(claims.get(&name).is_none());
        claims[name] = value.into();
        prop_assert!(judge(&signed(good_header(), claims)).is_err());
    }

    #[test]
    fn any_bytes_signed_by_the_right_key_are_judged_without_a_panic(header in any::<Vec<u8>>(), claims in any::<Vec<u8>>()) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        prop_assert!(judge(&signed(text(&header), text(&claims))).is_err());
        let raw = format!("{}.{}.", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&claims));
        prop_assert!(judge(&raw).is_err());
    }

    #[test]
    fn words_are_written_as_they_were_read(word in "\\PC{0,30}|(team|user):[a-z0-9._-]{0,70}") {
        if let Ok(subject) = word.parse::<Subject>() {
            prop_assert_eq!(subject.to_string(), word.as_str());
        }
        if let Ok(scope) = word.parse::<Scope>() {
            prop_assert_eq!(scope.as_str(), word);
        }
    }

    #[test]
    fn a_bearer_line_gives_what_stands_behind_the_scheme(token in "[!-~]{1,60}", scheme in "(B|b)(E|e)arer ") {
        let line = format!("{scheme}{token}");
        prop_assert_eq!(bearer_text([line.as_bytes()]), Ok(token.as_str()));
        prop_assert!(bearer_text([line.as_bytes(), line.as_bytes()]).is_err());
    }
}
