//! Tables of invoice-app.

diesel::table! {
    customers (id) {
        id -> BigInt,
        uid -> Text,
        currency -> Text,
        method -> Text,
        time_zone -> Text,
        created_at -> BigInt,
        user_id -> Nullable<Text>,
    }
}

diesel::table! {
    invoices (id) {
        id -> BigInt,
        uid -> Text,
        customer_id -> BigInt,
        amount -> BigInt,
        currency -> Text,
        due_on -> Text,
        state -> Text,
        attempt -> Integer,
        epoch -> BigInt,
        method -> Nullable<Text>,
        last_outcome -> Nullable<Text>,
        run_id -> Nullable<BigInt>,
        origin -> Text,
        created_at -> BigInt,
        paid_at -> Nullable<BigInt>,
        next_at -> Nullable<BigInt>,
        last_code -> Nullable<Text>,
        asked -> Integer,
        leased_until -> Nullable<BigInt>,
        traceparent -> Nullable<Text>,
        unknown_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    attempts (invoice_id, attempt) {
        invoice_id -> BigInt,
        attempt -> Integer,
        run_id -> Nullable<BigInt>,
        started_at -> BigInt,
        ended_at -> BigInt,
        outcome -> Text,
        decline_code -> Nullable<Text>,
        next_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    billing_runs (id) {
        id -> BigInt,
        scope_key -> Text,
        scope -> Text,
        state -> Text,
        round -> Integer,
        rounds_left -> Nullable<Integer>,
        max_invoice_id -> BigInt,
        cutoff_at -> BigInt,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        started_by -> Text,
        policy -> Text,
        traceparent -> Nullable<Text>,
    }
}

diesel::table! {
    run_invoices (run_id, invoice_id) {
        run_id -> BigInt,
        invoice_id -> BigInt,
    }
}

diesel::table! {
    run_tallies (id) {
        id -> BigInt,
        run_id -> Nullable<BigInt>,
        round -> Integer,
        outcome -> Text,
        reason -> Text,
        currency -> Text,
        invoices -> BigInt,
        amount -> BigInt,
        at -> BigInt,
    }
}

diesel::table! {
    reconciled_windows (from_at) {
        from_at -> BigInt,
        to_at -> BigInt,
        checked_at -> BigInt,
    }
}

diesel::table! {
    differences (invoice_uid, kind) {
        invoice_uid -> Text,
        kind -> Text,
        amount -> BigInt,
        currency -> Text,
        state -> Text,
        found_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    customers,
    invoices,
    attempts,
    billing_runs,
    run_invoices,
    run_tallies
);

diesel::allow_columns_to_appear_in_same_group_by_clause!(invoices::currency, attempts::outcome);
