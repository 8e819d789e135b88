//! Dependencies flow one way. Who names whom is read from the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each room of a package, and the rooms that it may name.
type Table = [(&'static str, &'static [&'static str])];

const CORE: &Table = &[
    ("time", &[]),
    ("ids", &["time"]),
    ("blob", &[]),
    ("signing", &["ids", "time", "blob"]),
    ("model", &["ids", "time", "blob", "signing"]),
    ("access", &["ids", "time", "blob", "model"]),
    ("document", &["ids", "time", "blob", "signing", "model"]),
    ("sync", &["ids", "time", "blob", "signing", "model", "access", "document"]),
    ("store", &["ids", "time", "blob", "signing", "model", "access", "document"]),
];

const DEVICE: &Table = &[
    ("why", &[]),
    ("requests", &[]),
    ("settings", &[]),
    ("circles", &[]),
    ("reindex", &[]),
    ("making", &["circles", "reindex"]),
    ("views", &["settings", "circles", "why"]),
    ("calls", &["requests"]),
    ("care", &["requests", "settings", "reindex"]),
    ("syncing", &["why", "requests", "settings", "circles", "reindex", "care"]),
];

const MOBILE: &Table = &[
    ("refusal", &[]),
    ("records", &["refusal"]),
    ("inputs", &["refusal", "records"]),
    ("views", &["records"]),
    ("bindings", &["refusal", "records", "inputs", "views"]),
];

const SERVER: &Table = &[
    ("config", &[]),
    ("disk", &[]),
    ("database", &[]),
    ("blobs", &[]),
    ("gate", &["config"]),
    ("log", &["database"]),
    ("visibility", &["log"]),
    ("directory", &["disk", "database", "log", "visibility"]),
    ("news", &["database", "log", "visibility", "directory"]),
    ("exchange", &["config", "database", "gate", "log", "visibility", "directory", "news"]),
    ("uploads", &["disk", "blobs", "visibility", "directory", "exchange"]),
    (
        "upkeep",
        &["disk", "database", "blobs", "log", "visibility", "directory", "news", "exchange", "uploads"],
    ),
    (
        "http",
        &[
            "config",
            "disk",
            "database",
            "blobs",
            "log",
            "visibility",
            "directory",
            "news",
            "exchange",
            "uploads",
            "upkeep",
        ],
    ),
    ("cli", &["config", "disk", "database", "gate", "visibility", "directory", "exchange", "upkeep", "http"]),
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
    modules_of(path, source).swap_remove(0)
}

/// The place of a file among the modules of its package.
fn modules_of(path: &Path, source: &Path) -> Vec<String> {
    let inside = path.strip_prefix(source).expect("a file of this package").with_extension("");
    inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
}

/// What a text names by `crate::…` and `super::…`, groups written out.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                spell_out(&[], &code[at..], &mut found);
            }
        }
    }
    found
}

