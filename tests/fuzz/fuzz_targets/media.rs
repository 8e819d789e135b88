#![no_main]

#[path = "../../src/fuzz/media.rs"]
mod media;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| media::media_files(bytes));
