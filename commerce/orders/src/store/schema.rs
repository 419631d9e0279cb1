//! Tables of orders.

diesel::table! {
    orders (id) {
        id -> Text,
        user_id -> Text,
        amount -> BigInt,
        currency -> Text,
        description -> Text,
        state -> Text,
        reason -> Nullable<Text>,
        version -> BigInt,
        placed_at -> BigInt,
        changed_at -> BigInt,
    }
}
