use super::*;

fn parsed(text: &str, own_tls: bool) -> Result<(String, Option<LegacyPath>, bool), String> {
    Endpoint::parse(text, own_tls).map(|found| (found.base, found.legacy, found.tls))
}

#[test]
fn no_path_is_the_batch_api_and_each_known_path_a_legacy_provider() {
    let base = || "https://pay.example:8443".to_owned();
    assert_eq!(parsed("https://pay.example:8443", true), Ok((base(), None, true)));
    for path in LegacyPath::ALL {
        let text = format!("{}{}", base(), path.as_str());
        assert_eq!(parsed(&text, true), Ok((base(), Some(path), true)));
        let plain = format!("http://pay.example{}", path.as_str());
        assert_eq!(parsed(&plain, false), Ok(("http://pay.example".into(), Some(path), false)));
        for host in ["localhost:1", "127.0.0.1:1", "127.9.9.9", "[::1]:1"] {
            let here = format!("http://{host}{}", path.as_str());
            assert_eq!(parsed(&here, true), Ok((format!("http://{host}"), Some(path), false)));
        }
    }
    assert_eq!(parsed("http://pay.example", false), Ok(("http://pay.example".into(), None, false)));
}

#[test]
fn plain_http_goes_to_loopback_or_the_sidecar_only_and_batches_never_without_tls() {
    for host in
        ["pay.example", "localhost.example", "127.0.0.1.example", "127.0.0.1%2eexample", "10.0.0.1", "[::2]"]
    {
        let problem = parsed(&format!("http://{host}/payments/pay"), true).unwrap_err();
        assert_eq!(problem, "it must begin with https://, unless the host is loopback", "{host}");
    }
    assert_eq!(parsed("http://localhost:1", true).unwrap_err(), "it must begin with https://");
    for text in ["https://pay.example", "https://localhost/", "ftp://localhost/"] {
        assert_eq!(parsed(text, false).unwrap_err(), "it must begin with http://", "{text}");
    }
}

#[test]
fn what_is_no_host_or_no_known_path_is_refused() {
    for rest in [
        "",
        "/",
        "localhost:port",
        "localhost:99999/",
        "a@localhost/",
        "localhost?x",
        "localhost\\@b/",
        "a b/",
    ] {
        assert!(parsed(&format!("https://{rest}"), true).unwrap_err().contains("host and port"), "{rest}");
    }
    for path in ["/path", "//", "/payments/pay/", "/payments/pay?x", "/pp/rest/v1/charges", "/./"] {
        let problem = parsed(&format!("https://localhost{path}"), true).unwrap_err();
        assert!(problem.contains("scheme, host and port only"), "{path}: {problem}");
    }
}
