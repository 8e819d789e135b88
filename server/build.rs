//! Builds the relay anew when the web client that goes into it was.

fn main() {
    println!("cargo::rerun-if-changed=../mobile/web/dist");
}