fn spell_out(before: &[String], text: &str, found: &mut Vec<Vec<String>>) {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let (mut depth, mut begin) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    spell_out(before, &group[begin..at], found);
                    begin = at + 1;
                    if c == '}' {
                        return;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let whole: Vec<String> = before.iter().cloned().chain([name.clone()]).collect();
    match text[name.len()..].strip_prefix("::") {
        Some(rest) => spell_out(&whole, rest, found),
        None => found.push(whole),
    }
}

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Which modules in `room` (none: the package itself) name which others in it, by their own paths or by what the room's
/// file hands on of theirs.
fn arrows(source: &Path, room: &[&str]) -> Arrows {
    let mut texts: BTreeMap<String, Vec<(Vec<String>, String)>> = BTreeMap::new();
    for path in sources(source) {
        let at = modules_of(&path, source);
        if at.len() > room.len() && at.iter().zip(room).all(|(a, b)| a == b) {
            texts.entry(at[room.len()].clone()).or_default().push((at, code(&path)));
        }
    }
    let mut handed_on = BTreeMap::new();
    let file = if room.is_empty() { "lib.rs".to_owned() } else { format!("{}.rs", room.join("/")) };
    for import in code(&source.join(file)).split("use ").skip(1) {
        let mut found = Vec::new();
        spell_out(&[], import, &mut found);
        found.retain(|path| path.len() > 1 && texts.contains_key(&path[0]));
        handed_on.extend(found.into_iter().map(|path| (path[path.len() - 1].clone(), path[0].clone())));
    }
    let mut arrows = Arrows::new();
    for (module, files) in &texts {
        let named = arrows.entry(module.clone()).or_default();
        for (at, code) in files {
            for path in paths(code) {
                let mut whole = at.clone();
                for part in path {
                    match part.as_str() {
                        "crate" => whole.clear(),
                        "super" => drop(whole.pop()),
                        _ => whole.push(part),
                    }
                }
                let is_inside = whole.len() > room.len() && whole.iter().zip(room).all(|(a, b)| a == b);
                let Some(name) = whole.get(room.len()).filter(|_| is_inside) else { continue };
                let name = if texts.contains_key(name) { Some(name) } else { handed_on.get(name) };
                named.extend(name.filter(|name| *name != module).cloned());
            }
        }
    }
    arrows
}

/// Modules that name each other in a ring, if there are any.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    fn walk(at: &str, arrows: &Arrows, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        if let Some(begin) = way.iter().position(|module| module == at) {
            way.drain(..begin);
            return true;
        }
        if !done.insert(at.to_owned()) {
            return false;
        }
        way.push(at.to_owned());
        let found = arrows.get(at).into_iter().flatten().any(|next| walk(next, arrows, way, done));
        if !found {
            way.pop();
        }
        found
    }
    let (mut way, mut done) = (Vec::new(), BTreeSet::new());
    arrows.keys().any(|module| walk(module, arrows, &mut way, &mut done)).then_some(way)
}

/// The modules of a package, or of a room in it, stand in this table and keep to it; only these stand outside.
fn keeps_to(source: &Path, room: &[&str], table: &Table, outside: &[&str]) {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let allowed: Arrows = table.iter().map(|(room, below)| ((*room).to_owned(), owned(below))).collect();
    assert_eq!(circle(&allowed), None, "the table has a circle");
    let found = arrows(source, room);
    assert!(found.values().map(BTreeSet::len).sum::<usize>() >= table.len(), "the sources were read");
    for (room, named) in found.iter().filter(|(room, _)| !outside.contains(&room.as_str())) {
        let below = allowed.get(room).unwrap_or_else(|| panic!("{room} has no place in the layers"));
        let above: Vec<_> = named.difference(below).collect();
        assert!(above.is_empty(), "{room} names {above:?}");
    }
}

#[test]
fn rooms_name_only_what_lies_below_them() {
    keeps_to(&root().join("core/src"), &[], CORE, &["lib", "device"]);
    keeps_to(&root().join("core/src"), &["device"], DEVICE, &[]);
    keeps_to(&root().join("server/src"), &[], SERVER, &["lib", "main"]);
    keeps_to(&root().join("mobile/src"), &[], MOBILE, &["lib"]);
}

