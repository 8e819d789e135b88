//! The parts of a docx, xlsx or pptx: what is reached from its beginning along the kinds of reference in one table.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Advice, MediaError, MediaType, Note};
use super::archive::Entry;
use super::people::file_name;
use super::xml::{self, Change, Editor, Element, local};

pub(super) const TYPES: &str = "[content_types].xml";

/// The kinds of reference that are followed, by the last word of their names: what pages, sheets and slides are made of.
const FOLLOWED: &[&str] = &[
    "aFChunk",
    "activeXControlBinary",
    "audio",
    "authors",
    "calcChain",
    "chart",
    "chartColorStyle",
    "chartEx",
    "chartStyle",
    "chartUserShapes",
    "chartsheet",
    "commentAuthors",
    "comments",
    "commentsExtended",
    "commentsExtensible",
    "commentsIds",
    "connections",
    "control",
    "ctrlProp",
    "diagramColors",
    "diagramData",
    "diagramDrawing",
    "diagramLayout",
    "diagramQuickStyle",
    "dialogsheet",
    "drawing",
    "endnotes",
    "externalLink",
    "externalLinkLongPath",
    "externalLinkPath",
    "featurePropertyBag",
    "font",
    "fontTable",
    "footer",
    "footnotes",
    "handoutMaster",
    "hdphoto",
    "header",
    "hyperlink",
    "image",
    "legacyDiagramText",
    "media",
    "model3d",
    "notesMaster",
    "notesSlide",
    "numbering",
    "officeDocument",
    "oleObject",
    "package",
    "people",
    "person",
    "pivotCacheDefinition",
    "pivotCacheRecords",
    "pivotTable",
    "presProps",
    "printerSettings",
    "queryTable",
    "rdArray",
    "rdRichValue",
    "rdRichValueStructure",
    "rdRichValueTypes",
    "rdRichValueWebImage",
    "rdSupportingPropertyBag",
    "rdSupportingPropertyBagStructure",
    "richStyles",
    "richValueRel",
    "settings",
    "sharedStrings",
    "sheetMetadata",
    "slicer",
    "slicerCache",
    "slide",
    "slideLayout",
    "slideMaster",
    "styles",
    "stylesWithEffects",
    "subDocument",
    "table",
    "tableStyles",
    "theme",
    "themeOverride",
    "threadedComment",
    "timeline",
    "timelineCache",
    "video",
    "viewProps",
    "vmlDrawing",
    "webSettings",
    "worksheet",
    "xlPathMissing",
];

/// What nobody misses: properties, lists of who saved and shared it, and what programs keep for themselves.
const UNMISSED: &[&str] = &[
    "attachedTemplate",
    "changesInfo",
    "classificationlabels",
    "core-properties",
    "custom-properties",
    "customXml",
    "customXmlProps",
    "documenttasks",
    "extended-properties",
    "glossaryDocument",
    "keyMapCustomizations",
    "recipientData",
    "revisionInfo",
    "customProperty",
    "tags",
    "thumbnail",
    "usernames",
    "wsSortMap",
];

/// What stays of an archive.
pub(super) struct Parts {
    pub(super) media_type: MediaType,
    /// By their names in small letters.
    kept: BTreeSet<String>,
    /// The references that go, by the part that they stand in.
    gone: BTreeMap<String, BTreeSet<String>>,
    pub(super) notes: Vec<Note>,
}

impl Parts {
    pub(super) fn has(&self, name: &str) -> bool {
        self.kept.contains(name)
    }

    /// The references of a part that lead nowhere any more.
    pub(super) fn gone(&self, part: &str) -> BTreeSet<String> {
        self.gone.get(part).cloned().unwrap_or_default()
    }
}

/// A reference of a part to another one.
struct Reference {
    id: String,
    kind: String,
    target: String,
    is_outside: bool,
}

/// Where the way through the parts has come to.
struct Walk<'a, 'b> {
    entries: BTreeMap<String, &'b Entry<'a>>,
    types: BTreeMap<String, String>,
    ahead: Vec<String>,
    parts: Parts,
}

