//! What goes from the markup of a part: who, on whose computer, and what pointed at a part that went.

use std::collections::BTreeSet;

use super::people::{People, file_name, without_path, without_paths};
use super::xml::{Change, Editor, Element, local};

/// Elements that go with all that is in them: where the file lay, accounts, a letter's addressees, hidden variables, and
/// ties to parts that go. A control whose text is tied to such a part keeps the text that it shows.
const GONE: [&str; 12] = [
    "absPath",
    "presenceInfo",
    "docVars",
    "dataBinding",
    "mailMerge",
    "attachedTemplate",
    "attachedSchema",
    "saveThroughXslt",
    "securityDescriptor",
    "xmlColumnPr",
    "x15:dataModel",
    "text:alphabetical-index-auto-mark-file",
];

/// Where references to other parts have their names from: the usual standard, and the strict one.
const REFERENCES: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
];

/// Settings of an OpenDocument file whose values name a printer or a database.
const SETTINGS: [&str; 5] = [
    "PrinterName",
    "PrinterSetup",
    "CurrentDatabaseDataSource",
    "CurrentDatabaseCommand",
    "EmbeddedDatabaseName",
];

/// The editor of a part that stays.
pub(super) struct Rules<'a> {
    people: &'a mut People,
    /// The references of this part that lead nowhere any more.
    gone: BTreeSet<String>,
    is_drawing: bool,
    /// What stands before the colon of references, in this part.
    prefixes: BTreeSet<String>,
    /// Whether it is the comments of a sheet, into whose text Excel writes who wrote it.
    has_authors: bool,
}

impl<'a> Rules<'a> {
    pub(super) fn new(people: &'a mut People, gone: BTreeSet<String>, is_drawing: bool) -> Self {
        Self { people, gone, is_drawing, prefixes: BTreeSet::from(["r".to_owned()]), has_authors: false }
    }

    fn is_reference(&self, key: &str) -> bool {
        key.split_once(':').is_some_and(|(prefix, _)| self.prefixes.contains(prefix))
    }

    /// Whether a reference of an element leads nowhere: the element goes with it, unless it has other uses.
    fn leads_nowhere(&mut self, element: &mut Element) -> bool {
        let is_gone = |key: &str, value: &str| self.gone.contains(value) && self.is_reference(key);
        if element.attributes.iter().any(|(key, value)| local(key) == "id" && is_gone(key, value)) {
            return true;
        }
        element.attributes.retain(|(key, value)| !is_gone(key, value));
        false
    }

    fn value(&mut self, element: &str, key: &str, value: &str, person: Option<&str>) -> Value {
        match (element, key) {
            ("scenario", "comment") | ("fileSharing", "userName") => Value::Gone,
            (_, "refreshedBy" | "lastModifiedBy" | "securityDescriptor") => Value::Gone,
            // What looks like a drive is an hour.
            (_, "formatCode") => Value::Stays,
            ("dbPr", "connection" | "command" | "serverCommand") => Value::Other(String::new()),
            (_, _) if is_person(element, key) => Value::Other(self.people.name(value)),
            (_, "initials") => Value::Other(People::initials(person.unwrap_or_default())),
            (_, "userId") if element == "person" => Value::Gone,
            (_, "userId") => Value::Other(person.unwrap_or_default().to_owned()),
            (_, "providerId" | "userProvider") => Value::Other("None".to_owned()),
            (_, "instr") => Value::Other(without_paths(value)),
            // OpenDocument leads from the file to its neighbours so.
            (_, "href") if value.starts_with("../") => Value::Other(format!("../{}", file_name(value))),
            _ => without_path(value).map_or(Value::Stays, Value::Other),
        }
    }
}

enum Value {
    Stays,
    Gone,
    Other(String),
}

/// Whether an attribute is somebody's name.
fn is_person(element: &str, key: &str) -> bool {
    match key {
        // The author of a book that is quoted is part of the text.
        "author" => element != "bibliography-mark",
        "displayName" => element == "person",
        "name" => matches!(element, "cmAuthor" | "author" | "customWorkbookView"),
        "user" => element == "scenario",
        "userName" => true,
        "ed" => element == "permStart",
        _ => false,
    }
}

/// Whether the text in an element is somebody's name: of who wrote comments in a sheet, or a remark in a document.
fn is_name_in_words(element: &str) -> bool {
    matches!(local(element), "author" | "creator") && !element.starts_with("text:")
}

impl Editor for Rules<'_> {
    fn element(&mut self, element: &mut Element) -> Change {
        for (key, value) in &element.attributes {
            if let Some(prefix) = key.strip_prefix("xmlns:").filter(|_| REFERENCES.contains(&value.as_str()))
            {
                self.prefixes.insert(prefix.to_owned());
            }
        }
        let name = element.local().to_owned();
        let goes = GONE.contains(&name.as_str()) || GONE.contains(&element.name.as_str());
        if goes || self.is_drawing && name == "metadata" || self.leads_nowhere(element) {
            return Change::Goes;
        }
        let before = element.attributes.clone();
        let person = before.iter().find(|(key, _)| is_person(&name, local(key)));
        let person = person.map(|(_, value)| self.people.name(value));
        element.attributes.clear();
        for (key, value) in &before {
            match self.value(&name, local(key), value, person.as_deref()) {
                Value::Stays => element.attributes.push((key.clone(), value.clone())),
                Value::Other(other) => element.attributes.push((key.clone(), other)),
                Value::Gone => {}
            }
        }
        let is_secret = element.value("name").is_some_and(|name| SETTINGS.contains(&name));
        match name.as_str() {
            "author" | "creator" if element.value("name").is_none() && is_name_in_words(&element.name) => {
                self.has_authors |= name == "author";
                Change::Text(|editor, text| editor.name(text))
            }
            "creator-initials" | "sender-initials" => Change::Text(|_, _| String::new()),
            "config-item" if is_secret => Change::Text(|_, _| String::new()),
            _ if element.attributes != before => Change::Written,
            _ => Change::Stays,
        }
    }

    fn text(&mut self, within: &str, text: &str) -> Option<String> {
        let other = match within {
            // What a field does.
            "instrText" => without_paths(text),
            "config-item" => without_path(text)?,
            "t" if self.has_authors => self.people.signed(text)?,
            _ => return None,
        };
        (other != text).then_some(other)
    }

    fn name(&mut self, name: &str) -> String {
        self.people.name(name)
    }
}
