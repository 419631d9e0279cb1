use super::*;
use crate::{Amount, Money};

const ID: &str = "01938a1e-0000-7000-8000-000000000001";
const ORDER: &str = "01938a1e-0000-7000-8000-000000000002";

fn order() -> Data {
    Data::Order(Order {
        order: ORDER.into(),
        user: ID.into(),
        amount: Amount(Money::parse("9.99", "EUR".parse().unwrap()).unwrap()),
        description: "a \"book\"".into(),
        state: OrderState::Placed,
        reason: None,
    })
}

fn envelope() -> Envelope {
    let time = "2026-12-01T05:00:00Z".parse().unwrap();
    Envelope::new((ID.into(), Kind::OrderPlaced), (ORDER.into(), 1), time, None, order().json()).unwrap()
}

fn read(envelope: &Envelope) -> Result<Event, Unreadable> {
    Event::parse(&serde_json::to_string(envelope).unwrap())
}

#[test]
fn what_is_written_is_read_again() {
    let json = serde_json::to_value(envelope()).unwrap();
    assert_eq!(json["type"], "order.placed.v1");
    assert_eq!((&json["specversion"], &json["source"]), (&"1.0".into(), &"/orders".into()));
    assert_eq!((&json["subject"], &json["subjectversion"]), (&ORDER.into(), &1.into()));
    assert_eq!(json["data"]["amount"]["value"].to_string(), "9.99");
    let event = read(&envelope()).unwrap();
    assert_eq!((event.kind, event.version, event.source()), (Kind::OrderPlaced, 1, "/orders"));
    assert_eq!(event.data, order());
}

#[test]
fn what_is_not_known_is_left_aside() {
    let more = serde_json::to_string(&envelope()).unwrap();
    let more = more.replacen('{', r#"{"dataschema":"urn:x","#, 1);
    let more = more.replacen(r#""data":{"#, r#""data":{"colour":"red","#, 1);
    assert_eq!(Event::parse(&more).unwrap().data, order());
    let less = more.replace(r#""datacontenttype":"application/json","#, "");
    assert!(!less.contains("datacontenttype") && Event::parse(&less).is_ok());
}

#[test]
fn each_attribute_must_be_what_it_can_be() {
    let refused = |change: &dyn Fn(&mut Envelope)| {
        let mut changed = envelope();
        change(&mut changed);
        read(&changed).unwrap_err().to_string()
    };
    assert!(refused(&|e| e.specversion = "0.3".into()).starts_with("specversion"));
    assert!(refused(&|e| e.source = "/users".into()).starts_with("source"));
    assert!(refused(&|e| e.datacontenttype = Some("text/xml".into())).starts_with("datacontenttype"));
    assert!(refused(&|e| e.subject = ID.into()).starts_with("subject"), "data about another subject");
    assert!(refused(&|e| e.id = "x".into()).starts_with("id"));
    assert!(refused(&|e| e.subjectversion = 0).starts_with("subjectversion"));
    assert!(refused(&|e| e.kind = "order.eaten.v1".into()).contains("no type of event"));
    assert!(refused(&|e| e.kind = Kind::InvoicePaid.name().into()).starts_with("source"));
    assert!(refused(&|e| e.kind = Kind::OrderPlaced.name().to_uppercase()).contains("no type"));
    assert!(refused(&|e| e.data = serde_json::value::to_raw_value(&1).unwrap()).starts_with("data: "));
}

#[test]
fn each_type_has_one_name_and_its_sender_is_its_source() {
    let mut names = std::collections::HashSet::new();
    for kind in Kind::ALL {
        assert!(names.insert(kind.name()));
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(kind.source(), format!("/{}", kind.sender()));
        assert!(!kind.receivers().is_empty() && !kind.receivers().contains(&kind.sender()));
    }
}

#[test]
fn the_words_of_an_orders_state_are_those_on_the_wire() {
    for state in OrderState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        assert_eq!(OrderState::parse(state.as_str()), Some(state));
    }
}

#[test]
fn a_uuid_has_one_spelling() {
    assert!(is_uuid(ID));
    for text in ["", "01938A1E-0000-7000-8000-000000000001", &ID[1..], &ID.replace('-', "0"), "é"] {
        assert!(!is_uuid(text), "{text}");
    }
}