/// Which parts stay.
pub(super) fn choose(entries: &[Entry<'_>]) -> Result<Parts, MediaError> {
    let entries: BTreeMap<_, _> = entries.iter().map(|entry| (key(&entry.text()), entry)).collect();
    let Some(list) = entries.get(TYPES) else {
        return Err(MediaError::Unsupported { advice: Advice::Archive });
    };
    let types = types(list)?;
    let beginning = match entries.get("_rels/.rels") {
        Some(entry) => references(entry)?.into_iter().find(|reference| reference.kind == "officeDocument"),
        None => None,
    };
    let main = match beginning {
        Some(reference) => resolve("", &reference.target),
        None => ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"]
            .into_iter()
            .find(|name| entries.contains_key(*name))
            .unwrap_or_default()
            .to_owned(),
    };
    let media_type = media_type(&main, types.get(&main).map_or("", String::as_str))?;
    let kept = BTreeSet::from([TYPES.to_owned()]);
    let parts = Parts { media_type, kept, gone: BTreeMap::new(), notes: Vec::new() };
    let mut walk = Walk { entries, types, ahead: vec![String::new(), main], parts };
    while let Some(part) = walk.ahead.pop() {
        walk.visit(&part)?;
    }
    Ok(walk.parts)
}

impl Walk<'_, '_> {
    fn visit(&mut self, part: &str) -> Result<(), MediaError> {
        if !part.is_empty() && (!self.entries.contains_key(part) || !self.parts.kept.insert(part.to_owned()))
        {
            return Ok(());
        }
        let list = references_of(part);
        let Some(entry) = self.entries.get(&list) else { return Ok(()) };
        for reference in references(entry)? {
            let target = resolve(part, &reference.target);
            if self.is_followed(&reference, &target)? {
                if !reference.is_outside {
                    self.ahead.push(target);
                }
            } else {
                self.parts.gone.entry(part.to_owned()).or_default().insert(reference.id);
            }
        }
        self.parts.kept.insert(list);
        Ok(())
    }

    fn is_followed(&mut self, reference: &Reference, target: &str) -> Result<bool, MediaError> {
        let kind = reference.kind.as_str();
        // What is drawn by hand is said to be data of some other program.
        let is_ink =
            kind == "customXml" && self.types.get(target).is_some_and(|kind| kind == "application/inkml+xml");
        if FOLLOWED.contains(&kind) || is_ink {
            return Ok(true);
        }
        match kind {
            "xlMacrosheet" | "xlIntlMacrosheet" => Err(MediaError::Unsupported { advice: Advice::Macros }),
            _ => {
                if !UNMISSED.contains(&kind) && !self.parts.notes.contains(&Note::PartsLeft) {
                    self.parts.notes.push(Note::PartsLeft);
                }
                Ok(false)
            }
        }
    }
}

/// The type of each part that the list of types names.
fn types(list: &Entry<'_>) -> Result<BTreeMap<String, String>, MediaError> {
    let mut types = BTreeMap::new();
    xml::each_element(list, &mut |element| {
        if let (Some(name), Some(kind)) = (element.value("PartName"), element.value("ContentType")) {
            types.insert(key(name), kind.to_ascii_lowercase());
        }
    })?;
    Ok(types)
}

fn references(list: &Entry<'_>) -> Result<Vec<Reference>, MediaError> {
    let mut references = Vec::new();
    xml::each_element(list, &mut |element| {
        if let (Some(id), Some(kind), Some(target)) =
            (element.value("Id"), element.value("Type"), element.value("Target"))
        {
            references.push(Reference {
                id: id.to_owned(),
                kind: last(kind).to_owned(),
                target: target.to_owned(),
                is_outside: is_outside(&element),
            });
        }
    })?;
    Ok(references)
}

fn is_outside(reference: &Element) -> bool {
    reference.value("TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("External"))
}

fn last(kind: &str) -> &str {
    kind.rsplit('/').next().unwrap_or(kind)
}

fn media_type(main: &str, kind: &str) -> Result<MediaType, MediaError> {
    match kind {
        _ if kind.contains("binary") => Err(MediaError::Unsupported { advice: Advice::OtherOffice }),
        _ if kind.contains("wordprocessingml") || kind.contains("ms-word") => Ok(MediaType::Docx),
        _ if kind.contains("spreadsheetml") || kind.contains("ms-excel") => Ok(MediaType::Xlsx),
        _ if kind.contains("presentationml") || kind.contains("ms-powerpoint") => Ok(MediaType::Pptx),
        _ => match main {
            "word/document.xml" => Ok(MediaType::Docx),
            "xl/workbook.xml" => Ok(MediaType::Xlsx),
            "ppt/presentation.xml" => Ok(MediaType::Pptx),
            _ => Err(MediaError::Unsupported { advice: Advice::OtherOffice }),
        },
    }
}

/// A part's name as it is compared: in small letters, without escapes and without the first slash.
pub(super) fn key(name: &str) -> String {
    name.trim_start_matches('/').replace("%20", " ").to_ascii_lowercase()
}

/// Where the references of a part stand; of the archive itself, if the part has no name.
pub(super) fn references_of(part: &str) -> String {
    let (folder, name) = part.rsplit_once('/').map_or(("", part), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}_rels/{name}.rels")
}

/// The part whose references stand here; none if this is no list of references.
pub(super) fn part_of_references(list: &str) -> Option<String> {
    let (folder, name) = list.rsplit_once("_rels/")?;
    Some(format!("{folder}{}", name.strip_suffix(".rels")?))
}

/// The part that a reference of this part leads to.
fn resolve(part: &str, target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let mut names: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => part.rsplit_once('/').map_or(Vec::new(), |(folder, _)| folder.split('/').collect()),
    };
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    key(&names.join("/"))
}

/// The editor of a list of references, and of the list of types.
pub(super) struct Lists<'a> {
    pub(super) parts: &'a Parts,
    /// The references that go.
    pub(super) gone: BTreeSet<String>,
}

impl Editor for Lists<'_> {
    fn element(&mut self, element: &mut Element) -> Change {
        match element.local() {
            "Override" if element.value("PartName").is_some_and(|name| !self.parts.has(&key(name))) => {
                Change::Goes
            }
            "Relationship" if element.value("Id").is_some_and(|id| self.gone.contains(id)) => Change::Goes,
            "Relationship" if is_outside(element) => outside(element),
            _ => Change::Stays,
        }
    }
}

/// A reference to something outside: a page on the web stays; of a file somewhere on a computer, or in somebody's folder
/// on the web, its name does.
fn outside(reference: &mut Element) -> Change {
    let kind = last(reference.value("Type").unwrap_or_default()).to_owned();
    let may_be_shown = matches!(kind.as_str(), "hyperlink" | "image" | "video" | "audio" | "media");
    let mut is_other = false;
    for (name, target) in &mut reference.attributes {
        if local(name) != "Target" || target.starts_with('#') || may_be_shown && is_on_the_web(target) {
            continue;
        }
        let kept = file_name(target);
        is_other |= kept != *target;
        *target = kept;
    }
    if is_other { Change::Written } else { Change::Stays }
}

fn is_on_the_web(target: &str) -> bool {
    let target = target.to_ascii_lowercase();
    ["http:", "https:", "mailto:", "tel:", "ftp:"].iter().any(|start| target.starts_with(start))
}
