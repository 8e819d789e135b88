//! Who wrote a comment or a change, and where on whose computer a file lay: names become "Author 1", "Author 2" and so
//! on, the same throughout a document, and of a path the file's name stays.

use std::collections::BTreeMap;

/// The people of a document, numbered in the order in which they are met.
#[derive(Default)]
pub(super) struct People {
    numbers: BTreeMap<String, usize>,
}

impl People {
    /// What somebody is called from now on.
    pub(super) fn name(&mut self, name: &str) -> String {
        match name.trim() {
            "" => String::new(),
            // Excel's mark of a comment that has answers, which stand in a part of their own.
            mark if mark.starts_with("tc={") => mark.to_owned(),
            name => format!("Author {}", self.number(name)),
        }
    }

    /// The initials of somebody who is called this from now on.
    pub(super) fn initials(neutral: &str) -> String {
        format!("A{}", neutral.trim_start_matches(|letter: char| !letter.is_ascii_digit()))
    }

    fn number(&mut self, name: &str) -> usize {
        let next = self.numbers.len() + 1;
        *self.numbers.entry(name.to_owned()).or_insert(next)
    }

    /// A comment's text in a sheet, which begins with the name of who wrote it.
    pub(super) fn signed(&self, text: &str) -> Option<String> {
        let (name, words) = text.split_once(':')?;
        self.numbers.get(name.trim()).map(|number| format!("Author {number}:{words}"))
    }
}

/// What stays of a value that may name a place on somebody's computer.
pub(super) fn without_path(value: &str) -> Option<String> {
    is_path(value).then(|| file_name(value))
}

/// What stays of words among which such places stand, quoted or not.
pub(super) fn without_paths(words: &str) -> String {
    let mark = if words.contains("&quot;") { "&quot;" } else { "\"" };
    let parts = words.split(mark).map(|part| match without_path(part) {
        Some(name) => name,
        None => part
            .split(' ')
            .map(|word| without_path(word).unwrap_or_else(|| word.to_owned()))
            .collect::<Vec<_>>()
            .join(" "),
    });
    parts.collect::<Vec<_>>().join(mark)
}

fn is_path(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let drive = value.trim_start_matches('/').as_bytes();
    matches!(drive, [b'a'..=b'z', b':' | b'|', b'\\' | b'/', ..])
        || ["file:", "\\\\", "/users/", "/home/", "~/"].iter().any(|start| value.starts_with(start))
}

/// The last name of a path; neither that of a folder nor of whose home it is.
pub(super) fn file_name(path: &str) -> String {
    let path = path.trim().replace("%5C", "\\").replace("%5c", "\\");
    let mut names = path.rsplit(['/', '\\']);
    let last = names.next().unwrap_or_default();
    let folder = names.find(|name| !name.is_empty()).unwrap_or_default().to_ascii_lowercase();
    let is_home = matches!(folder.as_str(), "users" | "home" | "documents and settings" | "~" | "file:");
    if last.is_empty() || is_home || last.contains(':') { "file".to_owned() } else { last.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_numbered_and_stay_so() {
        let mut people = People::default();
        let names = ["Mina", " Jon", "Mina "].map(|name| people.name(name));
        assert_eq!(names, ["Author 1", "Author 2", "Author 1"]);
        assert_eq!(people.signed("Jon: a leaf").as_deref(), Some("Author 2: a leaf"));
        assert_eq!(people.signed("Leaf: green"), None);
        let mut again = People::default();
        assert_eq!(names.clone().map(|name| again.name(&name)), names);
        assert_eq!(People::initials("Author 2"), "A2");
    }

    #[test]
    fn of_a_path_the_file_stays() {
        for (path, kept) in [
            ("C:\\Users\\mina\\leaf.jpg", "leaf.jpg"),
            ("file:///C:%5CUsers%5Cmina%5Cleaf.jpg", "leaf.jpg"),
            ("\\\\school\\mina\\leaf.jpg", "leaf.jpg"),
            ("/home/mina/leaf.jpg", "leaf.jpg"),
            ("C:\\Users\\mina", "file"),
            ("C:\\Users\\mina\\", "file"),
            ("file:///", "file"),
        ] {
            let once = without_path(path);
            assert_eq!(once.as_deref(), Some(kept), "{path}");
            assert_eq!(without_path(kept), None);
        }
        assert_eq!(without_path("A leaf: 3/4 green"), None);
        let code = " INCLUDEPICTURE &quot;C:\\\\Users\\\\mina b\\\\leaf.jpg&quot; \\d ";
        assert_eq!(without_paths(code), " INCLUDEPICTURE &quot;leaf.jpg&quot; \\d ");
        assert_eq!(without_paths(" LINK /home/mina/a.xlsx \\a"), " LINK a.xlsx \\a");
    }
}
