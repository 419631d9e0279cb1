use super::*;

const ID: &str = "0193b0a0-0000-7000-8000-000000000001";

fn from() -> Mailbox {
    "Antaeus <noreply@antaeus.example>".parse().unwrap()
}

fn letter<'a>(name: &'a str, email: &'a str, subject: &'a str) -> Letter<'a> {
    Letter { id: ID, name, email, subject, body: "Hello.\n", at: 1_700_000_000_000_000 }
}

fn written(name: &str, subject: &str) -> String {
    let message = letter(name, "ada@example.org", subject).message(&from()).unwrap();
    String::from_utf8(message.formatted()).unwrap()
}

/// Names of the header fields, folded lines put together.
fn fields(mail: &str) -> Vec<String> {
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    head.split("\r\n").map(|line| line.split(':').next().unwrap().to_ascii_lowercase()).collect()
}

#[test]
fn an_e_mail_has_an_id_a_date_and_both_ends() {
    let mail = written("Ada Lovelace", "Größe");
    assert!(mail.contains(&format!("Message-ID: <{ID}@antaeus.example>\r\n")), "{mail}");
    assert!(mail.contains("Date: Tue, 14 Nov 2023 22:13:20"), "{mail}");
    assert!(mail.contains("ada@example.org") && mail.contains("noreply@antaeus.example"), "{mail}");
    assert!(mail.is_ascii(), "{mail}");
}

#[test]
fn no_name_and_no_subject_makes_a_header_or_a_body() {
    let plain = fields(&written("Ada", "Hello"));
    for evil in [
        "x\r\nBcc: eve@example.org",
        "x\nBcc: eve@example.org",
        "x\rBcc: eve@example.org",
        "x\r\n\r\nAnother body",
        "x\u{0}\r\n.\r\n",
        "x\u{85}Bcc: eve@example.org\u{2028}Cc: eve@example.org",
        "x\" <eve@example.org>, \"y",
        "=?utf-8?q?x=0D=0ABcc=3A_eve=40example=2Eorg?=",
    ] {
        for mail in [written(evil, "Hello"), written("Ada", evil)] {
            assert_eq!(fields(&mail), plain, "{evil:?}: {mail}");
            let (_, body) = mail.split_once("\r\n\r\n").unwrap();
            assert_eq!(body.trim_end(), "Hello.", "{evil:?}: {mail}");
        }
        let message = letter(evil, "ada@example.org", evil).message(&from()).unwrap();
        let to: Vec<String> = message.envelope().to().iter().map(ToString::to_string).collect();
        assert_eq!(to, ["ada@example.org"], "{evil:?}");
    }
}

#[test]
fn an_address_that_is_none_is_never_tried() {
    for email in
        ["", "ada", "a@b@c", "ada@example.org\r\nRCPT TO:<eve@example.org>", "ada@example.org, eve@x.org"]
    {
        let refused = letter("Ada", email, "Hello").message(&from());
        assert!(matches!(refused, Err(Fault::Never(_))), "{email:?}");
    }
}
