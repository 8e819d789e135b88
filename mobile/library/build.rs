//! Android devices of today may have pages of 16 KB: every segment of the library begins at such a boundary, whatever the
//! linker's own default is.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("android") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,max-page-size=16384");
    }
}
