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
    }
}

diesel::table! {
    billing_runs (id) {
        id -> BigInt,
        scope_key -> Text,
        scope -> Text,
        state -> Text,
        round -> Integer,
        rounds_left -> Integer,
        max_invoice_id -> BigInt,
        cutoff_at -> BigInt,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    run_tallies (id) {
        id -> BigInt,
        run_id -> BigInt,
        round -> Integer,
        captured -> Integer,
        declined -> Integer,
        unknown -> Integer,
        not_attempted -> Integer,
        parked -> Integer,
    }
}

diesel::allow_tables_to_appear_in_same_query!(customers, invoices, attempts, billing_runs, run_tallies);
