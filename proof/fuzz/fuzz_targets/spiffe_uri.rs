#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| proof::fuzz_targets::spiffe_uri(data));
