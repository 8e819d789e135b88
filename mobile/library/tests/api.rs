//! The public API of the library, as apps in every language see it, is written down in `mobile/api.txt`, a line for each
//! thing that an app may name. A changed line breaks somebody's app or gives her something: `CHANGELOG.md` says which.
//!
//! It is read from the library that `mobile/bindings.sh` built; `FIELDFOLIO_WRITE=1 cargo test -p fieldfolio-library` writes it
//! anew.

use std::path::{Path, PathBuf};

use camino::Utf8PathBuf;
use sha2::{Digest, Sha256};
use uniffi_bindgen::{BindgenLoader, BindgenPaths, GlobalConfig};
use uniffi_meta::{FieldMetadata, FnParamMetadata, Metadata, ObjectImpl, Type};

fn library() -> Utf8PathBuf {
    let test = std::env::current_exe().expect("a test is a file");
    let folder = test.ancestors().nth(2).expect("it lies in deps");
    let file = format!("{}fieldfolio{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = folder.join(file);
    assert!(library.is_file(), "{} is not there: run mobile/bindings.sh first", library.display());
    Utf8PathBuf::from_path_buf(library).expect("a plain path")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn named(of: &Type) -> String {
    match of {
        Type::Optional { inner_type } => format!("{}?", named(inner_type)),
        Type::Sequence { inner_type, .. } => format!("[{}]", named(inner_type)),
        Type::Object { name, .. }
        | Type::Record { name, .. }
        | Type::Enum { name, .. }
        | Type::CallbackInterface { name, .. }
        | Type::Custom { name, .. } => name.clone(),
        plain => format!("{plain:?}"),
    }
}

fn field(of: &FieldMetadata) -> String {
    format!("{}: {}{}", of.name, named(&of.ty), if of.default.is_some() { " = …" } else { "" })
}

fn signature(
    inputs: &[FnParamMetadata],
    is_async: bool,
    returns: Option<&Type>,
    throws: Option<&Type>,
) -> String {
    let inputs = inputs.iter().map(|input| {
        format!("{}: {}{}", input.name, named(&input.ty), if input.default.is_some() { " = …" } else { "" })
    });
    let mut text = format!("({})", inputs.collect::<Vec<_>>().join(", "));
    text += if is_async { " async" } else { "" };
    text += &throws.map(|error| format!(" throws {}", named(error))).unwrap_or_default();
    text += &returns.map(|of| format!(" -> {}", named(of))).unwrap_or_default();
    text
}

/// The lines of one item.
fn lines(item: &Metadata) -> Vec<String> {
    match item {
        Metadata::Record(record) => {
            let fields = record.fields.iter();
            fields.map(|of| format!("{}.{}", record.name, field(of))).collect()
        }
        Metadata::Enum(word) => {
            let cases = word.variants.iter().map(|case| {
                let fields: Vec<String> = case.fields.iter().map(field).collect();
                let fields =
                    if fields.is_empty() { String::new() } else { format!("({})", fields.join(", ")) };
                format!("{}.{}{fields}", word.name, case.name)
            });
            cases.collect()
        }
        Metadata::Constructor(one) => {
            let said = signature(&one.inputs, one.is_async, None, one.throws.as_ref());
            vec![format!("{}.{}{said}", one.self_name, one.name)]
        }
        Metadata::Method(one) => {
            let said = signature(&one.inputs, one.is_async, one.return_type.as_ref(), one.throws.as_ref());
            vec![format!("{}.{}{said}", one.self_name, one.name)]
        }
        Metadata::TraitMethod(one) => {
            let said = signature(&one.inputs, one.is_async, one.return_type.as_ref(), one.throws.as_ref());
            vec![format!("{}.{}{said}", one.trait_name, one.name)]
        }
        Metadata::Func(one) => {
            let said = signature(&one.inputs, one.is_async, one.return_type.as_ref(), one.throws.as_ref());
            vec![format!("{}{said}", one.name)]
        }
        Metadata::Object(object) => vec![match object.imp {
            ObjectImpl::Struct => format!("{}: object", object.name),
            _ => format!("{}: interface that an app may implement", object.name),
        }],
        Metadata::CustomType(alias) => vec![format!("{}: text", alias.name)],
        Metadata::Namespace(_)
        | Metadata::UdlFile(_)
        | Metadata::CallbackInterface(_)
        | Metadata::UniffiTrait(_)
        | Metadata::ObjectTraitImpl(_) => Vec::new(),
    }
}

fn api() -> (String, usize) {
    let loader = BindgenLoader::new(BindgenPaths::default(), GlobalConfig::default());
    let groups = loader.load_metadata(&library()).expect("the library says what it exports");
    let most = |item: &Metadata| match item {
        Metadata::Method(one) => one.inputs.len(),
        Metadata::Constructor(one) => one.inputs.len(),
        _ => 0,
    };
    let items: Vec<&Metadata> = groups.get("fieldfolio_mobile").expect("our own").items.iter().collect();
    let most = items.iter().map(|item| most(item)).max().unwrap_or(0);
    let mut all: Vec<String> = items.into_iter().flat_map(lines).collect();
    all.sort();
    (all.join("\n") + "\n", most)
}

#[test]
fn the_api_is_as_it_is_written_down_and_the_changelog_knows_it() {
    let (made, most) = api();
    assert!(most <= 4, "a call with {most} arguments: hand over a record");
    let path = root().join("mobile/api.txt");
    if std::env::var_os("FIELDFOLIO_WRITE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept != made {
        let (old, new): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), made.lines().collect());
        let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
        let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
        let changed: Vec<String> = gone.chain(come).collect();
        panic!(
            "mobile/api.txt is out of date (FIELDFOLIO_WRITE=1 cargo test -p fieldfolio-library):\n{}",
            changed.join("\n")
        );
    }
    let digest: String = Sha256::digest(&kept).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let changelog = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(
        changelog.contains(&format!("`{digest}`")),
        "the API for apps changed: say in CHANGELOG.md what is new or gone, and name it by `{digest}`"
    );
}
