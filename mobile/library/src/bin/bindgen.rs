//! Makes the bindings of the library that it is given, for one language: `mobile/bindings.sh` calls it.

fn main() {
    uniffi::uniffi_bindgen_main();
}
