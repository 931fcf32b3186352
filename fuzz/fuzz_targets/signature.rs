#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wf_bulk::testing::fuzz::signature(data));
