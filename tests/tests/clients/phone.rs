//! What phones must hold beside the journey: whom they believe on the network, and what a call that is given up, paused or
//! repeated leaves behind.

// `cfg(test)` is how clippy knows that helpers may unwrap.
#![cfg(test)]

#[path = "phone/stores.rs"]
mod stores;
#[path = "phone/syncing.rs"]
mod syncing;
#[path = "phone/trust.rs"]
mod trust;

use std::sync::Arc;

use fieldfolio_mobile::bindings::{
    Config, Fieldfolio, FieldfolioError, LogLevel, NewEvidence, NewFile, Store, SyncBudget, SyncEnd,
};
use fieldfolio_tests::journey::Stage;

type Done = Result<(), FieldfolioError>;

fn library() -> Arc<Fieldfolio> {
    Fieldfolio::new(Config { log_level: LogLevel::Off, log_sink: None })
}

fn stage() -> Stage {
    Stage::set().expect("the stage stands")
}

fn folder(stage: &Stage, name: &str) -> String {
    stage.school.folder().join(name).to_string_lossy().into_owned()
}

async fn enrolled(stage: &Stage, person: &str, name: &str) -> Result<Arc<Store>, FieldfolioError> {
    let link = stage.school.link(person).expect("a link");
    let store = library().enrol(link, folder(stage, name)).await?;
    assert_eq!(run(&store, 60).await?, SyncEnd::InStep);
    Ok(store)
}

async fn run(store: &Store, seconds: u32) -> Result<SyncEnd, FieldfolioError> {
    Ok(store.sync_service().run(SyncBudget { seconds }).await?.end)
}

fn evidence(stage: &Stage, title: &str, files: &[&std::path::Path]) -> NewEvidence {
    let file = |path: &&std::path::Path| NewFile {
        path: path.to_string_lossy().into_owned(),
        caption: String::new(),
        alt: String::new(),
        poster_path: None,
        replaces: None,
    };
    NewEvidence {
        files: files.iter().map(file).collect(),
        links: Vec::new(),
        title: title.to_owned(),
        words: String::new(),
        work_date: fieldfolio_tests::a_day(),
        outcomes: Vec::new(),
        folios: vec![stage.school.folio("mina/community-garden")],
        audience: None,
        kind: None,
        revises: None,
    }
}
