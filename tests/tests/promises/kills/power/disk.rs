//! A disk that remembers, and the folder as it would be had the power gone at any moment.
//!
//! `faults.c` writes a diary of everything that a program changes below one folder. [`Disk`] plays it forward, and keeps
//! apart what was synced and what only the machine's memory knew: bytes of a file last from the file's sync, a name
//! from its folder's. Renaming is one step on any disk with a journal, so it lasts once either folder does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fieldfolio_core::ids::SeededRng;
use fieldfolio_tests::sim;

/// A folder on a disk that keeps a diary, and the library that makes it one.
pub(crate) struct Watched {
    scratch: tempfile::TempDir,
}

impl Watched {
    pub(crate) fn new() -> Self {
        let scratch = sim::scratch().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promises/kills/faults.c");
        // The same compiler that SQLite was built with.
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(scratch.path().join("faults.so")).arg(source);
        assert!(compiler.status().unwrap().success());
        fs::create_dir(scratch.path().join("disk")).unwrap();
        fs::write(scratch.path().join("diary"), "").unwrap();
        Self { scratch }
    }

    /// The folder below which everything is watched.
    pub(crate) fn root(&self) -> PathBuf {
        self.scratch.path().join("disk")
    }

    /// A folder beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The program will fail by this rule, until the file is gone.
    pub(crate) fn fail(&self, command: &mut Command, rule: &str) -> PathBuf {
        let path = self.scratch.path().join("rule");
        fs::write(&path, rule).unwrap();
        command.env("FIELDFOLIO_FAULT_RULE", &path);
        command.env("FIELDFOLIO_FAULT_COUNT", self.scratch.path().join("count"));
        path
    }

    /// How many calls needed the disk in the last run.
    pub(crate) fn count(&self) -> u64 {
        fs::read_to_string(self.scratch.path().join("count")).unwrap().parse().unwrap()
    }

    /// Puts a copy of `from` in the place of this folder below the root, and begins a new diary.
    pub(crate) fn begin_with(&self, name: &str, from: &Path) {
        let folder = self.root().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        sim::copy_folder(from, &folder).unwrap();
        fs::write(self.diary_path(), "").unwrap();
    }

    fn diary_path(&self) -> PathBuf {
        self.scratch.path().join("diary")
    }

    /// The program will run on this disk.
    pub(crate) fn under(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.scratch.path().join("faults.so"));
        command.env("FIELDFOLIO_FAULT_ROOT", self.root()).env("FIELDFOLIO_FAULT_DIARY", self.diary_path());
    }

    /// So long is the diary now.
    pub(crate) fn length(&self) -> usize {
        fs::metadata(self.diary_path()).unwrap().len() as usize
    }

    pub(crate) fn diary(&self) -> Vec<Entry> {
        read_diary(&fs::read(self.diary_path()).unwrap())
    }

    /// The folder as it lies there now, all of it durable.
    pub(crate) fn disk(&self) -> Disk {
        let mut disk = Disk::default();
        disk.take_in(&self.root(), "");
        disk
    }
}

/// One thing in the diary, and where it ends there.
pub(crate) struct Entry {
    pub(crate) end: usize,
    pub(crate) what: What,
}

/// What happened.
pub(crate) enum What {
    Made {
        path: String,
        file: u64,
    },
    Folder {
        path: String,
    },
    Wrote {
        file: u64,
        at: u64,
        bytes: Vec<u8>,
    },
    Cut {
        file: u64,
        length: u64,
    },
    Renamed {
        from: String,
        to: String,
    },
    Linked {
        from: String,
        to: String,
    },
    Removed {
        path: String,
    },
    Synced {
        file: u64,
    },
    /// A sync failed: what had been written since the last one may never reach the disk, whatever a later one says.
    NotSynced {
        file: u64,
    },
    SyncedFolder {
        path: String,
    },
    /// Standard output.
    Printed(Vec<u8>),
    /// Something left over a socket.
    Sent,
}

