//! Tables of users.

diesel::table! {
    users (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        currency -> Text,
        locale -> Text,
        time_zone -> Text,
        version -> BigInt,
        registered_at -> BigInt,
    }
}