#[test]
fn no_files_of_a_room_name_each_other_in_a_ring() {
    let rooms =
        ["blobs", "directory", "exchange", "gate", "http", "log", "news", "upkeep", "uploads", "visibility"];
    for room in rooms {
        let found = arrows(&root().join("server/src"), &[room]);
        assert!(found.len() > 1, "the sources of {room} were read");
        assert_eq!(circle(&found), None, "in {room}");
    }
    for room in ["care", "making", "syncing", "views"] {
        let found = arrows(&root().join("core/src"), &["device", room]);
        assert!(found.len() > 1, "the sources of {room} were read");
        assert_eq!(circle(&found), None, "in {room}");
    }
    for room in [["bindings"].as_slice(), &["bindings", "sync"], &["records"], &["views"]] {
        let found = arrows(&root().join("mobile/src"), room);
        assert!(found.len() > 1, "the sources of {room:?} were read");
        assert_eq!(circle(&found), None, "in {room:?}");
    }
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

/// What is looked at a hundred times a day is read from the index: no view opens a document.
#[test]
fn views_read_the_index_and_open_no_sheet() {
    let found = sources(&root().join("core/src/device/views"));
    assert!(found.len() > 3, "the sources were read");
    for path in found {
        assert!(!code(&path).contains("crate::document"), "{} opens documents", path.display());
    }
}

#[test]
fn media_knows_nothing_of_schools_and_no_files_and_in_core_only_the_device_names_it() {
    let read = sources(&root().join("media/src"));
    assert!(read.len() > 10, "the sources of media were read");
    for path in read {
        let code = code(&path);
        for absent in ["fieldfolio_", "std::fs", "fs::"] {
            assert!(!code.contains(absent), "{} names {absent}", path.display());
        }
    }
    let source = root().join("core/src");
    for path in sources(&source) {
        let (module, code) = (module_of(&path, &source), code(&path));
        let names_media = code.contains("fieldfolio_media")
            || paths(&code).iter().any(|path| path.starts_with(&["crate".to_owned(), "media".to_owned()]));
        assert!(
            ["lib", "device"].contains(&module.as_str()) || !names_media,
            "{} names media",
            path.display()
        );
    }
}

#[test]
fn the_server_uses_no_store_and_no_device_and_nothing_uses_the_server_but_tests() {
    for path in sources(&root().join("server/src")) {
        let code = code(&path);
        for absent in [
            "fieldfolio_core::store",
            "fieldfolio_core::device",
            "fieldfolio_core::media",
            "fieldfolio_media",
            "fieldfolio_tests",
            "automerge::",
        ] {
            assert!(!code.contains(absent), "{} names {absent}", path.display());
        }
    }
    for package in ["core", "media", "mobile"] {
        let manifest = std::fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
        assert!(!manifest.contains("fieldfolio-server"), "{package} depends on the server");
    }
}

/// The web client: each folder of its sources names only the folders in its row.
/// Test programs lie in folders by what they hold, where cargo does not find them by itself.
#[test]
fn every_test_program_is_run() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(tests.join("Cargo.toml")).expect("a manifest");
    let readme = std::fs::read_to_string(tests.join("README.md")).expect("a README");
    let groups = std::fs::read_dir(tests.join("tests"))
        .expect("the groups")
        .map(|group| group.expect("a group").path());
    let programs = groups.flat_map(|group| std::fs::read_dir(group).expect("its programs"));
    let mut count = 0;
    for program in programs.map(|program| program.expect("a program").path()).filter(|path| path.is_file()) {
        let inside = program.strip_prefix(tests).expect("a file of this package").display();
        assert!(
            manifest.contains(&format!("path = \"{inside}\"")),
            "tests/Cargo.toml lacks a [[test]] for {inside}"
        );
        let name = program.file_stem().expect("a name").to_string_lossy();
        assert!(
            readme.contains(&format!("| `{name}` |")),
            "tests/README.md does not say what `{name}` holds"
        );
        count += 1;
    }
    assert_eq!(
        count,
        manifest.matches("[[test]]").count(),
        "tests/Cargo.toml names a test that is not there"
    );
}

/// What only one of the two has, and why.
const PAGES_ONLY: [&str; 4] = [
    // Of the queue of files, and of the driver: apps do this by their `SyncService`.
    "hold", "sending", "on_line", "wake",
];
const APPS_ONLY: [&str; 15] = [
    // Of a store on a disk, and of an app that is put away and taken up again.
    "folder",
    "relay",
    "pause",
    "resume",
    "is_paused",
    "wipe",
    "log_out",
    "media_path",
    "sync_service",
    // What browsers do by themselves.
    "believes",
    "is_pinned",
    "open_change_stream",
    // The pages' account of storage is in `status`.
    "storage",
    "set_storage_budget",
    // Browsers print.
    "export_portfolio",
];

/// A call has one name, and is there for pages and for apps.
#[test]
fn pages_and_apps_make_the_same_calls() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("a file");
    let (types, api) = (read("mobile/web/src/core/types.ts"), read("mobile/api.txt"));
    let calls = types
        .split_once("export interface Calls {")
        .expect("the calls")
        .1
        .split_once("\n}")
        .expect("their end")
        .0;
    let pages: BTreeSet<&str> =
        calls.lines().filter_map(|line| line.trim().split_once(": [")).map(|(name, _)| name).collect();
    let apps: BTreeSet<&str> = api
        .lines()
        .filter_map(|line| line.strip_prefix("Store.")?.split_once('('))
        .map(|(name, _)| name)
        .collect();
    assert!(pages.len() > 40 && apps.len() > 40, "{pages:?} {apps:?}");
    let missing: Vec<_> = pages.difference(&apps).filter(|name| !PAGES_ONLY.contains(name)).collect();
    assert!(missing.is_empty(), "apps can't do {missing:?}: add them in mobile/src/bindings, or say why not");
    let missing: Vec<_> = apps.difference(&pages).filter(|name| !APPS_ONLY.contains(name)).collect();
    assert!(
        missing.is_empty(),
        "pages can't do {missing:?}: add them in mobile/web/wasm/src, or say why not"
    );
    let idle: Vec<_> =
        PAGES_ONLY.iter().filter(|name| !pages.contains(*name) || apps.contains(*name)).collect();
    let unused: Vec<_> =
        APPS_ONLY.iter().filter(|name| !apps.contains(*name) || pages.contains(*name)).collect();
    assert!(idle.is_empty() && unused.is_empty(), "no exceptions are needed for {idle:?} {unused:?}");
}

