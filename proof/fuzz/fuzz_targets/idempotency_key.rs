#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| proof::fuzz_targets::idempotency_key(data));
