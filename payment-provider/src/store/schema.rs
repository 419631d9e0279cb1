//! Tables of the payment provider.

diesel::table! {
    charges (key) {
        key -> Text,
        invoice -> Nullable<Text>,
        customer -> Nullable<Text>,
        amount -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        method -> Nullable<Text>,
        decision -> Text,
        decline_code -> Nullable<Text>,
        decided_at -> BigInt,
    }
}

diesel::table! {
    wallets (customer) {
        customer -> Text,
        currency -> Text,
        balance -> BigInt,
        opened_at -> BigInt,
    }
}

diesel::table! {
    transfers (reference, kind) {
        kind -> Text,
        reference -> Text,
        charge -> Nullable<Text>,
        debit -> Text,
        credit -> Text,
        amount -> BigInt,
        currency -> Text,
        at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(charges, transfers);