mod web_client {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    const FOLDERS: [(&str, &[&str]); 13] = [
        ("core", &[]),
        ("i18n", &[]),
        ("state", &["core", "i18n"]),
        ("components", &["core", "i18n", "state"]),
        ("account", &["core", "i18n", "state", "components"]),
        ("circle", &["core", "i18n", "state", "components"]),
        ("growth", &["core", "i18n", "state", "components"]),
        ("screenlock", &["core", "i18n", "state", "components"]),
        ("entries", &["core", "i18n", "state", "components"]),
        ("piece", &["core", "i18n", "state", "components", "entries"]),
        ("print", &["core", "i18n", "state", "components", "growth", "entries"]),
        (
            "pages",
            &[
                "core",
                "i18n",
                "state",
                "components",
                "account",
                "circle",
                "growth",
                "screenlock",
                "entries",
                "piece",
            ],
        ),
        ("shell", &["core", "i18n", "state", "components", "account", "pages", "print"]),
    ];

    /// `App.svelte`, `main.ts`, `sw.ts` and the tests stand above all folders.
    const ABOVE: &str = "test";

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("a source folder can be read");
        entries
            .map(|entry| entry.expect("an entry").path())
            .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
            .filter(|path| path.extension().is_some_and(|ending| ending == "ts" || ending == "svelte"))
            .collect()
    }

    /// What a text imports by `from "…"`, `import "…"` and `import("…")`.
    fn imported(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        for word in ["from", "import"] {
            for (at, _) in text.match_indices(word) {
                let rest = text[at + word.len()..].trim_start_matches([' ', '\n', '(']);
                let Some(quote @ ('"' | '\'' | '`')) = rest.chars().next() else { continue };
                found.extend(rest[1..].split(quote).next());
            }
        }
        found
    }

    /// The folder, seen from `src`, into which an import leads; none for packages and for files above all folders.
    fn folder_of(importer: &Path, import: &str) -> Option<String> {
        let mut parts: Vec<&str> = importer.parent()?.iter().filter_map(|part| part.to_str()).collect();
        if !import.starts_with('.') {
            return None;
        }
        for step in import.split('/') {
            match step {
                "." => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        (parts.len() > 1).then(|| parts[0].to_owned())
    }

    #[test]
    fn folders_name_only_what_lies_below_them() {
        let mut below: BTreeSet<&str> = BTreeSet::new();
        for (folder, may_name) in FOLDERS {
            for name in may_name {
                assert!(
                    below.contains(name),
                    "{folder} may name {name}, which does not stand above it in the table"
                );
            }
            below.insert(folder);
        }

        let allowed: BTreeMap<&str, &[&str]> = FOLDERS.into_iter().collect();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mobile/web/src");
        let (mut seen, mut wrong) = (0, Vec::new());
        for path in sources(&source) {
            let inside = path.strip_prefix(&source).expect("a file of the web client");
            if inside.components().count() == 1 || inside.starts_with(ABOVE) {
                continue;
            }
            let folder = inside.iter().next().and_then(|name| name.to_str()).expect("a folder's name");
            let may_name =
                allowed.get(folder).unwrap_or_else(|| panic!("{folder} has no place in the layers"));
            let text = std::fs::read_to_string(&path).expect("a source can be read");
            for import in imported(&text) {
                seen += 1;
                let Some(named) = folder_of(inside, import) else { continue };
                if named != folder && !may_name.contains(&named.as_str()) {
                    wrong.push(format!("{} names {import}", inside.display()));
                }
            }
        }
        assert!(seen > 300, "the sources were read");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
