//! Tables of every service that sends or receives events.

diesel::table! {
    outbox (id) {
        id -> Text,
        kind -> Text,
        subject -> Text,
        version -> BigInt,
        data -> Text,
        traceparent -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    inbox (source, subject) {
        source -> Text,
        subject -> Text,
        version -> BigInt,
        event_id -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    held_events (receiver, id) {
        receiver -> Text,
        id -> Text,
        kind -> Text,
        event -> Text,
        attempts -> Integer,
        next_at -> Nullable<BigInt>,
        reason -> Text,
        held_at -> BigInt,
    }
}

diesel::table! {
    relay_lease (name) {
        name -> Text,
        holder -> Text,
        until -> BigInt,
    }
}
