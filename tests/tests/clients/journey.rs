//! The journey of `mobile/journey.md`, walked in Rust through the very facade that Kotlin, Swift and Python load.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fieldfolio_core::ids::{FolioId, OutcomeId, PersonId, PieceId};
use fieldfolio_core::model::entry::AssessmentKind;
use fieldfolio_core::model::role::Role;
use fieldfolio_mobile::bindings::{
    Config, Connection, Fieldfolio, FieldfolioError, LogLevel, LogOut, MediaVariant, NewEvidence, NewFile,
    PieceEdits, StatusStream, Store, SyncBudget, SyncEnd, SyncStatus,
};
use fieldfolio_mobile::inputs::{NewAssessment, NewFeedback, TextEdit};
use fieldfolio_mobile::records::{At, EntryBody, LevelState, Levels, Piece, Reference};
use fieldfolio_tests::journey::Stage;
use serde_json::Value;
use tokio::time::timeout;

type Done = Result<(), FieldfolioError>;

struct Journey {
    stage: Stage,
    told: Value,
    words: Value,
    library: Arc<Fieldfolio>,
    folder: tempfile::TempDir,
}

impl Journey {
    fn begin() -> Self {
        let stage = Stage::set().expect("the stage stands");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mobile/journey.json");
        let words = serde_json::from_slice(&std::fs::read(path).expect("the journey's words")).expect("JSON");
        Self {
            told: stage.told().expect("links are made"),
            stage,
            words,
            library: Fieldfolio::new(Config { log_level: LogLevel::Off, log_sink: None }),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn folder(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    fn text(&self, path: &str) -> String {
        self.told.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path}")).to_owned()
    }

    fn link(&self, device: &str) -> String {
        self.text(&format!("/links/{device}"))
    }

    fn folio(&self, name: &str) -> FolioId {
        self.told["folios"][name].as_str().expect("a folio").parse().expect("an id")
    }

    fn person(&self, name: &str) -> PersonId {
        self.text(&format!("/people/{name}")).parse().expect("an id")
    }

    fn outcome(&self) -> OutcomeId {
        let code = self.words["outcome"].as_str().expect("a code");
        self.text(&format!("/outcomes/{code}")).parse().expect("an id")
    }

    async fn enrolled(&self, device: &str) -> Result<Arc<Store>, FieldfolioError> {
        let store = self.library.enrol(self.link(device), self.folder(device)).await?;
        in_step(&store).await?;
        Ok(store)
    }

    fn evidence(&self, number: usize) -> NewEvidence {
        let piece = &self.words["pieces"][number];
        let photo = piece["photo"].as_u64().expect("a photo's number") as usize;
        NewEvidence {
            files: vec![NewFile {
                path: self.stage.photos[photo].to_string_lossy().into_owned(),
                caption: String::new(),
                alt: word(piece, "alt"),
                poster_path: None,
                replaces: None,
            }],
            work_date: word(piece, "work_date").parse().expect("a day"),
            outcomes: vec![self.outcome()],
            ..words_alone(&word(piece, "title"), &word(piece, "words"), self.folio(&word(piece, "folio")))
        }
    }

    fn judgement(&self, of: &Value, piece: &str) -> NewAssessment {
        NewAssessment {
            piece: id(piece),
            student: self.person("mina"),
            outcome: self.outcome(),
            level: u8::try_from(of["level"].as_u64().expect("a level")).expect("a small one"),
            weight: AssessmentKind::Summative,
            work_date: None,
            next_step: word(of, "next_step"),
            replaces: None,
        }
    }

    fn assert_levels(&self, levels: &Levels, expected: &Value) {
        let outcome = self.outcome().to_string();
        let standing = levels.outcomes.iter().find(|one| one.outcome == outcome).expect("the outcome stands");
        assert!(levels.whole && standing.whole, "{levels:?}");
        assert_eq!(standing.state, LevelState::Level);
        let found = [
            ("level", standing.level.map(u64::from)),
            ("at_bats", Some(standing.tally.at_bats.into())),
            ("projects", Some(standing.tally.projects.into())),
            ("days", Some(standing.tally.days.into())),
        ];
        for (name, value) in found {
            if let Some(wanted) = expected.get(name) {
                assert_eq!(value, wanted.as_u64(), "{name} of {standing:?}");
            }
        }
    }
}

fn word(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_else(|| panic!("no {name} in {of}")).to_owned()
}

fn id(text: &str) -> PieceId {
    text.parse().expect("a record holds what the core wrote")
}

fn words_alone(title: &str, words: &str, folio: FolioId) -> NewEvidence {
    NewEvidence {
        files: Vec::new(),
        links: Vec::new(),
        title: title.to_owned(),
        words: words.to_owned(),
        work_date: fieldfolio_tests::a_day(),
        outcomes: Vec::new(),
        folios: vec![folio],
        audience: Some(vec![Role::Owner, Role::Teacher, Role::Mentor, Role::Guardian]),
        kind: None,
        revises: None,
    }
}

fn no_edits() -> PieceEdits {
    PieceEdits {
        title: None,
        words: None,
        work_date: None,
        outcomes: None,
        files: Vec::new(),
        links: Vec::new(),
        media: Vec::new(),
        order: None,
    }
}

async fn run(store: &Store, seconds: u32) -> Result<SyncEnd, FieldfolioError> {
    Ok(store.sync_service().run(SyncBudget { seconds }).await?.end)
}

async fn in_step(store: &Store) -> Done {
    assert_eq!(run(store, 60).await?, SyncEnd::InStep);
    Ok(())
}

/// Waits until the stream tells what is looked for.
async fn told(stream: &StatusStream, is_it: impl Fn(&SyncStatus) -> bool) -> SyncStatus {
    let found = async {
        loop {
            let status = stream.next().await.expect("it can be told").expect("the store is there");
            if is_it(&status) {
                return status;
            }
        }
    };
    timeout(Duration::from_secs(30), found).await.expect("it is told in time")
}

async fn titles(store: &Store) -> Result<Vec<String>, FieldfolioError> {
    let mut titles: Vec<_> = store.mine().await?.into_iter().map(|piece| piece.title).collect();
    titles.sort();
    Ok(titles)
}

async fn waits(teacher: &Store, piece: &str) -> Result<bool, FieldfolioError> {
    Ok(teacher.review_queue().await?.iter().any(|row| row.piece.piece == piece))
}

fn entry_of(piece: &Piece, is_it: impl Fn(&EntryBody) -> bool) -> Reference {
    let voice = piece.voices.iter().find(|voice| voice.entries.iter().any(|entry| is_it(&entry.body)));
    let voice = voice.expect("somebody said it");
    let entry = voice.entries.iter().find(|entry| is_it(&entry.body)).expect("it was said");
    Reference { author: voice.author.clone(), about: voice.about.clone(), entry: entry.id.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_way_from_the_first_link_to_the_last_wipe() -> Done {
    let journey = Journey::begin();
    let library = journey.library.clone();

    // 1 · The link is looked at without a network.
    let preview = library.preview(journey.link("mina"))?;
    assert!(preview.is_pinned && !preview.is_over, "{preview:?}");
    assert_eq!(preview.person, journey.person("mina").to_string());
    let half = &journey.link("mina")[..60];
    assert!(matches!(library.preview(half.to_owned()), Err(FieldfolioError::Invitation { .. })));

    // 2 · It works once.
    let mina = library.enrol(journey.link("mina"), journey.folder("mina")).await?;
    let again = library.enrol(journey.link("mina"), journey.folder("again")).await;
    assert!(matches!(again, Err(FieldfolioError::Invitation { .. })), "{again:?}");

    // 3 · The school comes.
    in_step(&mina).await?;
    let me = mina.me().await?;
    assert_eq!(
        (me.name.as_str(), me.school.expect("a school").name.as_str()),
        ("Mina Sample", "Sample School")
    );
    assert_eq!(mina.folios(Some(journey.person("mina"))).await?.len(), 3);

    // 4 · Three pieces without a network.
    journey.stage.front.set_up(false);
    let changes = mina.open_change_stream();
    let mut pieces = Vec::new();
    for number in 0..3 {
        let made = mina.capture(journey.evidence(number)).await?;
        assert_eq!(made.media.len(), 1);
        pieces.push(made.piece.to_string());
    }
    assert!(timeout(Duration::from_secs(5), changes.next()).await.expect("in time").is_some());
    let mine = mina.mine().await?;
    assert_eq!(mine.len(), 3);
    assert!(mine.iter().all(|piece| piece.whereabouts.at == At::Here), "{mine:?}");

    // 5 · Offline, and nothing may be lost.
    assert_eq!(run(&mina, 10).await?, SyncEnd::Offline);
    assert_eq!(mina.sync_service().status().await?.connection, Connection::Idle);
    assert!(matches!(mina.log_out(LogOut::Keep).await, Err(FieldfolioError::Unsent { .. })));

    // 6 · Words are edited; an id that is none is said to be none.
    let words = word(&journey.words["edit"], "words");
    let before = mina.piece(id(&pieces[0])).await?.words;
    let edit = TextEdit { before, after: words.clone() };
    mina.edit(id(&pieces[0]), PieceEdits { words: Some(edit), ..no_edits() }).await?;
    assert_eq!(mina.piece(id(&pieces[0])).await?.words, words);

    // 7 · Everything goes.
    journey.stage.front.set_up(true);
    in_step(&mina).await?;
    assert!(mina.sync_service().queue().await?.is_empty());
    assert!(mina.mine().await?.iter().all(|piece| piece.whereabouts.at == At::School));

    // 8 · Her tablet has it.
    let tablet = journey.enrolled("tablet").await?;
    assert_eq!(titles(&tablet).await?, titles(&mina).await?);
    if tablet.media_path(id(&pieces[0]), MediaVariant::Preview, None).await?.is_none() {
        in_step(&tablet).await?;
    }
    let preview = tablet.media_path(id(&pieces[0]), MediaVariant::Preview, None).await?;
    let preview = std::fs::read(preview.expect("it is here")).expect("a file");
    assert!(preview.starts_with(&[0xff, 0xd8]), "the small picture is a JPEG");

    // 9 · The mentor speaks and judges, and is shown no level.
    let lea = journey.enrolled("lea").await?;
    let feedback = &journey.words["feedback"];
    lea.give_feedback(NewFeedback {
        piece: id(&pieces[0]),
        about: Some(journey.person("mina")),
        did_well: word(feedback, "did_well"),
        improve: word(feedback, "improve"),
        next_step: word(feedback, "next_step"),
        outcome: None,
        spot: None,
        replaces: None,
    })
    .await?;
    lea.assess(journey.judgement(&journey.words["mentor_judgement"], &pieces[0])).await?;
    in_step(&lea).await?;
    assert_eq!(lea.levels(journey.person("mina")).await?, None);

    // 10 · Two teachers judge.
    let mut teachers = Vec::new();
    for judged in journey.words["judgements"].as_array().expect("a list") {
        let teacher = journey.enrolled(&word(judged, "by")).await?;
        let piece = pieces[judged["piece"].as_u64().expect("a number") as usize].clone();
        assert!(waits(&teacher, &piece).await?, "it waits for her");
        teacher.assess(journey.judgement(judged, &piece)).await?;
        assert!(!waits(&teacher, &piece).await?, "it waits no more");
        in_step(&teacher).await?;
        teachers.push(teacher.clone());
    }

    // 11 · Two of three.
    in_step(&mina).await?;
    let levels = mina.levels(journey.person("mina")).await?.expect("her own levels");
    journey.assert_levels(&levels, &journey.words["before_confirming"]);

    // 12 · What the mentor judged counts once a teacher takes it as hers.
    let on_it = teachers[0].piece(id(&pieces[0])).await?;
    let judged = entry_of(&on_it, |body| matches!(body, EntryBody::Assessment { .. }));
    teachers[0].confirm(id(&pieces[0]), judged).await?;
    in_step(&teachers[0]).await?;
    in_step(&mina).await?;
    let levels = mina.levels(journey.person("mina")).await?.expect("her own levels");
    journey.assert_levels(&levels, &journey.words["afterwards"]);
    let standing = levels.outcomes.iter().find(|one| one.outcome == journey.outcome().to_string());
    let standing = standing.expect("the outcome stands");
    assert!(standing.beside.is_empty(), "{standing:?}");
    let titled = |at_bat: &fieldfolio_mobile::records::AtBat| {
        !at_bat.piece_title.is_empty() && at_bat.judgements.iter().all(|one| !one.judge_name.is_empty())
    };
    assert!(standing.at_bats.iter().all(titled), "{standing:?}");

    // 13 · Live, and then not.
    let sync = mina.sync_service();
    let statuses = sync.open_status_stream();
    sync.go_live();
    told(&statuses, |status| status.connection == Connection::Live).await;
    journey.stage.front.set_up(false);
    told(&statuses, |status| status.connection == Connection::Offline).await;

    // 14 · Work goes on.
    let alone = &journey.words["while_offline"];
    let folio = journey.folio(&word(alone, "folio"));
    mina.capture(words_alone(&word(alone, "title"), &word(alone, "words"), folio)).await?;
    let on_it = mina.piece(id(&pieces[0])).await?;
    let said = entry_of(&on_it, |body| matches!(body, EntryBody::Feedback { .. }));
    mina.reply(id(&pieces[0]), said, word(&journey.words, "reply")).await?;
    let reflection = TextEdit { before: String::new(), after: word(&journey.words, "reflection") };
    mina.reflect(id(&pieces[0]), reflection).await?;
    assert_eq!(mina.mine().await?.len(), 4);

    // 15 · Paused, as a phone demands of an app that nobody looks at.
    mina.pause().await?;
    assert!(matches!(mina.me().await, Err(FieldfolioError::Closed { .. })));
    mina.resume().await?;
    assert_eq!(mina.mine().await?.len(), 4);

    // 16 · The network is back.
    journey.stage.front.set_up(true);
    sync.retry().await?;
    told(&statuses, |status| {
        status.connection == Connection::Live
            && status.status.waiting.is_empty()
            && status.status.uploads.is_empty()
    })
    .await;

    // 17 · Her mother reads what was said, and takes it home.
    let hana = journey.enrolled("hana").await?;
    let on_it = hana.piece(id(&pieces[0])).await?;
    assert_eq!(on_it.words, words);
    entry_of(&on_it, |body| matches!(body, EntryBody::Feedback { .. }));
    let exported = hana.export_portfolio(journey.person("mina"), journey.folder("export")).await?;
    assert_eq!(exported.pieces, 4);
    let portfolio: Value =
        serde_json::from_slice(&std::fs::read(&exported.path).expect("a file")).expect("JSON");
    assert_eq!(portfolio["pieces"].as_array().expect("a list").len(), 4);
    assert!(portfolio["levels"]["outcomes"].is_array(), "a guardian sees levels");
    let text = portfolio.to_string();
    for kept in
        [word(feedback, "did_well"), word(&journey.words, "reply"), word(&journey.words, "reflection")]
    {
        assert!(text.contains(&kept), "{kept} is left out");
    }

    // 18 · The end.
    tablet.log_out(LogOut::Keep).await?;
    assert!(matches!(tablet.me().await, Err(FieldfolioError::Closed { .. })));
    mina.wipe().await?;
    assert!(matches!(mina.me().await, Err(FieldfolioError::Closed { .. })));
    let end = async { while changes.next().await.is_some() {} };
    timeout(Duration::from_secs(5), end).await.expect("the stream ends");
    assert!(!library.is_enrolled(journey.folder("mina")));
    Ok(())
}
