#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fieldfolio_tests::fuzz::media_files(bytes));