fn read_diary(bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let number = |from: usize| u64::from_le_bytes(bytes[from..from + 8].try_into().unwrap());
        let short = |from: usize| u32::from_le_bytes(bytes[from..from + 4].try_into().unwrap()) as usize;
        let (a, b, one, two) = (number(at + 1), number(at + 9), short(at + 17), short(at + 21));
        let (first, second) = (at + 25, at + 25 + one);
        let text =
            |from: usize, length: usize| String::from_utf8(bytes[from..from + length].to_vec()).unwrap();
        let one_text = || text(first, one);
        let what = match bytes[at] {
            b'C' => What::Made { path: one_text(), file: a },
            b'D' => What::Folder { path: one_text() },
            b'W' => What::Wrote { file: a, at: b, bytes: bytes[first..second].to_vec() },
            b'T' => What::Cut { file: a, length: b },
            b'R' => What::Renamed { from: one_text(), to: text(second, two) },
            b'L' => What::Linked { from: one_text(), to: text(second, two) },
            b'U' => What::Removed { path: one_text() },
            b'F' => What::Synced { file: a },
            b'X' => What::NotSynced { file: a },
            b'G' => What::SyncedFolder { path: one_text() },
            b'S' => What::Printed(bytes[first..second].to_vec()),
            b'N' => What::Sent,
            other => panic!("the diary says {other} at {at}"),
        };
        at = second + two;
        entries.push(Entry { end: at, what });
    }
    entries
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File(u64),
}

#[derive(Clone)]
enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Cut { length: u64 },
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Cut { length } => to.resize(*length as usize, 0),
            Change::Write { at, bytes } => {
                let end = *at as usize + bytes.len();
                to.resize(to.len().max(end), 0);
                to[*at as usize..end].copy_from_slice(bytes);
            }
        }
    }
}

#[derive(Clone, Default)]
struct Contents {
    synced: Vec<u8>,
    since: Vec<Change>,
}

/// Names that were given or taken in one step.
type Naming = Vec<(String, Option<Node>)>;

