//! Frameworks: brought in from a JSON file, kept whole, followed by later editions.
//!
//! The file is what core's `Framework` is in JSON, but ids may be left out: they are made, or for a later edition
//! taken from the outcome of the same code. A parent may be named by its id or its code.

use std::collections::{BTreeMap, BTreeSet};

use fieldfolio_core::ids::{FrameworkId, OutcomeId, Rng};
use fieldfolio_core::model::framework::{BadFramework, Framework, Outcome};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use super::edit::Edit;
use super::error::DirectoryError;
use crate::log::Event;
use crate::visibility;

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameworkFile {
    id: Option<FrameworkId>,
    title: String,
    #[serde(default = "first")]
    version: u32,
    outcomes: Vec<OutcomeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeFile {
    id: Option<OutcomeId>,
    code: String,
    statement: String,
    friendly: String,
    #[serde(default)]
    rubric: Vec<String>,
    parent: Option<String>,
}

const fn first() -> u32 {
    1
}

/// Brings a framework in, or a later edition of one that is here.
pub fn import(edit: &Edit<'_>, json: &str, rng: &mut dyn Rng) -> Result<FrameworkId, DirectoryError> {
    let file: FrameworkFile =
        serde_json::from_str(json).map_err(|error| DirectoryError::FrameworkFile(error.to_string()))?;
    let before = match file.id {
        Some(id) => read(edit.tx, id)?,
        None => None,
    };
    let framework = complete(file, before.as_ref(), edit, rng)?;
    framework.check()?;
    check_tree(&framework)?;
    if let Some(before) = &before {
        check_edition(&framework, before)?;
    }
    let body = minicbor::to_vec(&framework).expect("writing to memory can't fail");
    edit.tx.execute(
        "insert into framework (id, body) values (?1, ?2) on conflict do update set body = ?2",
        (framework.id.as_bytes(), body),
    )?;
    let n = edit.event(&Event::FrameworkImported { framework: framework.id, edition: framework.version })?;
    visibility::framework_changed(edit.tx, framework.id, n)?;
    Ok(framework.id)
}

fn complete(
    file: FrameworkFile,
    before: Option<&Framework>,
    edit: &Edit<'_>,
    rng: &mut dyn Rng,
) -> Result<Framework, DirectoryError> {
    let known: BTreeMap<&str, OutcomeId> = before
        .iter()
        .flat_map(|framework| &framework.outcomes)
        .map(|outcome| (outcome.code.as_str(), outcome.id))
        .collect();
    let mut id_of = |outcome: &OutcomeFile| match (outcome.id, known.get(outcome.code.as_str())) {
        (Some(id), _) => id,
        (None, Some(id)) => *id,
        (None, None) => OutcomeId::new(edit.now, rng),
    };
    let ids: Vec<OutcomeId> = file.outcomes.iter().map(&mut id_of).collect();
    let by_code: BTreeMap<String, OutcomeId> =
        file.outcomes.iter().map(|outcome| outcome.code.clone()).zip(ids.iter().copied()).collect();
    let outcomes = file.outcomes.into_iter().zip(ids).map(|(outcome, id)| {
        let parent = outcome.parent.map(|parent| match by_code.get(&parent) {
            Some(id) => Ok(*id),
            None => parent.parse().map_err(|_| BadFramework::Tree(outcome.code.clone())),
        });
        Ok(Outcome {
            id,
            statement: outcome.statement,
            friendly: outcome.friendly,
            rubric: outcome.rubric,
            parent: parent.transpose()?,
            code: outcome.code,
        })
    });
    let outcomes = outcomes.collect::<Result<_, BadFramework>>()?;
    let id = file.id.unwrap_or_else(|| FrameworkId::new(edit.now, rng));
    Ok(Framework { id, title: file.title, version: file.version, outcomes })
}

/// Core checks sizes and that parents exist; a ring of parents, and endless rubrics, would still hurt a reader.
fn check_tree(framework: &Framework) -> Result<(), DirectoryError> {
    let parents: BTreeMap<OutcomeId, OutcomeId> = framework
        .outcomes
        .iter()
        .filter_map(|outcome| outcome.parent.map(|parent| (outcome.id, parent)))
        .collect();
    for outcome in &framework.outcomes {
        let long = outcome.rubric.iter().any(|line| line.chars().count() > 2_000);
        if long || outcome.rubric.len() > 10 {
            return Err(BadFramework::Words("a rubric's lines (at most 10)").into());
        }
        let mut above = BTreeSet::from([outcome.id]);
        let mut at = outcome.id;
        while let Some(parent) = parents.get(&at) {
            // Ten steps are deeper than any framework, and keep a long chain from costing its square.
            if !above.insert(*parent) || above.len() > 10 {
                return Err(DirectoryError::FrameworkFile(format!(
                    "outcome {} lies under itself, or more than 9 deep: correct its parents",
                    outcome.code
                )));
            }
            at = *parent;
        }
    }
    Ok(())
}

fn check_edition(framework: &Framework, before: &Framework) -> Result<(), DirectoryError> {
    if framework.version <= before.version {
        return Err(DirectoryError::FrameworkFile(format!(
            "edition {} is here already: give the new one a higher version",
            before.version
        )));
    }
    let ids: BTreeSet<OutcomeId> = framework.outcomes.iter().map(|outcome| outcome.id).collect();
    match before.outcomes.iter().find(|outcome| !ids.contains(&outcome.id)) {
        None => Ok(()),
        Some(lost) => Err(DirectoryError::FrameworkFile(format!(
            "outcome {} of edition {} is missing, and work may be judged by it: keep it, with its code or id",
            lost.code, before.version
        ))),
    }
}

/// All frameworks, by title.
pub fn list(conn: &Connection) -> Result<Vec<Framework>, DirectoryError> {
    let mut statement = conn.prepare_cached("select body from framework")?;
    let bodies: Vec<Vec<u8>> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut all: Vec<Framework> =
        bodies.iter().map(|body| from_cbor(body)).collect::<Result<_, DirectoryError>>()?;
    all.sort_by(|a, b| (&a.title, a.id).cmp(&(&b.title, b.id)));
    Ok(all)
}

/// One framework.
pub fn framework(conn: &Connection, id: FrameworkId) -> Result<Framework, DirectoryError> {
    read(conn, id)?.ok_or_else(|| DirectoryError::Unknown { kind: "framework", text: id.to_string() })
}

fn read(conn: &Connection, id: FrameworkId) -> Result<Option<Framework>, DirectoryError> {
    let body: Option<Vec<u8>> = conn
        .query_row("select body from framework where id = ?1", [id.as_bytes()], |row| row.get(0))
        .optional()?;
    body.map(|body| from_cbor(&body)).transpose()
}

fn from_cbor(body: &[u8]) -> Result<Framework, DirectoryError> {
    minicbor::decode(body).map_err(|_| DirectoryError::Broken("frameworks"))
}
