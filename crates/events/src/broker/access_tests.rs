use super::*;

fn read_url(url: &str) -> Result<Option<Access>, ConfigError> {
    open(url).map(|access| access.map(|(access, _)| access))
}

/// The way, and what a connection over it is opened with.
fn open(url: &str) -> Result<Option<(Access, Door)>, ConfigError> {
    let home = tempfile::tempdir().unwrap();
    let password = home.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let vars = Vars::fixed([("BROKER_URL", url), ("BROKER_PASSWORD_FILE", password.to_str().unwrap())]);
    let access = Access::read(&vars, &URL, "orders")?;
    access.map(|access| access.open().map(|door| (access, door))).transpose()
}

#[test]
fn only_this_machine_is_spoken_to_in_the_clear() {
    for url in ["amqp://localhost", "amqp://127.0.0.1:5672/", "amqp://127.8.8.8", "amqp://[::1]:5672/shop"] {
        assert!(read_url(url).unwrap().is_some(), "{url}");
    }
    for url in ["amqp://broker.example", "amqp://10.0.0.1:5672", "amqp://localhost.example", "amqp://0.0.0.0"]
    {
        assert!(read_url(url).unwrap_err().to_string().contains("in the clear"), "{url}");
    }
}

#[test]
fn a_url_names_a_place_and_nobody() {
    let door = open("amqp://localhost:5673/shop").unwrap().unwrap().1;
    assert_eq!((door.uri.authority.port, door.uri.vhost.as_str()), (5673, "shop"));
    let user = &door.uri.authority.userinfo;
    assert_eq!((user.username.as_str(), user.password.as_str()), ("orders", "secret"));
    assert_eq!(open("amqp://localhost").unwrap().unwrap().1.uri.vhost, "/");
    for url in
        ["amqp://guest:guest@localhost", "amqp://orders@localhost", "amqp://localhost/a/b", "localhost", ""]
    {
        let refused = read_url(url);
        assert!(matches!(refused, Ok(None)) == url.is_empty() && refused.is_err() != url.is_empty(), "{url}");
    }
    let error = read_url("amqp://guest:guess@localhost").unwrap_err().to_string();
    assert!(!error.contains("guess"), "{error}");
}

#[test]
fn another_machine_must_show_a_certificate_of_a_known_ca() {
    assert!(read_url("amqps://broker.example").unwrap_err().to_string().contains("set BROKER_CA_FILE"));
}