/// A folder, and how much of it would outlast a power cut.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    files: BTreeMap<u64, Contents>,
    names: BTreeMap<String, Node>,
    synced_names: BTreeMap<String, Node>,
    since: Vec<Naming>,
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Disk {
    fn take_in(&mut self, folder: &Path, name: &str) {
        for found in fs::read_dir(folder).unwrap() {
            let found = found.unwrap();
            let own = found.file_name().into_string().unwrap();
            let path = if name.is_empty() { own } else { format!("{name}/{own}") };
            let about = found.metadata().unwrap();
            let node = if about.is_dir() {
                self.take_in(&found.path(), &path);
                Node::Folder
            } else {
                let synced = fs::read(found.path()).unwrap();
                self.files.insert(about.ino(), Contents { synced, since: Vec::new() });
                Node::File(about.ino())
            };
            self.names.insert(path.clone(), node);
            self.synced_names.insert(path, node);
        }
    }

    /// Plays one entry. Answers whether it made anything last.
    pub(crate) fn play(&mut self, what: &What) -> bool {
        match what {
            What::Made { path, file } => {
                self.files.insert(*file, Contents::default());
                self.name(vec![(path.clone(), Some(Node::File(*file)))]);
            }
            What::Folder { path } => self.name(vec![(path.clone(), Some(Node::Folder))]),
            What::Wrote { file, at, bytes } => {
                self.change(*file, Change::Write { at: *at, bytes: bytes.clone() });
            }
            What::Cut { file, length } => self.change(*file, Change::Cut { length: *length }),
            What::Renamed { from, to } => {
                let node = self.names[from];
                assert!(node != Node::Folder, "no folder is ever renamed");
                self.name(vec![(from.clone(), None), (to.clone(), Some(node))]);
            }
            What::Linked { from, to } => {
                let node = self.names[from];
                self.name(vec![(to.clone(), Some(node))]);
            }
            What::Removed { path } => self.name(vec![(path.clone(), None)]),
            What::Synced { file } => {
                // One that was made and removed before anyone looked.
                if let Some(contents) = self.files.get_mut(file) {
                    let since = std::mem::take(&mut contents.since);
                    since.iter().for_each(|change| change.apply(&mut contents.synced));
                }
                return true;
            }
            What::NotSynced { file } => {
                if let Some(contents) = self.files.get_mut(file) {
                    contents.since.clear();
                }
            }
            What::SyncedFolder { path } => {
                self.sync_folder(path);
                return true;
            }
            What::Printed(_) | What::Sent => {}
        }
        false
    }

    fn change(&mut self, file: u64, change: Change) {
        self.files.entry(file).or_default().since.push(change);
    }

    fn name(&mut self, naming: Naming) {
        give(&mut self.names, &naming);
        self.since.push(naming);
    }

    fn sync_folder(&mut self, folder: &str) {
        for mut naming in std::mem::take(&mut self.since) {
            if naming.iter().any(|(path, _)| folder_of(path) == folder) {
                // What else was to become of these names is overtaken.
                let settled: BTreeSet<&String> = naming.iter().map(|(path, _)| path).collect();
                for earlier in &mut self.since {
                    earlier.retain(|(path, _)| !settled.contains(path));
                }
                give(&mut self.synced_names, &naming);
                naming.clear();
            }
            self.since.push(naming);
        }
        self.since.retain(|naming| !naming.is_empty());
    }

    /// The folder after a power cut now that took everything which was not synced.
    pub(crate) fn with_synced_only(&self, into: &Path) {
        let contents = |file: &u64| self.files[file].synced.clone();
        lay_out(&self.synced_names, contents, into);
    }

    /// The folder after a power cut now that took some of what was not synced: any writes of any file, the rest of the
    /// last one from the middle of it, and of each folder's names the later ones.
    pub(crate) fn with_some_lost(&self, into: &Path, dice: &mut SeededRng) {
        let mut ends: BTreeMap<String, u64> = BTreeMap::new();
        let most = self.since.len() as u64 + 1;
        let mut names = self.synced_names.clone();
        for (position, naming) in (0..).zip(&self.since) {
            let lasts = naming.iter().all(|(path, _)| {
                let end = ends.entry(folder_of(path).to_owned()).or_insert_with(|| dice.below(most));
                position < *end
            });
            if lasts {
                give(&mut names, naming);
            }
        }
        let mut contents = BTreeMap::new();
        for (file, known) in &self.files {
            let mut bytes = known.synced.clone();
            let kept: Vec<&Change> = known.since.iter().filter(|_| dice.happens(60)).collect();
            for (position, change) in kept.iter().enumerate() {
                match change {
                    Change::Write { at, bytes: all } if position + 1 == kept.len() => {
                        let sectors = dice.below(all.len() as u64 / 512 + 1) as usize;
                        let torn = if dice.happens(50) { &all[..sectors * 512] } else { &all[..] };
                        Change::Write { at: *at, bytes: torn.to_vec() }.apply(&mut bytes);
                    }
                    change => change.apply(&mut bytes),
                }
            }
            contents.insert(*file, bytes);
        }
        lay_out(&names, |file| contents[file].clone(), into);
    }
}

fn give(names: &mut BTreeMap<String, Node>, naming: &Naming) {
    for (path, node) in naming {
        match node {
            Some(node) => names.insert(path.clone(), *node),
            None => names.remove(path),
        };
    }
}

fn lay_out(names: &BTreeMap<String, Node>, contents: impl Fn(&u64) -> Vec<u8>, into: &Path) {
    fs::create_dir(into).unwrap();
    for (path, node) in names {
        // Shared memory is none of a disk's business; and a name is only there if its folders are.
        if path.ends_with("-shm") || !into.join(path).parent().unwrap().is_dir() {
            continue;
        }
        match node {
            Node::Folder => fs::create_dir(into.join(path)).unwrap(),
            Node::File(file) => fs::write(into.join(path), contents(file)).unwrap(),
        }
    }
}
