//! Tables of notifications.

diesel::table! {
    recipients (user_id) {
        user_id -> Text,
        name -> Text,
        email -> Text,
        locale -> Text,
    }
}

diesel::table! {
    notifications (id) {
        id -> Text,
        event_id -> Text,
        user_id -> Text,
        order_id -> Nullable<Text>,
        template -> Text,
        locale -> Text,
        subject -> Text,
        body -> Text,
        state -> Text,
        attempts -> Integer,
        next_at -> Nullable<BigInt>,
        sent_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        traceparent -> Nullable<Text>,
    }
}

diesel::joinable!(notifications -> recipients (user_id));
diesel::allow_tables_to_appear_in_same_query!(notifications, recipients);
