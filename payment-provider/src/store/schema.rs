//! Tables of the payment provider.

diesel::table! {
    charges (key) {
        key -> Text,
        invoice -> Text,
        customer -> Text,
        amount -> BigInt,
        currency -> Text,
        method -> Text,
        verdict -> Text,
        decline_code -> Nullable<Text>,
        captured_by -> Nullable<Text>,
        decided_at -> BigInt,
    }
}

diesel::table! {
    captures (invoice) {
        invoice -> Text,
        key -> Text,
        amount -> BigInt,
        currency -> Text,
        captured_at -> BigInt,
    }
}
