//! Tables that every service's database has.

diesel::table! {
    idempotency_keys (scope, key) {
        scope -> Text,
        key -> Text,
        request -> Text,
        status -> SmallInt,
        answer -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    revoked_keys (jti) {
        jti -> Text,
        why -> Text,
        revoked_at -> BigInt,
    }
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}
