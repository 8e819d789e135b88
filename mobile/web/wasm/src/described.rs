//! The TypeScript description of every call, made from the calls themselves. A test fails when the one that the pages
//! are built with is another; `FIELDFOLIO_WRITE=1 cargo test -p fieldfolio-web` writes it anew.

use std::collections::BTreeMap;
use std::path::Path;

use fieldfolio_core::model::directory::PersonKind;
use fieldfolio_core::model::role::Role;
use ts_rs::{Config, TS, TypeVisitor};

use crate::{asks, calls};
use fieldfolio_mobile::inputs;

/// Is handed every call.
pub(crate) trait Visitor {
    /// One call.
    fn call<Asked: TS + 'static, Answer: TS + 'static>(&mut self, docs: &[&str], name: &str);
}

struct Description {
    config: Config,
    types: BTreeMap<String, String>,
    calls: String,
}

impl Visitor for Description {
    fn call<Asked: TS + 'static, Answer: TS + 'static>(&mut self, docs: &[&str], name: &str) {
        self.visit::<Asked>();
        self.visit::<Answer>();
        for doc in docs {
            self.calls += &format!("  /**{doc} */\n");
        }
        let (input, answer) = (Asked::name(&self.config), Answer::name(&self.config));
        self.calls += &format!("  {name}: [{input}, {answer}];\n");
    }
}

impl TypeVisitor for Description {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // What has no file of its own is built in, or a list or an option of something that has one.
        if T::output_path().is_some() {
            let name = T::ident(&self.config);
            if self.types.contains_key(&name) {
                return;
            }
            let docs = T::docs().unwrap_or_default();
            self.types.insert(name, format!("{docs}export {}\n", T::decl(&self.config)));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

fn description() -> String {
    let config = Config::new().with_large_int("number");
    let mut description = Description { config, types: BTreeMap::new(), calls: String::new() };
    // What goes in names these by their TypeScript names.
    description.visit::<inputs::NewFile>();
    description.visit::<inputs::NewLink>();
    description.visit::<inputs::TextEdit>();
    description.visit::<inputs::OutcomesEdit>();
    description.visit::<inputs::NewMark>();
    description.visit::<inputs::MediumEdit>();
    calls::visit(&mut description);
    asks::visit(&mut description);
    let union =
        |names: Vec<&str>| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" | ");
    let mut text = String::from(
        "// Made from the core's calls by `FIELDFOLIO_WRITE=1 cargo test -p fieldfolio-web`. Ids are text, moments are\n\
         // milliseconds since 1970, days are \"2026-11-22\".\n\n",
    );
    let roles = union(Role::ALL.iter().map(|role| role.name()).collect());
    let kinds = union(PersonKind::ALL.iter().map(|kind| kind.name()).collect());
    text += &format!("export type Role = {roles};\n");
    text += &format!("export type PersonKind = {kinds};\n");
    text += "export type AssessmentKind = \"formative\" | \"interim\" | \"summative\";\n\n";
    for declared in description.types.values() {
        text += declared;
        text += "\n";
    }
    text += "/** Every call: what goes in, what comes back. */\nexport interface Calls {\n";
    text += &description.calls;
    text += "}\n";
    text
}

#[test]
fn the_pages_are_built_with_the_calls_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/core/types.ts");
    let made = description();
    if std::env::var_os("FIELDFOLIO_WRITE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept == made,
        "{} is out of date: FIELDFOLIO_WRITE=1 cargo test -p fieldfolio-web",
        path.display()
    );
}
