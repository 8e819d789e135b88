//! A sample school's office: its folder, its clock, its command line.

use fieldfolio_core::ids::{PersonId, SeededRng};
use fieldfolio_core::time::Timestamp;
use fieldfolio_server::directory::Edit;
use fieldfolio_server::{cli, database};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const DAY: u64 = 24 * 60 * 60 * 1000;

pub(crate) struct Office {
    pub(crate) folder: TempDir,
    pub(crate) now: Timestamp,
    pub(crate) rng: SeededRng,
    pub(crate) sample: Value,
}

impl Office {
    /// The office of the sample school.
    pub(crate) fn sample() -> Self {
        let mut office = Self::empty();
        office.sample = office.run(&["sample"]);
        office
    }

    /// An office with an empty folder.
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            now: Timestamp::from_millis(1_790_000_000_000),
            rng: SeededRng::new(7),
            sample: Value::Null,
        }
    }

    /// Runs a command that must succeed, and reads its JSON.
    pub(crate) fn run(&mut self, args: &[&str]) -> Value {
        let text = self.try_run(args).unwrap_or_else(|error| panic!("{args:?}: {error}"));
        assert_eq!(text.lines().count(), 1, "one JSON value on one line");
        serde_json::from_str(&text).unwrap()
    }

    /// Runs a command that must be refused, and returns what it says.
    pub(crate) fn refused(&mut self, args: &[&str]) -> String {
        let before = self.events();
        let error = self.try_run(args).expect_err("should have been refused").to_string();
        assert_eq!(self.events(), before, "a refusal changes nothing");
        error
    }

    pub(crate) fn try_run(&mut self, args: &[&str]) -> Result<String, cli::CliError> {
        let folder = self.folder.path().to_str().unwrap();
        let all = ["fieldfolio", "--dir", folder, "--json"].into_iter().chain(args.iter().copied());
        cli::run_with(all, self.now, &mut self.rng)
    }

    /// Runs a command and asserts that the log got longer, or not.
    pub(crate) fn run_logged(&mut self, args: &[&str], events: u64) -> Value {
        let before = self.events();
        let answer = self.run(args);
        assert_eq!(self.events() - before, events, "{args:?}");
        answer
    }

    pub(crate) fn later(&mut self, millis: u64) {
        self.now = self.now.plus_millis(millis);
    }

    pub(crate) fn open(&self) -> Connection {
        database::open(self.folder.path()).unwrap()
    }

    /// One committed change made by a function of the directory.
    pub(crate) fn edit<T>(&mut self, change: impl FnOnce(&Edit<'_>, &mut SeededRng) -> T) -> T {
        let mut conn = self.open();
        let tx = database::begin(&mut conn).unwrap();
        let done = change(&Edit { tx: &tx, now: self.now, by: None }, &mut self.rng);
        tx.commit().unwrap();
        done
    }

    pub(crate) fn events(&self) -> u64 {
        if !database::path(self.folder.path()).exists() {
            return 0;
        }
        self.open()
            .query_row("select count(*) from log", [], |row| row.get::<_, i64>(0))
            .unwrap()
            .cast_unsigned()
    }

    pub(crate) fn person(&self, name: &str) -> PersonId {
        self.sample["people"][name].as_str().unwrap().parse().unwrap()
    }

    /// Who is in a circle, as "Ms Ito teacher (advisor)", class ids left out.
    pub(crate) fn circle(&mut self, folio: &str) -> Vec<String> {
        let answer = self.run(&["circle", "list", folio]);
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let line = |row: &Value| {
            let reason = word(&row["reason"]);
            let reason = match reason.rsplit_once(' ') {
                Some((reason, _id)) => reason,
                None => &reason,
            };
            let name = word(&row["name"]).replace(" Sample", "");
            let voice = if row["may_write"] == true { ", may write" } else { "" };
            let denied = if row["denied"] == true { ", denied" } else { "" };
            format!("{name} {} ({reason}{voice}{denied})", word(&row["role"]))
        };
        answer["circle"].as_array().unwrap().iter().map(line).collect()
    }
}

pub(crate) const GARDEN: &str = "Mina Sample/Community garden";
pub(crate) const BRIDGE: &str = "Mina Sample/Bridge workshop";
pub(crate) const HOME: &str = "Mina Sample/home";
