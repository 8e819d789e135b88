//! Dependencies flow one way. Who names whom is read from the sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const CORE: [(&str, &[&str]); 10] = [
    ("time", &[]),
    ("ids", &["time"]),
    ("blob", &[]),
    ("signing", &["ids", "time", "blob"]),
    ("media", &[]),
    ("model", &["ids", "time", "blob", "signing"]),
    ("access", &["ids", "time", "blob", "model"]),
    ("document", &["ids", "time", "blob", "signing", "model"]),
    ("sync", &["ids", "time", "blob", "signing", "model", "access", "document"]),
    ("store", &["ids", "time", "blob", "signing", "model", "access", "document"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a source folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The code of a file without its tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source can be read");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path, source: &Path) -> String {
    let inside = path.strip_prefix(source).expect("a file of this crate");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules of core that a text names by `crate::…`.
fn named(code: &str) -> Vec<String> {
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(group) => {
                group.split('}').next().unwrap_or_default().split(',').map(str::to_owned).collect()
            }
            None => vec![rest.to_owned()],
        })
        .map(|name| name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn core_modules_name_only_what_lies_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = CORE.into_iter().collect();
    let source = root().join("core/src");
    let mut seen = 0;
    for path in sources(&source) {
        let module = module_of(&path, &source);
        let Some(below) = allowed.get(module.as_str()) else {
            assert!(["lib", "device"].contains(&module.as_str()), "{module} has no place in the layers");
            continue;
        };
        for name in named(&code(&path)) {
            seen += 1;
            assert!(name == module || below.contains(&name.as_str()), "{} names {name}", path.display());
        }
    }
    assert!(seen > 50, "the sources were read");
}

#[test]
fn only_the_document_module_names_automerge_and_only_the_store_touches_files() {
    let source = root().join("core/src");
    for path in sources(&source) {
        let (module, code) = (module_of(&path, &source), code(&path));
        let names_automerge = code.contains("automerge::") || code.contains("use automerge");
        assert!(module == "document" || !names_automerge, "{} names automerge", path.display());
        let names_sql = code.contains("rusqlite");
        assert!(
            ["store", "device"].contains(&module.as_str()) || !names_sql,
            "{} names SQLite",
            path.display()
        );
        let names_files = code.contains("std::fs") || code.contains("fs::");
        assert!(
            ["store", "device"].contains(&module.as_str()) || !names_files,
            "{} names files",
            path.display()
        );
    }
}

#[test]
fn the_server_uses_no_store_and_no_device_and_nothing_uses_the_server_but_tests() {
    for path in sources(&root().join("server/src")) {
        let code = code(&path);
        for absent in ["fieldfolio_core::store", "fieldfolio_core::device", "fieldfolio_tests", "automerge::"]
        {
            assert!(!code.contains(absent), "{} names {absent}", path.display());
        }
    }
    for package in ["core", "mobile"] {
        let manifest = std::fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
        assert!(!manifest.contains("fieldfolio-server"), "{package} depends on the server");
    }
}

#[test]
fn the_log_lies_below_everything_else_of_the_server() {
    let source = root().join("server/src");
    let below = ["database", "log"];
    let files =
        sources(&source).into_iter().filter(|path| below.contains(&module_of(path, &source).as_str()));
    let mut seen = 0;
    for path in files {
        for name in named(&code(&path)) {
            seen += 1;
            assert!(below.contains(&name.as_str()), "{} names {name}", path.display());
        }
    }
    assert!(seen > 4, "the sources were read");
}
